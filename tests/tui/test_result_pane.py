"""The document of the result pane."""

from typing import Literal

import msgspec
import pytest
from small_course import ERROR, VMAP

from jaxtour.course.model import Step
from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Checked, Done, Leaf, Shard, Trace, Value
from jaxtour.text import Raw, harmless
from jaxtour.tui.lines.document import Document
from jaxtour.tui.panes.result import document
from jaxtour.tui.tour.state import StepState
from jaxtour.tui.tour.view import StepView


@pytest.mark.parametrize(
    ("number", "done", "expected"),
    [
        (1, None, True),
        (1, Done(run=1, status="error"), True),
        (2, None, False),
        (2, Done(run=1, status="error"), False),
    ],
)
def test_an_error_is_said_to_be_expected_where_the_step_says_so(number: int, done: Done | None, expected: bool) -> None:
    step = VMAP.steps[number - 1]
    assert isinstance(step, Step) and bool(step.raises) == expected
    report = Report(run=1, failure=ERROR, done=done)
    view = StepView.of(StepState(report=report), lesson=VMAP, step=step, number=number, code=step.code, worker="ready")
    said = document(view, 80).text
    assert ("as the step expects" in said) == expected
    assert "same shape, got (2,) and (3,)" in " ".join(said.split())


@pytest.mark.parametrize("status", ["timeout", "died"])
def test_why_a_run_ended_goes_on_below_its_sign(status: Literal["timeout", "died"]) -> None:
    step = VMAP.steps[1]
    assert isinstance(step, Step)
    report = Report(run=1, done=Done(run=1, status=status, reason="for a reason that takes several lines " * 3))
    view = StepView.of(StepState(report=report), lesson=VMAP, step=step, number=2, code=step.code, worker="ready")
    first, *others = document(view, 40).text.splitlines()
    assert first.startswith("✗ for a reason") and len(others) > 1
    assert all(line.startswith("  ") for line in others)


def spread(rows: int) -> Value:
    """Return an array of two rows, on two devices or on one."""
    shards = tuple(Shard(device=row, index=((row, row + 1), (0, 3))) for row in range(rows))
    names = tuple(f"cpu:{row}" for row in range(rows))
    return harmless(
        Value(type="Array", text="...", length=3, shape=(2, 3), dtype="float32", devices=names, shards=shards)
    )


def shown(value: Value, stdout: str, width: int) -> Document:
    step = VMAP.steps[1]
    report = Report(run=1, value=value, stdout=Raw(stdout), done=Done(run=1, status="ok"))
    return document(StepView(lesson=VMAP, step=step, number=2, state=StepState(report=report), worker="ready"), width)


def test_a_value_on_several_devices_is_drawn_and_each_part_of_the_drawing_is_that_of_its_device() -> None:
    said = shown(spread(2), "", 40)
    drawn = [(said.texts[piece.line][slice(*piece.columns)].strip(), piece.devices) for piece in said.pieces]
    assert drawn == [("0", {"cpu:0"}), ("1", {"cpu:1"})]
    assert said.anchor == said.pieces[0].line, "the first of them is in view"
    assert not shown(spread(1), "", 40).pieces


def test_of_a_pytree_the_name_of_its_first_array_on_several_devices_is_in_view() -> None:
    leaves = (Leaf(path="['w']", value=spread(2)), Leaf(path="['x']", value=spread(2)))
    tree = harmless(Value(type="dict", text="...", length=3, devices=("cpu:0", "cpu:1"), leaves=leaves))
    said = shown(tree, "", 40)
    assert said.anchor is not None and said.texts[said.anchor - 1].startswith("['w']"), "one line above is shown, too"


@pytest.mark.parametrize(("devices", "width"), [(1, 30), (2, 31)])
def test_text_leaves_room_for_the_cursor_where_there_is_one(devices: int, width: int) -> None:
    line = "x" * 30
    assert shown(spread(devices), line, width).texts[0] == line
    assert shown(spread(devices), line, width - 1).texts[0] != line
    assert shown(spread(devices), line, width).cursor is (devices > 1)


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, ""), (1, "f(x) returns f32[1]"), (9, "f32[8] and 1 more")],
)
def test_what_the_call_of_a_file_returns_is_said_below_what_the_file_gave(count: int, said: str) -> None:
    results = tuple(f"f32[{number}]" for number in range(1, count + 1))
    trace = harmless(Trace(run=1, index=0, label="f(x)", call="f(x)", results=results))
    value = harmless(Value(type="int", text="7"))
    report = Report(run=1, stdout=Raw("printed\n"), value=value, traces=(trace,), done=Done(run=1, status="ok"))
    state = StepState(report=report)
    lesson = msgspec.structs.replace(VMAP, plain=True)
    lines = document(StepView(lesson=lesson, step=VMAP.steps[1], number=2, state=state), 90).text.splitlines()
    assert lines[:4] == ["printed", "the file's last line", "int", "7"]
    assert " ".join(lines[4:]).endswith(said) and bool(lines[4:]) == bool(said)
    of_lesson = document(StepView(lesson=VMAP, step=VMAP.steps[1], number=2, state=state), 90).text
    assert "returns" not in of_lesson and "last line" not in of_lesson


@pytest.mark.parametrize(("message", "words"), [("it is 3\nnot 4", "it is 3"), ("", "the check did not pass")])
def test_a_check_that_fails_says_its_first_line(message: str, words: str) -> None:
    """The lesson pane has the rest."""
    step = next(step for step in VMAP.steps if isinstance(step, Step) and step.exercise)
    report = Report(run=1, checked=Checked(run=1, passed=False, message=message), done=Done(run=1, status="ok"))
    view = StepView.of(StepState(report=report), lesson=VMAP, step=step, number=5, code=step.code, worker="ready")
    assert f"✗ not yet: {words}" in document(view, 80).text.splitlines()
