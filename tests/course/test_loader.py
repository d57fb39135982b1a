import os
import subprocess
from pathlib import Path

import pytest
from lesson_texts import GOOD, HEAD, changed, lesson_of, place, step_of

from jaxtour.course.loader import load, loads
from jaxtour.course.model import Broken, CourseError, Expect, NameRules, Step, TimeSpec, TraceSpec, guess_id
from jaxtour.text import Raw, harmless


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
    assert step.trace == (Raw("f(1)"), harmless(TraceSpec(call="f(1, 2)", label="two")))
    assert step.time == (
        harmless(TimeSpec(call="[f(x) for x in y]", label="a loop", on="host", baseline=True)),
        Raw("f(1)"),
    )
    assert step.expect == Expect(
        stdout=Raw("12:30"),
        value=(("1", "2"), ("3", "no")),
        shape=(2, 2),
        dtype="float32",
        devices=8,
        primitives=NameRules(has=("jit|pjit",), lacks=("while",)),
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
    assert step.expect and (step.expect.value, step.expect.stdout) == (text, Raw(text))


def test_a_block_of_one_line_is_that_line():
    step = step_of("- id: a\n  title: |\n    What: this\n  text: x\n  code: |\n    f(x)\n  trace: |\n    f(x)\n")
    assert (step.title, step.code, step.trace) == ("What: this", Raw("f(x)"), Raw("f(x)"))


def test_the_head_and_the_places():
    lesson = lesson_of(HEAD + 'requires: {devices: 8}\ncredits: "me"\nsteps:\n' + GOOD)
    assert not lesson.problems
    assert (lesson.id, lesson.title, lesson.minutes, lesson.requires.devices) == ("one", "A lesson", 5, 8)
    assert (lesson.credits, lesson.file.text, lesson.format) == ("me", "f", 1)
    assert lesson.places == {"good": (9, 5)}


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
    assert str(lesson.problems[0]) == "f:11:9: the step at line 7 also has the id `good`: change one"


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


def test_a_tab_costs_only_its_step_which_keeps_its_name() -> None:
    lesson = lesson_of(HEAD + "steps:\n" + GOOD + "  - id: bad\n\ttitle: Tabbed\n    text: x\n    code: x\n")
    assert [(step.id, step.title) for step in lesson.steps] == [("good", "A step"), ("bad", "Tabbed")]
    assert [str(problem) for problem in lesson.problems] == ["f:12:1: a tab cannot indent: use spaces"]


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
            "unknown format `2`, only 1 is known: upgrade",
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
        (HEAD + "requires: {jax: new}\nsteps:\n" + GOOD, (6, 17), "`new` is not a version specifier"),
        (HEAD + "requires: {gpu: 1}\nsteps:\n" + GOOD, (6, 12), "unknown key `gpu`"),
        (HEAD, (1, 1), "`steps` is missing"),
        (HEAD + "steps: []\n", (6, 1), "`steps` must be a list of steps"),
        (HEAD + "steps: 3\n", (6, 1), "`steps` must be a list of steps"),
        (HEAD + "steps:\n", (6, 1), "`steps` must be a list of steps"),
        (changed("A lesson", "A: lesson: x"), (3, 9), "quote it, or use |"),
        ("- a\n- b\n", (1, 1), "a lesson must be a mapping that begins with `format: 1`, not a list"),
        ("", (1, 1), "empty"),
        ("just words\n", (1, 1), "a lesson must be a mapping"),
    ],
)
def test_a_bad_head_is_told_and_the_lesson_is_still_listed(text, where, message):
    lesson = loads(text.encode(), "dir/05-my_Lesson.yaml")
    found = [problem for problem in lesson.problems if message in problem.message]
    assert len(found) == 1, lesson.problems
    assert place(found[0]) == where
    assert found[0].step is None
    assert lesson.id in ("one", "my-lesson")
    assert lesson.title and lesson.minutes in (0, 5)


def test_steps_survive_a_bad_head():
    lesson = lesson_of(changed("minutes: 5\n", "minutse: 5\n"))
    assert [step.id for step in lesson.steps] == ["good"]
    assert [(problem.line, problem.message) for problem in lesson.problems] == [
        (5, "unknown key `minutse`: did you mean `minutes`?")
    ]


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
        (f"01-{'x' * 80}.yaml", "x" * 60),
    ],
)
def test_an_id_is_guessed_from_the_file_name(name, expected):
    assert guess_id(Path("x") / name) == expected


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(CourseError, match=r"none\.yaml: cannot be read: No such file") as caught:
        load(tmp_path / "none.yaml")
    assert str(caught.value.problem) == f"{tmp_path / 'none.yaml'}:1:1: cannot be read: No such file or directory"
    with pytest.raises(CourseError, match="Is a directory"):
        load(tmp_path)
    with pytest.raises(CourseError, match="cannot be read"):
        load(Path("a\0b"))


def test_a_device_without_end_is_not_read():
    with pytest.raises(CourseError, match="/dev/zero: cannot be read: a device, not a file"):
        load(Path("/dev/zero"))


def test_a_pipe_without_end_is_read_up_to_the_limit(tmp_path):
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", 'exec yes > "$0"', str(pipe)]) as writer:
        with pytest.raises(CourseError, match="larger than 1 MiB"):
            load(pipe)
        writer.wait(10)


def test_a_pipe_can_be_read(tmp_path):
    pipe = tmp_path / "pipe.yaml"
    subprocess.run(["mkfifo", pipe], check=True)
    writer = subprocess.Popen(["sh", "-c", 'printf "%s" "$0" > "$1"', HEAD + "steps:\n" + GOOD, str(pipe)])
    lesson = load(pipe)
    assert writer.wait(10) == 0
    assert not lesson.problems
