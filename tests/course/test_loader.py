import subprocess
import textwrap
from pathlib import Path

import pytest

from jaxtour.course.loader import guess_id, load, loads
from jaxtour.course.model import Broken, CourseError, Expect, Lesson, Names, Problem, Step, Time, Trace

HEAD = """\
format: 1
id: one
title: A lesson
summary: What it is about.
minutes: 5
"""
GOOD = """\
  - id: good
    title: A step
    text: Read this.
    code: 1 + 1
"""


def lesson_of(text: str) -> Lesson:
    return loads(text.encode(), "f")


def changed(old: str, new: str) -> str:
    """A good lesson with something else in its head."""
    assert old in HEAD
    return HEAD.replace(old, new) + "steps:\n" + GOOD


def step_of(step: str) -> Step:
    """The first step of a lesson with the default head; `step` stands at the left margin."""
    lesson = lesson_of(HEAD + "steps:\n" + textwrap.indent(step, "  "))
    found = lesson.steps[0]
    assert isinstance(found, Step), lesson.problems
    assert not lesson.problems
    return found


def fault_of(lines: str, start: str = "- id: a\n  title: A\n  text: x\n") -> Problem:
    """The one problem of a step with these lines; its line counts from the first of them."""
    before = HEAD + "steps:\n" + textwrap.indent(start, "  ")
    lesson = lesson_of(before + textwrap.indent(lines, "    ") + GOOD)
    assert len(lesson.problems) == 1, lesson.problems
    assert isinstance(lesson.steps[0], Broken)
    assert isinstance(lesson.steps[1], Step) and lesson.steps[1].id == "good"
    problem = lesson.problems[0]
    assert lesson.steps[0].error == problem
    assert problem.step == lesson.steps[0].id
    return Problem(
        file=problem.file,
        line=problem.line - before.count("\n"),
        column=problem.column,
        message=problem.message,
        step=problem.step,
    )


def place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def test_a_whole_step():
    step = step_of(
        """\
- id: all
  title: All there is
  text: |
    Some *Markdown*.
  setup: import math
  code: |
    def f(x):
        return x
    f(1)
  trace:
    - f(1)
    - {label: two, call: "f(1, 2)"}
  time:
    - {label: a loop, call: "[f(x) for x in y]", on: host, baseline: true}
    - f(1)
  expect:
    stdout: 12:30
    value: [[1, 2], [3, no]]
    shape: [2, 2]
    dtype: float32
    devices: 8
    primitives: {has: [jit|pjit], lacks: [while]}
    equations: {two: 3}
    compiles: 0
  after: Done.
  show: jaxpr
  ask: {question: Which?, choices: [1, 2], answer: 2}
  requires: {devices: 8, platform: tpu, jax: ">=0.10,<0.13"}
  timeout: 2.5
"""
    )
    assert step.text == "Some *Markdown*."
    assert step.trace == ("f(1)", Trace(call="f(1, 2)", label="two"))
    assert step.time == (Time(call="[f(x) for x in y]", label="a loop", on="host", baseline=True), "f(1)")
    assert step.expect == Expect(
        stdout="12:30",
        value=(("1", "2"), ("3", "no")),
        shape=(2, 2),
        dtype="float32",
        devices=8,
        primitives=Names(has=("jit|pjit",), lacks=("while",)),
        equations={"two": 3},
        compiles=0,
    )
    assert step.ask and step.ask.choices == ("1", "2") and step.ask.answer == 2
    assert step.requires and (step.requires.devices, step.requires.platform) == (8, "tpu")
    assert step.timeout == 2.5


@pytest.mark.parametrize("text", ["no", "12:30", "1e-3", "010", "null", "2026-01-01", "True"])
def test_text_stays_text_where_the_schema_says_text(text):
    step = step_of(
        f"- id: a\n  title: {text}\n  text: {text}\n  code: x\n  expect: {{value: {text}, stdout: {text}}}\n"
    )
    assert (step.title, step.text) == (text, text)
    assert step.expect and (step.expect.value, step.expect.stdout) == (text, text)


def test_a_block_of_one_line_is_that_line():
    step = step_of("- id: a\n  title: |\n    What: this\n  text: x\n  code: |\n    f(x)\n  trace: |\n    f(x)\n")
    assert (step.title, step.code, step.trace) == ("What: this", "f(x)", "f(x)")


def test_the_head_and_the_places():
    lesson = lesson_of(HEAD + 'requires: {devices: 8}\ncredits: "me"\nsteps:\n' + GOOD)
    assert not lesson.problems
    assert (lesson.id, lesson.title, lesson.minutes, lesson.requires.devices) == ("one", "A lesson", 5, 8)
    assert (lesson.credits, lesson.file, lesson.format) == ("me", "f", 1)
    assert lesson.places == {"good": (9, 5)}


@pytest.mark.parametrize(
    ("lines", "where", "message"),
    [
        # Keys.
        ("code: x\ntittle: y\n", (2, 5), "unknown key `tittle`: did you mean `title`?"),
        ("code: x\nfoo: y\n", (2, 5), "unknown key `foo`: there are id, title, text"),
        ("code: x\nexpect: {shpae: [1]}\n", (2, 14), "unknown key `shpae`: did you mean `shape`?"),
        ("code: x\ntime:\n  - {cal: f(x)}\n", (3, 10), "unknown key `cal`: did you mean `call`?"),
        ("code: x\ntime:\n  - {label: f}\n", (3, 9), "`call` is missing in `time[0]`"),
        ("code: x\ncode: y\n", (2, 5), "`code` is here a second time, it was first given at line 10, column 5"),
        # Values.
        ("code: x\nshow: jaxrp\n", (2, 11), "`show` cannot be `jaxrp`: did you mean `jaxpr`?"),
        ("code: x\nshow: [a]\n", (2, 11), "`show` must be text, not a list"),
        ("code: x\ntimeout: soon\n", (2, 14), "`timeout` must be a number, not `soon`"),
        ("code: x\ntimeout: 0\n", (2, 14), "`timeout` must be more than 0, not `0`"),
        ("code: x\ntimeout: inf\n", (2, 14), "`timeout` must be at most 86400, not `inf`"),
        ("code: x\ntimeout: nan\n", (2, 14), "`timeout` must be"),
        ("code: x\nexpect:\n  compiles: 010\n", (3, 17), "`expect.compiles` must be a whole number, not `010`"),
        ("code: x\nexpect:\n  shape: [1, a]\n", (3, 18), "`expect.shape[1]` must be a whole number, not `a`"),
        ("code: x\nexpect:\n  shape: 3\n", (3, 14), "`expect.shape` must be a list, not `3`"),
        ("code: x\ntime:\n  - {call: f(), baseline: yes}\n", (3, 31), "must be true or false, not `yes`"),
        ("code: x\nrequires: {devices: 0}\n", (2, 25), "`requires.devices` must be at least 1, not `0`"),
        ("code: x\nrequires: {jax: 0.9}\n", (2, 21), '`0.9` is no version specifier: write it like ">=0.9"'),
        ("code: x\nexpect: {equations: {f: many}}\n", (2, 29), "`expect.equations.f` must be a whole number"),
        ("code: x\nexpect: 3\n", (2, 13), "`expect` must be a mapping, not `3`"),
        ("code: x\nexpect: {value: {a: 1}}\n", (2, 21), "must be text or nested lists, not a mapping: quote it"),
        # What YAML made of it.
        ("code: [f(x) for x in y]\n", (1, 11), "`code` must be text, not a list: quote it, or use |"),
        ("code: {x: 1}\n", (1, 11), "`code` must be text, not a mapping: quote it, or use |"),
        ("code:\n  x: 1\n", (2, 7), "`code` must be text, not a mapping: use |"),
        ("code:\nshow: jaxpr\n", (1, 5), "`code` has no value: give it one, or delete the line"),
        ("code: x\ntime:\n  -\n", (3, 8), "this entry has no value"),
        ("code: x\ntrace:\n  - {label: a, call: f(x, y)}\n", (3, 31), "`y)` became a key, since a comma ends a value"),
        ("code: x\ntrace: [f(x, y)]\n", (2, 14), "a comma ends a value inside brackets: quote it"),
        ("code: a: b\n", (1, 12), "begins a new key: quote it, or use |"),
        ("code: @x\n", (1, 11), "cannot begin with `@`: quote it, or use |"),
        ("code: `x`\n", (1, 11), "cannot begin with a backtick: quote it"),
        ('code: "x\n', (1, 11), "this quote is not closed"),
        ("code: *x\n", (1, 11), "`*x` is an alias"),
        # Python.
        ("code: |\n  x = 1\n  y = (\n", (3, 11), "this is not Python: '(' was never closed"),
        ("code: |\n\n  if x\n    y\n", (3, 11), "this is not Python: expected ':'"),
        ("code: |\n  def f():\n", (2, 15), "expected an indented block"),
        ("code: |2-\n    x = 1\n  y = = 2\n", (2, 8), "this is not Python"),
        ("code: return 1\n", (1, 11), "'return' outside function"),
        ("code: 'x = = 1'\n", (1, 16), "this is not Python: invalid syntax"),
        ("code: >\n  x = = 1\n", (1, 11), "this is not Python: invalid syntax"),
        ("code: |\n  %timeit f(x)\n", (2, 7), "notebook commands (%, !) are not known here"),
        ('code: "\\0"\n', (1, 12), "this is not Python"),
        ("setup: |\n  import\ncode: x\n", (2, 13), "this is not Python"),
        ("code: x\ntrace: f(x) +\n", (2, 12), "this is no Python expression"),
        ("code: x\ntrace: y = f(x)\n", (2, 14), "this is no Python expression"),
        ("code: x\ntime:\n  - {call: import x}\n", (3, 16), "this is no Python expression"),
        # Parts that do not fit.
        ("after: y\n", (-2, 5), "`code` is missing: a step runs something, or has an `exercise`"),
        ("code: x\nexercise: {starter: a, check: b, solution: c}\n", (1, 5), "`code` beside an `exercise` never runs"),
        ("code: x\nraises: TypeEror\n", (2, 13), "there is no exception `TypeEror`: did you mean `TypeError`?"),
        ("code: x\nraises: a type error\n", (2, 13), "`raises` must be the name of an exception"),
        ("code: x\nask: {question: Why?}\n", (2, 10), "`ask` needs `choices` with an `answer`, or a `value`"),
        ("code: x\nask: {question: Q, choices: [a, b]}\n", (2, 10), "`answer` is missing"),
        (
            "code: x\nask: {question: Q, choices: [a, b], answer: 3}\n",
            (2, 49),
            "`answer` is 3, but the choices are 1 to 2",
        ),
        ("code: x\nask: {question: Q, choices: [a, b], answer: 0}\n", (2, 49), "`answer` is 0"),
        ("code: x\nask: {question: Q, choices: [a], answer: 1}\n", (2, 33), "`choices` must be at least 2"),
        (
            "code: x\nask: {question: Q, choices: [a, b], answer: 1, value: x}\n",
            (2, 59),
            "either `choices` or a `value`",
        ),
        ("code: x\nask: {question: Q, value: x, answer: 1}\n", (2, 42), "`answer` counts `choices`"),
        ("code: x\nask: {question: Q, value: equations of}\n", (2, 41), "this is no Python expression"),
        ("code: x\ntime: [{call: a, baseline: true}, {call: b, baseline: true}]\n", (2, 59), "keep one"),
        ("code: x\ntrace: f(x)\nexpect: {equations: {g: 1}}\n", (3, 26), "no trace is labelled `g`: there are f(x)"),
        ("exercise: {starter: '', check: '', solution: x}\n", (1, 35), "`exercise.check` must not be empty"),
        ("exercise: {starter: a, check: b}\n", (1, 15), "`solution` is missing in `exercise`"),
        ("exercise: {starter: '(', check: x, solution: '('}\n", (1, 51), "'(' was never closed"),
    ],
)
def test_a_bad_step_is_one_problem_at_its_place(lines, where, message):
    problem = fault_of(lines)
    assert message in problem.message
    assert place(problem) == where
    assert problem.step == "a"


@pytest.mark.parametrize(
    "lines",
    [
        "raises: jax.errors.TracerBoolConversionError\ncode: x\n",
        "raises: MyTypeErrors\ncode: 'class MyTypeErrors(TypeError): pass'\n",
        "raises: SyntaxError\ncode: 'x = = 1'\n",
        "code: x\nask: {question: Q, value: 'equations of f(x, y)'}\n",
        "exercise: {starter: 'def f(', check: x, solution: y}\n",
        "code: x\ntrace: []\n",
        "code: x = '\\d'; x is 1\n",
        "code: x\nexpect: {equations: {f(x): 1}}\n",
    ],
)
def test_what_is_right_although_it_looks_odd(lines):
    step_of("- id: a\n  title: A\n  text: x\n" + textwrap.indent(lines, "  "))


@pytest.mark.parametrize(
    ("start", "where", "message"),
    [
        ("- id: A b\n  title: A\n  text: x\n", (-2, 9), "`id` must be small letters, digits and hyphens"),
        ("- id: a\n  title: ''\n  text: x\n", (-1, 12), "`title` must not be empty"),
        ("- id: a\n  title: |\n    a\n    b\n  text: x\n", (-3, 12), "`title` must be one line of text"),
        (f"- id: a\n  title: {'x' * 201}\n  text: x\n", (-1, 12), "`title` must be at most 200 characters long"),
        ("- id: a\n  text: x\n", (-1, 5), "`title` is missing"),
    ],
)
def test_ids_and_titles(start, where, message):
    problem = fault_of("code: x\n", start)
    assert (problem.message, place(problem)) == (message, where)


def test_a_broken_step_keeps_id_title_and_place():
    lesson = lesson_of(
        HEAD + "steps:\n" + GOOD + "  - id: bad\n    title: Bad one\n    text: x\n    code: '('\n  - 3\n"
    )
    assert [step.id for step in lesson.steps] == ["good", "bad", "step-3"]
    assert [step.title for step in lesson.steps] == ["A step", "Bad one", "Step 3"]
    assert lesson.places == {"good": (7, 5), "bad": (11, 5), "step-3": (15, 5)}
    assert [(problem.step, problem.line, problem.column) for problem in lesson.problems] == [
        ("bad", 14, 12),
        ("step-3", 15, 5),
    ]


def test_duplicate_step_ids():
    lesson = lesson_of(HEAD + "steps:\n" + GOOD + GOOD)
    assert [type(step) for step in lesson.steps] == [Step, Broken]
    assert lesson.steps[1].id == "good-2"
    assert str(lesson.problems[0]) == "f:11:9: `good` is the id of the step at line 7 too: change one"


def test_yaml_slips_cost_only_their_steps():
    bad = "  - id: bad\n    title: What: this\n    text: x\n    code: x\n"
    worse = '  - id: worse\n    title: "open\n    text: x\n    code: x\n'
    last = GOOD.replace("good", "last")
    lesson = lesson_of(HEAD + "steps:\n" + GOOD + bad + worse + last + "credits: me\n")
    assert [(type(step), step.id) for step in lesson.steps] == [
        (Step, "good"),
        (Broken, "bad"),
        (Broken, "worse"),
        (Step, "last"),
    ]
    assert [str(problem).partition(" ")[0] for problem in lesson.problems] == ["f:12:16:", "f:16:12:"]
    assert lesson.steps[1].title == "What: this"
    assert (lesson.title, lesson.credits) == ("A lesson", "me")
    assert lesson.places == {"good": (7, 5), "bad": (11, 5), "worse": (15, 5), "last": (19, 5)}


def test_a_dash_inside_a_text_begins_no_step():
    text = "  - id: a\n    title: A\n    text: |\n      - one\n      - two\n    code: x\n    show: a: b\n" + GOOD
    lesson = lesson_of(HEAD + "steps:\n" + text)
    assert [step.id for step in lesson.steps] == ["a", "good"]
    assert [place(problem) for problem in lesson.problems] == [(13, 12)]


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        (
            changed("format: 1", "format: 2"),
            (1, 9),
            "format `2` is not known here, only 1 is: upgrade",
        ),
        (changed("format: 1", "format: one"), (1, 9), "write `format: 1`"),
        (changed("format: 1\n", ""), (1, 1), "`format` is missing: write `format: 1` first"),
        (
            changed("minutes: 5", "minutes: five"),
            (5, 10),
            "`minutes` must be a whole number, not `five`",
        ),
        (changed("minutes: 5", "minutes:"), (5, 1), "`minutes` has no value"),
        (
            changed("minutes", "minuets"),
            (5, 1),
            "unknown key `minuets`: did you mean `minutes`?",
        ),
        (
            changed("id: one", "id: One"),
            (2, 5),
            "`id` must be small letters, digits and hyphens",
        ),
        (HEAD + "requires: {jax: new}\nsteps:\n" + GOOD, (6, 17), "`new` is no version specifier"),
        (HEAD + "requires: {gpu: 1}\nsteps:\n" + GOOD, (6, 12), "unknown key `gpu`"),
        (HEAD, (1, 1), "`steps` is missing"),
        (HEAD + "steps: []\n", (6, 1), "`steps` must be a list of steps"),
        (HEAD + "steps: 3\n", (6, 1), "`steps` must be a list of steps"),
        (HEAD + "steps:\n", (6, 1), "`steps` must be a list of steps"),
        (changed("A lesson", "A: lesson: x"), (3, 9), "quote it, or use |"),
        ("- a\n- b\n", (1, 1), "a lesson is a mapping that begins with `format: 1`, not a list"),
        ("", (1, 1), "empty"),
        ("just words\n", (1, 1), "a lesson is a mapping"),
    ],
)
def test_a_bad_head_is_told_and_the_lesson_is_still_listed(text, where, message):
    lesson = loads(text.encode(), "dir/05-my_Lesson.yaml")
    found = [problem for problem in lesson.problems if message in problem.message]
    assert len(found) == 1, lesson.problems
    assert place(found[0]) == where
    assert found[0].step is None
    assert lesson.id in ("one", "my-lesson")
    assert lesson.title


def test_steps_survive_a_bad_head():
    lesson = lesson_of(changed("minutes: 5\n", "minutse: 5\n"))
    assert [step.id for step in lesson.steps] == ["good"]
    assert [problem.line for problem in lesson.problems] == [1, 5]


def test_another_format_is_listed_and_not_interpreted():
    lesson = lesson_of("format: 2\nid: later\ntitle: Later\nnew: thing\nsteps: 3\n")
    assert (lesson.id, lesson.title, lesson.steps, len(lesson.problems)) == ("later", "Later", (), 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("05-vmap.yaml", "vmap"),
        ("vmap.yml", "vmap"),
        ("1-2-three.yaml", "2-three"),
        ("Ä b.yaml", "b"),
        ("é.yaml", "lesson"),
    ],
)
def test_an_id_is_guessed_from_the_file_name(name, expected):
    assert guess_id(Path("x") / name) == expected


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(CourseError, match=r"none\.yaml: cannot be read: No such file") as caught:
        load(tmp_path / "none.yaml")
    assert caught.value.problem is not None
    with pytest.raises(CourseError, match="Is a directory"):
        load(tmp_path)
    with pytest.raises(CourseError, match="cannot be read"):
        load(Path("a\0b"))


def test_a_file_without_end_is_read_up_to_the_limit():
    lesson = load(Path("/dev/zero"))
    assert "larger than 1 MiB" in lesson.problems[0].message


def test_a_pipe_can_be_read(tmp_path):
    pipe = tmp_path / "pipe.yaml"
    subprocess.run(["mkfifo", pipe], check=True)
    writer = subprocess.Popen(["sh", "-c", 'printf "%s" "$0" > "$1"', HEAD + "steps:\n" + GOOD, str(pipe)])
    lesson = load(pipe)
    assert writer.wait(10) == 0
    assert not lesson.problems
