"""What a run means for the learner is made again only when the run has said more about it."""

from pathlib import Path

from fake_engine import FakeEngine
from msgspec.structs import replace
from small_course import VMAP, timing

from jaxtour.course.catalogue import open_path
from jaxtour.course.model import Step
from jaxtour.course.progress import Progress
from jaxtour.engine.report import Report
from jaxtour.engine.session import Session
from jaxtour.engine.wire.messages import Done, Executed
from jaxtour.text import Raw
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.state import StepState
from jaxtour.tui.tour.view import StepView

ONE = VMAP.steps[1]
EXECUTED = Executed(run=1, status="ok", seconds=0.1)
LESSON = """\
format: 1
id: own
title: Own
summary: Code of one's own.
minutes: 1
steps:
  - {id: one, title: One, text: Read this., code: 1 + 1}
"""


def test_it_stays_while_the_run_says_other_things():
    assert isinstance(ONE, Step)
    state = StepState(report=Report(run=1))
    view = StepView.of(state, lesson=VMAP, step=ONE, number=2)
    before = view.judged
    assert not before.over
    state.report = replace(Report(run=1), stdout=Raw("printed"))
    assert StepView.of(state, lesson=VMAP, step=ONE, number=2).judged is before

    state.report = replace(state.report, executed=EXECUTED, done=Done(run=1, status="ok"))
    after = StepView.of(state, lesson=VMAP, step=ONE, number=2).judged
    assert after.over and after is not before

    state.report = replace(state.report, timings=(timing(0, "one", "f(x)", 1e-3, 1e-1),))
    timed = StepView.of(state, lesson=VMAP, step=ONE, number=2).judged
    assert timed is not after
    state.report = replace(state.report, timings=(timing(0, "one", "f(x)", 2e-3, 1e-1),))
    assert StepView.of(state, lesson=VMAP, step=ONE, number=2).judged is timed


def test_the_view_has_what_the_progress_says_now(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(LESSON)
    progress = Progress.open(tmp_path / "progress.json")
    tour = Tour(open_path(path), Session(FakeEngine()), progress)
    tour.go()
    kept = tour.kept
    assert tour.view.code.text == "1 + 1" and not tour.view.edited and tour.kept is kept

    tour.set_code("2 + 2")
    assert tour.view.code.text == "2 + 2" and tour.view.edited and tour.view.done == (False,)
    # The review writes to the same progress, and so does another thread.
    progress.mark_done("own", "one")
    assert tour.view.done == (True,) and tour.view.saved.done
    kept = tour.kept
    progress.mark_done("own", "one")
    assert tour.kept is kept
