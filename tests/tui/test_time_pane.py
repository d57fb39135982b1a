"""The document of the time pane."""

import msgspec
import pytest
from msgspec.structs import replace
from small_course import VMAP, timing
from timed_course import SIZED

from jaxtour.course.model import Broken, Problem, Step
from jaxtour.engine.report import Report, Request
from jaxtour.engine.wire.messages import Done, Retrace, RunProgress, Timing, Trace
from jaxtour.render.text.layout import plain
from jaxtour.text import harmless
from jaxtour.tui.panes.time import document
from jaxtour.tui.tour.state import StepState
from jaxtour.tui.tour.view import StepView

MANY = VMAP.steps[1]
ENDED = Done(run=1, status="ok")
TIMED = RunProgress(run=1, phase="timing", label="vmap", done=3, of=15)
TIMING = timing(0, "vmap", "predict_many(w, X)", 2e-4, 4e-2)
TRACE = harmless(Trace(run=1, index=0, label="many", call="predict_many(w, X)"))
FAILED = replace(Report(run=1), traces=(msgspec.structs.replace(TRACE, error="not shown"),), done=ENDED)


def view(report: Report | None = None, *, calls: int = 3, **rest: object) -> StepView:
    """Return a step that times some calls, with a report of its run."""
    assert isinstance(MANY, Step)
    step = msgspec.structs.replace(MANY, time=MANY.time[:calls])
    return StepView(lesson=VMAP, step=step, number=2, state=StepState(report=report), **rest)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (view(calls=1), "r times one call here"),
        (view(calls=2), "r times 2 calls here"),
        (view(calls=0), "this step times nothing"),
        (view(Report(run=1)), "timed when the code has run"),
        (view(Report(run=1, done=ENDED)), "nothing was timed"),
        (view(Report(run=1, done=ENDED, request=Request(2, timings=True))), "measuring …"),
        (view(Report(run=1, done=ENDED, request=Request(2))), "nothing was timed"),
        (view(Report(run=1, traces=(TRACE,)), calls=0), "this step times nothing"),
        (view(Report(run=1, traces=(TRACE,), done=ENDED), calls=0), "t times many"),
        (view(Report(run=1, done=ENDED), calls=0), "this step times nothing"),
        (view(FAILED, calls=0), "this step times nothing"),
    ],
)
def test_what_is_there_before_any_timing(shown: StepView, said: str) -> None:
    assert document(shown, 80).text == f"{said}\n"
    assert document(shown, 80).subtitle == ()


def test_there_is_nothing_to_say_of_a_step_that_is_broken() -> None:
    problem = harmless(Problem(file="vmap.yaml", line=3, column=1, message="no code"))
    broken = StepView(lesson=VMAP, step=Broken(id="x", title="X", error=problem), number=2)
    assert document(broken, 80).text.strip() == ""


@pytest.mark.parametrize("timings", [(), (TIMING,)])
@pytest.mark.parametrize(
    ("report", "told"),
    [
        (Report(run=1, progress=TIMED), True),
        (Report(run=1, progress=TIMED, done=ENDED, request=Request(2, timings=True)), True),
        (Report(run=1, progress=TIMED, done=ENDED), False),
        (Report(run=1, progress=TIMED, done=ENDED, request=Request(2)), False),
        (Report(run=1, progress=RunProgress(run=1, phase="running", label="vmap")), False),
    ],
)
def test_how_far_the_measuring_is_stands_in_the_border_before_the_first_timing_and_after(
    report: Report, told: bool, timings: tuple[Timing, ...]
) -> None:
    report = replace(report, timings=timings)
    said = plain(document(view(report), 80).subtitle)
    assert said == ("timing vmap 3/15 …" if told else "15 runs, CPU, blocked" if timings else "")
    assert plain(document(view(report, stable=True), 80).subtitle) == "", "of times that are left out, nothing"


def test_how_far_the_measuring_is_fits_in_the_border() -> None:
    report = Report(run=1, progress=harmless(msgspec.structs.replace(TIMED, label="a label\nthat is long")))
    whole = "timing a label␊that is long 3/15"
    assert plain(document(view(report), len(whole) + 4).subtitle) == f"{whole} …"
    assert plain(document(view(report), 20).subtitle) == "timing a label␊… …"
    assert plain(document(view(report), 1).subtitle) == "… …"


def test_a_picture_leaves_times_out_and_keeps_the_labels() -> None:
    report = Report(run=1, timings=(TIMING, msgspec.structs.replace(TIMING, label="a loop")), done=ENDED)
    said = document(view(report, stable=True), 80)
    assert said.text == "vmap     measured\na loop   measured\n"


RETRACES = (Retrace(run=1, function="f", count=1), Retrace(run=1, function="f", count=2, reason="x → y", line=3))
AGAIN = "f was traced 2 times"
WRONG = "✗ no clock␊here"


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (Report(run=1, timings=(TIMING,)), ["vmap"]),
        (Report(run=1, timing_error="no clock␊here", done=ENDED), ["nothing was timed", WRONG]),
        (Report(run=1, timings=(TIMING,), timing_error="no clock␊here"), ["vmap", WRONG]),
        (Report(run=1, retraces=RETRACES, done=ENDED), ["nothing was timed", AGAIN]),
        (
            Report(run=1, timings=(TIMING,), retraces=RETRACES, timing_error="no clock␊here"),
            ["vmap", WRONG, AGAIN],
        ),
    ],
)
def test_timings_come_before_what_went_wrong_and_what_was_traced_again(report: Report, said: list[str]) -> None:
    lines = document(view(report), 80).text.splitlines()
    found = [each for line in lines for each in ("vmap", "nothing was timed", WRONG, AGAIN) if line.startswith(each)]
    assert found == said
    assert AGAIN not in said or lines[lines.index(AGAIN) - 1] == "", "a part of its own"


def test_retraces_stand_alone_where_the_step_times_nothing() -> None:
    looked = view(Report(run=1, retraces=RETRACES, done=ENDED), calls=0)
    assert document(looked, 80).text.splitlines()[0] == AGAIN


def test_retraces_are_told_in_ascii_where_there_is_no_utf_8() -> None:
    said = document(view(Report(run=1, retraces=RETRACES, done=ENDED), ascii=True), 80).text
    assert AGAIN in said and "x > y" in said and said.isascii()


def test_several_sizes_are_a_curve_where_there_is_utf_8() -> None:
    report = Report(run=1, timings=tuple(each for each in SIZED if isinstance(each, Timing)))
    assert document(view(report), 80).pictures
    plainly = document(view(report, ascii=True), 80)
    assert not plainly.pictures and plainly.text.isascii() and "NumPy" in plainly.text
