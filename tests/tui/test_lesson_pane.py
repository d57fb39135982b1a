"""The document of the lesson pane."""

import msgspec
import pytest
from msgspec.structs import replace
from small_course import ERROR, VMAP

from jaxtour.course.model import Ask, NotebookCell, Step
from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Done, Executed, Failure, Value
from jaxtour.text import Raw
from jaxtour.tui.panes.lesson import document
from jaxtour.tui.tour.practice import Tried
from jaxtour.tui.tour.state import StepState
from jaxtour.tui.tour.view import StepView

STEPS = [step for step in VMAP.steps if isinstance(step, Step)]
RAISES, PLAIN = STEPS[0], msgspec.structs.replace(STEPS[1], after="That was it.")
RAN, RAISED = Executed(run=1, status="ok", seconds=0.1), Executed(run=1, status="error", seconds=0.1)


def said(step: Step, report: Report | None = None, *, width: int = 60, coloured: bool = True) -> str:
    view = StepView.of(StepState(report=report), lesson=VMAP, step=step, number=1, code=step.code, worker="ready")
    return document(msgspec.structs.replace(view, coloured=coloured), width).text


@pytest.mark.parametrize("width", [30, 60, 96])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_before_anything_is_coloured_a_text_has_the_same_words(step: Step, width: int) -> None:
    plain = said(step, width=width, coloured=False)
    assert plain.split() == said(step, width=width).split()
    assert " ".join(step.text.replace("`", "").replace("**", "").split()) in " ".join(plain.split())


@pytest.mark.parametrize(
    ("step", "executed", "failure", "told"),
    [
        (PLAIN, RAN, None, True),
        (PLAIN, RAISED, ERROR, False),
        (PLAIN, None, None, False),
        (RAISES, RAISED, ERROR, True),
        (RAISES, RAN, None, False),
    ],
)
def test_what_is_to_be_read_after_the_code_comes_as_soon_as_it_ended_as_it_should(
    step: Step, executed: Executed | None, failure: Failure | None, told: bool
) -> None:
    """The text to read after the code comes as soon as the code ended as it should; compiling and timing take long."""
    after = " ".join(step.after.replace("`", "").split()[:3])
    report = Report(run=1, executed=executed, failure=failure)
    assert (after in said(step, report)) == told
    if executed is not None:
        done = Done(run=1, status=executed.status)
        assert (after in said(step, replace(report, done=done))) == told


def test_a_notebook_s_notes_and_differences_are_told_once_its_cell_has_ended() -> None:
    cell = NotebookCell(number=2, folder=Raw("/"), value=Raw("0.3781"))
    lesson = msgspec.structs.replace(VMAP, cells={PLAIN.id: cell})
    value = Value(type="float", text=Raw("0.4"), plain=Raw("0.4"))
    report = Report(run=1, executed=RAN, value=value)
    failed = Report(run=1, executed=RAISED, failure=ERROR, done=Done(run=1, status="error"))
    ended = replace(report, done=Done(run=1, status="ok"))
    view = StepView.of(StepState(report=report), lesson=lesson, step=PLAIN, number=1, code=PLAIN.code, worker="ready")

    def told(report: Report, *, edited: bool = False) -> str:
        return document(msgspec.structs.replace(view, state=StepState(report=report), edited=edited), 80).text

    differs = "≠ cell 2: the notebook says 0.3781, here 0.4"
    assert differs not in told(report) and differs in told(ended) and differs not in told(ended, edited=True)
    assert "That was it." in told(failed) and "≠" not in told(failed)


def test_choices_are_numbered_as_their_keys() -> None:
    step = next(step for step in STEPS if step.ask and step.ask.choices)
    assert step.ask is not None
    lines = said(step).splitlines()
    for number, choice in enumerate(step.ask.choices, 1):
        assert f"  {number}  {choice}" in lines


def test_there_is_a_question_down_to_its_last_choice_while_it_can_be_answered() -> None:
    """So that the pane's border says, when that choice is below the pane: Space shows the question."""
    step = next(step for step in STEPS if step.ask and step.ask.choices)
    assert step.ask is not None
    view = StepView.of(StepState(), lesson=VMAP, step=step, number=1, code=step.code, worker="ready")
    shown = document(view, 60)
    assert str(step.ask.choices[-1]) in shown.texts[shown.asked - 1]
    ran = Report(run=1, executed=RAN, done=Done(run=1, status="ok"))
    for state in (StepState(prediction="(3, 2)"), StepState(report=ran)):
        after = StepView.of(state, lesson=VMAP, step=step, number=1, code=step.code, worker="ready")
        assert document(after, 60).asked == 0


def test_an_answer_that_is_not_graded_stands_beside_what_came_here() -> None:
    """A lesson's choices may leave out what this machine gives, such as the number of its devices."""
    ask = Ask(question="How many?", choices=("1", "8"), value=Raw("jax.device_count()"))
    step = replace(STEPS[1], ask=ask)
    ended = Report(run=1, executed=RAN, answer="4", done=Done(run=1, status="ok"))
    state = StepState(report=ended, prediction="8", code=step.code.text)
    view = StepView.of(state, lesson=VMAP, step=step, number=1, code=step.code, worker="ready")
    assert "  you said 8   here: 4\n  that is not among the choices, so it is not graded" in document(view, 60).text


def test_hints_come_one_by_one_and_are_numbered() -> None:
    step = next(step for step in STEPS if step.exercise)
    assert step.exercise is not None
    for hints in range(len(step.exercise.hints) + 1):
        tried = Tried(hints=hints)
        view = StepView.of(StepState(), lesson=VMAP, step=step, number=1, code=Raw(), worker="ready", tried=tried)
        text = document(view, 60).text
        for number, hint in enumerate(step.exercise.hints, 1):
            words = f"hint {number} of 2  {hint.replace('`', '')}"
            assert (words in text.replace("`", "")) == (number <= hints)
