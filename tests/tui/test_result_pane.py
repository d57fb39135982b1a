"""What the pane of the result says, as a function of what is known."""

from typing import Literal

import pytest
from small_course import ERROR, VMAP

from jaxtour.course.model import Step
from jaxtour.engine.messages import Done
from jaxtour.engine.report import Report
from jaxtour.tui.panes.result import document
from jaxtour.tui.tour.view import StepState, StepView


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
    assert ("as the step says" in said) == expected
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
