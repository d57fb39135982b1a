"""What the pane of the result says, as a function of what is known."""

import pytest
from small_course import ERROR, VMAP

from jaxtour.course.model import Step
from jaxtour.engine.messages import Done
from jaxtour.engine.report import Report
from jaxtour.tui.panes.result import document
from jaxtour.tui.visit import View, Visit


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
    view = View.of(Visit(report=report), lesson=VMAP, step=step, number=number, code=step.code, worker="ready")
    said = document(view, 80).text
    assert ("as the step says" in said) == expected
    assert "same shape, got (2,) and (3,)" in " ".join(said.split())
