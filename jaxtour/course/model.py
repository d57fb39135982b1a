"""A lesson, as the YAML file of format 1 says it."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

FORMAT = 1

# `$` alone would let a newline at the end pass.
IDENTIFIER = r"^[a-z0-9][a-z0-9-]*$(?!\n)"
LINE = r"^[^\n]*$(?!\n)"
PATTERNS = {IDENTIFIER: "small letters, digits and hyphens", LINE: "one line of text"}
"""What a text must be, by the pattern that it has to match."""
Identifier = Annotated[str, msgspec.Meta(pattern=IDENTIFIER, max_length=60)]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=LINE)]
Count = Annotated[int, msgspec.Meta(ge=0)]
On: TypeAlias = Literal["each platform", "one", "host"]
Pane: TypeAlias = Literal["lesson", "jaxpr", "result", "time", "devices"]
Rows = Annotated[Any, msgspec.Meta(extra_json_schema={"type": ["string", "number", "boolean", "array"]})]
"""Text, or nested tuples of text."""


class Requires(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a lesson or a step cannot do without."""

    jax: str = ">=0.9"
    """A version specifier."""
    devices: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Simulated on the CPU where there are fewer."""
    platform: Literal["cpu", "gpu", "tpu"] | None = None
    """Skipped elsewhere, with this as the reason."""


class Trace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call whose jaxpr is shown."""

    call: Line
    label: str = ""


class Time(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call to measure."""

    call: Line
    label: str = ""
    on: On = "each platform"
    baseline: bool = False
    sizes: tuple[Annotated[int, msgspec.Meta(gt=0)], ...] = ()
    """Timed once for each, with the name `n` standing for the size in the call."""


class Names(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names that must be seen, and names that must not. Alternatives are written `jit|pjit`."""

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Structural checks of what a step did; never the text of a jaxpr."""

    stdout: str | None = None
    """Compared word by word, numbers within 1e-4 relative; `...` stands for anything."""
    value: Rows = None
    """Compared like `stdout` with the value's text, brackets and commas aside; text, or nested lists of numbers."""
    type: str | None = None
    shape: tuple[Count, ...] | None = None
    dtype: str | None = None
    devices: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """How many devices hold the value."""
    primitives: Names | None = None
    """Over all traces of the step, nested jaxprs included."""
    hlo: Names | None = None
    """Opcodes of the compiled traces."""
    equations: dict[str, Count] | None = None
    """By a trace's label: at most so many equations."""
    compiles: Count | None = None
    """How often XLA was asked to compile while the code ran."""
    warns: str | None = None
    """A warning's class."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prediction to make before running."""

    question: Annotated[str, msgspec.Meta(min_length=1)]
    choices: tuple[str, ...] = ()
    answer: int | None = None
    """The right choice, counted from 1."""
    value: Line | None = None
    """What the worker grades by: an expression, or `equations of CALL`."""
    hint: str = ""


class Exercise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to write."""

    starter: str
    check: Annotated[str, msgspec.Meta(min_length=1)]
    """Code that raises when the learner's is not right yet; its message is shown."""
    solution: Annotated[str, msgspec.Meta(min_length=1)]
    hints: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One idea: text, code, what to look at, and what must come out."""

    id: Identifier
    title: Line
    text: str
    """Markdown, read before running."""
    setup: str = ""
    code: str = ""
    """May be empty only for an exercise, whose solution is then the code."""
    trace: str | tuple[str | Trace, ...] | None = None
    """None is the last expression if it is a call; an empty list is nothing."""
    time: tuple[str | Time, ...] = ()
    raises: str | None = None
    expect: Expect | None = None
    after: str = ""
    show: Pane | None = None
    """The pane that the step is about; None lets what the step produced decide."""
    ask: Ask | None = None
    exercise: Exercise | None = None
    requires: Requires | None = None
    timeout: Annotated[float, msgspec.Meta(gt=0, le=86400)] | None = None
    """Seconds; for commands without a terminal."""

    @property
    def solved_code(self) -> str:
        """The code that later steps build on."""
        return self.exercise.solution if self.exercise else self.code

    @property
    def shown_code(self) -> str:
        """The code that the learner is first shown."""
        return self.exercise.starter if self.exercise else self.code


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A step that did not validate, kept in its place so that the others stay where they are."""

    id: str
    title: str
    error: "Problem"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a lesson file, and where."""

    file: str
    line: int
    column: int
    message: str
    step: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class LessonFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lesson file as it is written."""

    format: Literal[1]
    id: Identifier
    """Progress is kept by it; the file may be renamed."""
    title: Line
    summary: Line
    minutes: Annotated[int, msgspec.Meta(ge=1, le=600)]
    """How long a learner takes for it."""
    requires: Requires = Requires()
    credits: str = ""
    """Whose ideas and text it builds on."""
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How a Python file runs as a program, and is recorded while it does."""

    argv: tuple[str, ...]
    """`sys.argv`, the program's own name first."""
    module: str = ""
    """The dotted name, where it runs as `python -m` would run it."""
    main: bool = True
    """Whether `__name__` is `__main__`."""
    stop_after: int | None = None
    """Stop after this many compiled programs."""
    stop_after_s: float | None = None
    """Stop after this many seconds."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """A whole lesson; `steps` keeps broken ones in their places."""

    id: str
    title: str
    summary: str
    minutes: int
    """0 where the file does not tell."""
    steps: tuple[Step | Broken, ...]
    format: int = FORMAT
    requires: Requires = Requires()
    credits: str = ""
    file: str = ""
    plain: bool = False
    """Whether `file` is a Python file, whose whole code is the one step."""
    launch: Launch | None = None
    """How that file runs as a program; None imports it."""
    problems: tuple[Problem, ...] = ()
    places: dict[str, tuple[int, int]] = {}
    """Line and column, from 1, where each step begins, by its id."""


class CourseError(Exception):
    """What was asked of the course cannot be had; the message is for the user, one line."""

    def __init__(self, message: str, problem: Problem | None = None) -> None:
        super().__init__(message)
        self.problem = problem
        """What is wrong with a file, where that is the reason."""
