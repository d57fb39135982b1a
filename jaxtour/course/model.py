"""The model of a lesson, as a YAML file of format 1 writes it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import msgspec

from jaxtour.text import NO_TEXT, Lines, Raw, RawText, clean

FORMAT = 1

# `$` alone would accept a newline at the end.
IDENTIFIER = r"^[a-z0-9][a-z0-9-]*$(?!\n)"
LINE = r"^[^\n]*$(?!\n)"
PATTERNS = {IDENTIFIER: "small letters, digits and hyphens", LINE: "one line of text"}
"""A description of each pattern that a text may have to match."""
Identifier = Annotated[str, msgspec.Meta(pattern=IDENTIFIER, max_length=60)]
_ONE_LINE = msgspec.Meta(min_length=1, max_length=200, pattern=LINE)
Line = Annotated[str, _ONE_LINE]
Call = Annotated[RawText, _ONE_LINE]
"""A Python expression."""
Count = Annotated[int, msgspec.Meta(ge=0)]
On: TypeAlias = Literal["each platform", "one", "host"]
StepKey: TypeAlias = tuple[str, str]
"""A lesson's id and a step's id."""
PaneName: TypeAlias = Literal["lesson", "jaxpr", "result", "time", "devices"]
_NOTHING: Raw = msgspec.field(default_factory=Raw)
_EMPTY = msgspec.Meta(extra_json_schema={"default": ""})
"""The default as the schema writes it, which has no `Raw`."""
if TYPE_CHECKING:
    Rows: TypeAlias = object
else:
    Rows = Annotated[Any, msgspec.Meta(extra_json_schema={"type": ["string", "number", "boolean", "array"]})]
"""Text as written, or nested tuples of it: to compare, not to show."""


class Requires(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a lesson or a step needs."""

    jax: str = ">=0.9"
    """A version specifier."""
    devices: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Simulated on the CPU if there are fewer."""
    processes: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1
    """Started on this machine, on the CPU, if there are fewer; they all run every step."""
    platform: Literal["cpu", "gpu", "tpu"] | None = None
    """On other platforms the lesson or step is skipped."""


class TraceSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call whose jaxpr to show."""

    call: Call
    label: str = ""


class TimeSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call to measure."""

    call: Call
    label: str = ""
    on: On = "each platform"
    """Where: on a device of each platform, with the inputs moved there, on `one`, or on the `host`."""
    baseline: bool = False
    """Whether the others are compared with it."""
    sizes: tuple[Annotated[int, msgspec.Meta(gt=0)], ...] = ()
    """Timed once for each size, which the call uses as `n`."""


class NameRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names that must appear, and names that must not. Alternatives are written `jit|pjit`."""

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Structural checks of a step's results; never the text of a jaxpr."""

    stdout: RawText | None = None
    """Compared word by word, numbers within 1e-4 relative; `...` matches anything."""
    value: Rows = None
    """Text or nested lists of numbers, compared like `stdout` with the value's text; ignores brackets and commas."""
    type: str | None = None
    """The name of the value's class, such as `Array` or `tuple`."""
    shape: tuple[Count, ...] | None = None
    dtype: str | None = None
    devices: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """How many devices hold the value."""
    primitives: NameRules | None = None
    """Over all traces of the step, nested jaxprs included."""
    hlo: NameRules | None = None
    """Opcodes of the compiled traces."""
    equations: dict[str, Count] | None = None
    """The largest number of equations, by a trace's label."""
    compiles: Count | None = None
    """How many times XLA compiles while the code runs."""
    warns: str | None = None
    """A warning's class."""


Proof: TypeAlias = Literal[
    "lesson", "jaxpr", "stablehlo", "hlo", "cost", "memory", "values", "result", "time", "devices"
]  # fmt: skip
"""What can prove an answer: a pane, or one view of the stage pane."""


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the answers to choose from."""

    text: Annotated[Lines, msgspec.Meta(min_length=1)]
    reply: Lines = ""
    """What a learner who chose it reads after the run."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prediction to make before running."""

    question: Annotated[Lines, msgspec.Meta(min_length=1)]
    choices: tuple[Lines | Choice, ...] = ()
    answer: int | None = None
    """The right choice, counted from 1; left out if `value` finds it."""
    value: Call | None = None
    """The right answer, or the text of the right choice, found by the worker once the code has run.

    An expression, for its value; or `equations of CALL`, `primitives of CALL`, `compilations of CALL` (if it is
    made now), `shape of EXPR`, `dtype of EXPR`, `device of EXPR`, `devices of EXPR` (ids, also of a part such as
    `x[3]`), or `fastest of A | B` (calls, or labels of `time`; `about the same` if it is not clear).
    """
    hint: Lines = ""
    proof: Proof | None = None
    """Where the answer is visible; by default `value` decides."""
    mark: str = ""
    """A word in that pane, such as a primitive: lines with it prove the answer."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The choices' texts."""
        return tuple(choice.text if isinstance(choice, Choice) else choice for choice in self.choices)


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that must be true of the learner's code: the first field says what, the others how much."""

    value: Call | None = None
    """The value of this expression agrees with `equals`: numbers, shape, dtype, and the structure around them."""
    jaxpr: Call | None = None
    """The jaxpr of this call has certain primitives, and not too many equations."""
    hlo: Call | None = None
    """The compiled program of this call has certain opcodes."""
    memory: Call | None = None
    """The compiled program of this call needs at most `most` bytes at its peak, for temporaries and results."""
    compiles: tuple[Call, ...] = ()
    """These calls, one after the other, compile at most `most` times, by default once; making the inputs is free."""
    donates: Call | None = None
    """This call of a jitted function donates its argument number `argument`."""
    gradient: Call | None = None
    """The gradient of this call's scalar result by argument number `argument` is finite and agrees with differences."""
    vmap: Call | None = None
    """Under `jax.vmap`, the function of this call gives for each example what it gives alone."""
    leaks: Call | None = None
    """Tracing this call leaks no tracer."""
    devices: Call | None = None
    """The value of this expression is on `count` devices."""
    python: RawText | None = None
    """Code that raises if the learner's code is not right yet; the learner sees its message."""

    equals: Call | None = None
    """The right value, evaluated without the learner's code; by default the solution gives it."""
    given: tuple[dict[str, Call], ...] = ()
    """Inputs that the learner does not see: the check must pass for each set of names.

    They are evaluated without the learner's code; each may use those before it.
    """
    rtol: Annotated[float, msgspec.Meta(ge=0)] = 1e-5
    atol: Annotated[float, msgspec.Meta(ge=0)] = 1e-6
    has: tuple[str, ...] = ()
    """Primitives or opcodes that must appear; alternatives are written `jit|pjit`."""
    lacks: tuple[str, ...] = ()
    """Primitives or opcodes that must not appear."""
    exactly: dict[str, Count] = {}
    """How often an opcode or a primitive appears."""
    most: Count | None = None
    """The largest number of equations, bytes or compilations."""
    argument: Count = 0
    """The argument that is donated, or that the gradient is with respect to, counted from 0."""
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The number of devices; all by default."""
    what: Line | None = None
    """What must be true, in a line: `the first call is not timed`. Only a check written as code needs it."""
    say: Lines = ""
    """What to tell the learner first if this fails; the expected and the actual result follow."""


class Wrong(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A typical wrong solution, which its exercise must reject."""

    code: Annotated[RawText, msgspec.Meta(min_length=1)]
    because: Lines
    """Words of the message that it must get."""


class Exercise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Code for the learner to write."""

    starter: RawText
    check: Annotated[RawText, msgspec.Meta(min_length=1)] | tuple[Check, ...]
    """Code that raises if the learner's code is not right yet, or a list of what must be true of it."""
    solution: Annotated[RawText, msgspec.Meta(min_length=1)]
    others: tuple[RawText, ...] = ()
    """Correct solutions written differently."""
    wrong: tuple[Wrong, ...] = ()
    hints: tuple[Annotated[Lines, msgspec.Meta(min_length=1)], ...] = ()
    """Shown one after the other, as the learner asks for them."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """What must be true; a check written as code counts as one."""
        return self.check if isinstance(self.check, tuple) else (Check(python=self.check),)


class Variation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change to the code to try: replaces some of its text, which occurs once."""

    label: Line
    """What it does, as a phrase: `make w float64`."""
    old: Annotated[RawText, msgspec.Meta(min_length=1)]
    new: RawText
    raises: str | None = None
    """The class of the exception that the changed code should raise."""
    after: Lines = ""
    """Markdown, shown once it has run: what to see now."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One idea: text, code, what to look at, and the expected result."""

    id: Identifier
    title: Line
    text: Lines
    """Markdown, read before running."""
    setup: Annotated[RawText, _EMPTY] = _NOTHING
    """Code that runs before `code`, and is folded at first."""
    code: Annotated[RawText, _EMPTY] = _NOTHING
    """Empty only for an exercise, whose solution is then the code."""
    trace: RawText | tuple[RawText | TraceSpec, ...] | None = None
    """The calls to trace. By default the last expression, if it is a call; an empty list traces nothing."""
    time: tuple[RawText | TimeSpec, ...] = ()
    """The calls to time."""
    raises: str | None = None
    """The class of the expected error. `TimeoutError` also covers reaching `timeout`; such a step leaves no state."""
    expect: Expect | None = None
    after: Lines = ""
    """Markdown, read after running."""
    show: PaneName | None = None
    """The pane that the step is about; by default its results decide."""
    ask: Ask | None = None
    exercise: Exercise | None = None
    tries: tuple[Variation, ...] = ()
    """Changes to the code that the learner applies with one key."""
    requires: Requires | None = None
    timeout: Annotated[float, msgspec.Meta(gt=0, le=86400)] | None = None
    """In seconds; used by commands without a terminal."""

    @property
    def runs_out(self) -> bool:
        """Whether it is expected to reach its time limit, so that later steps run without it."""
        return self.raises == "TimeoutError" and self.timeout is not None

    @property
    def solved_code(self) -> Raw:
        """The code that later steps build on."""
        return self.exercise.solution if self.exercise else self.code

    @property
    def shown_code(self) -> Raw:
        """The code that the learner first sees."""
        return self.exercise.starter if self.exercise else self.code


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """An invalid step, kept so that the other steps keep their places."""

    id: str
    title: str
    error: "Problem"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A fault in a lesson file, with its place."""

    file: RawText
    line: int
    column: int
    message: str
    """Harmless, though it may quote the file."""
    step: str | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "message", clean(self.message, keep_newlines=False))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class LessonFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lesson file as written."""

    format: Literal[1]
    id: Identifier
    """The learner's progress is kept under this id, so the file may be renamed."""
    title: Line
    summary: Line
    minutes: Annotated[int, msgspec.Meta(ge=1, le=600)]
    """How long a learner needs."""
    requires: Requires = Requires()
    credits: Lines = ""
    """Whose ideas and texts the lesson builds on."""
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How a Python file runs as a program, and is recorded while it does."""

    argv: tuple[RawText, ...]
    """`sys.argv`, the program's own name first."""
    module: str = ""
    """The dotted name, where it runs as `python -m` would run it."""
    main: bool = True
    """Whether `__name__` is `__main__`."""
    stop_after: int | None = None
    """Stop after this many compiled programs."""
    stop_after_s: float | None = None
    """Stop after this many seconds."""
    run_times: bool = False
    """Whether to wait for each run of a compiled program, and time it."""


class NotebookCell(msgspec.Struct, frozen=True, kw_only=True):
    """What a notebook's file says about a step besides its code: its number, and its stored outputs."""

    number: int
    """Among the notebook's code cells, from 1."""
    folder: RawText
    """The notebook's folder, absolute, where the cell runs."""
    stdout: RawText | None = None
    """None if nothing is stored, or if something that prints does not run here."""
    value: RawText | None = None
    """The text of the last expression's value."""
    error: str | None = None
    """The class of the exception."""
    notes: tuple[str, ...] = ()
    """What differs from IPython."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """A whole lesson; `steps` keeps broken ones in their places."""

    id: str
    title: str
    summary: str
    minutes: int
    """0 if the file does not say."""
    steps: tuple[Step | Broken, ...]
    format: int = FORMAT
    requires: Requires = Requires()
    credits: Lines = ""
    file: RawText = NO_TEXT
    plain: bool = False
    """Whether `file` is a Python file, whose code is the only step."""
    launch: Launch | None = None
    """How that file runs as a program; None imports it."""
    problems: tuple[Problem, ...] = ()
    places: dict[str, tuple[int, int]] = {}
    """Line and column, from 1, of each step's beginning, by its id."""
    cells: dict[str, NotebookCell] = {}
    """For a notebook: what is known about each step, by its id."""


def guess_id(file: str | Path) -> str:
    """Guess the lesson's id from the file's name: `vmap` for `05-vmap.yaml`."""
    name = re.sub(r"^\d+-", "", Path(file).stem)
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "lesson"


def unreadable(file: str | Path, problem: Problem) -> Lesson:
    """Return a lesson that has only a file and its problem."""
    name = guess_id(file)
    return Lesson(id=name, title=name, summary="", minutes=0, steps=(), file=Raw(str(file)), problems=(problem,))


class CourseError(Exception):
    """Raised for a request that the course cannot serve; the message is one line for the user."""

    def __init__(self, message: str, problem: Problem | None = None) -> None:
        super().__init__(clean(message, keep_newlines=False))
        self.problem = problem
        """The fault in a file, if that is the cause."""
