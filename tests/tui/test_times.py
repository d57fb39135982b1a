"""The tour measures on request, and shows verdicts and the roofline with its peaks."""

from pathlib import Path

import msgspec
import pytest
from fake_engine import PEAKS, Hold, Script
from small_course import SCRIPT, VMAP, timing
from tours import Tours, border, idle, ran, ready, run_many, screen_text, text, until

from jaxtour.course.model import Step
from jaxtour.engine.wire.commands import Interrupt, Run, TimeCall
from jaxtour.engine.wire.messages import Executed, Peak, Retrace, RunProgress, Timing, Trace
from jaxtour.text import harmless
from jaxtour.tui.lines.view import LinesView

CALLS = ("[predict(w, x) for x in X]", "predict_many(w, X)", "fast(w, X)")


def measured(tours: Tours) -> list[Run]:
    """Return the measurements on request, without those of runs."""
    return [each for each in tours.engine.sent if isinstance(each, Run) and each.probe is not None and each.time]


def again(*held: Hold) -> Script:
    """Return the events of another measurement."""
    rows = [
        timing(number, label, call, 3e-4, 4e-2) for number, (label, call) in enumerate(zip(LABELS, CALLS, strict=True))
    ]
    return {"vmap/many": [rows[0], *held, *rows[1:]]}


LABELS = ("a Python loop", "vmap", "jit of vmap")


async def test_a_step_is_measured_again_as_it_was_left(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        tours.engine.script = again()
        await pilot.press("t")
        await until(pilot, lambda: text(app, "time").count("300") == 3)
        await idle(pilot)
        [run] = measured(tours)
        assert [call.call for call in run.time] == list(CALLS) and run.time[0].baseline
        assert (run.patience, run.cell) == (1.0, None) and run.probe.name == "vmap/many"
        assert len(app.tour.state.report.timings) == 3, "in the places of those before"
        await pilot.press("T")
        await idle(pilot)
        assert measured(tours)[1].patience == 10.0
        assert not measured(tours)[1].replay, "the state is still the step's"


async def test_how_far_it_is_stands_in_the_border(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        assert "15 runs, CPU, blocked" in border(app, "time")
        tours.engine.script = again(Hold("rest"))
        await pilot.press("t")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.push(RunProgress(run=app.tour.session.current or 0, phase="timing", label="vmap", done=3, of=15))
        await until(pilot, lambda: border(app, "time") == "timing vmap 3/15 …")
        assert "300" in text(app, "time") and "218" in text(app, "time"), "what was measured before stays until then"
        tours.engine.release("rest")
        await idle(pilot)
        await until(pilot, lambda: "15 runs" in border(app, "time"))


async def test_a_measurement_that_is_interrupted_leaves_what_was_there(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        tours.engine.script = again(Hold("rest"))
        await pilot.press("t")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "interrupted" in text(app, "time"))
        assert any(isinstance(command, Interrupt) for command in tours.engine.sent)
        assert "218" in text(app, "time")
        await idle(pilot)
        tours.engine.script = again()
        await pilot.press("t")
        await idle(pilot)
        assert "interrupted" not in text(app, "time") and text(app, "time").count("300") == 3


async def test_where_nothing_is_timed_the_call_shown_is(tours: Tours) -> None:
    one, many, *rest = VMAP.steps
    assert isinstance(many, Step)
    untimed = msgspec.structs.replace(many, time=())
    tours.entries[0].given = msgspec.structs.replace(VMAP, steps=(one, untimed, *rest))
    rows = (timing(0, "many", "predict_many(w, X)", 2e-4, 4e-2), timing(0, "one", "predict(w, X[0])", 5e-5, 2e-2))
    played = [event for event in SCRIPT["vmap/many"] if not isinstance(event, Hold | Timing)]
    app = tours.make("many", script={"vmap/many": [*played[:-3], *rows, *played[-3:]]})
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "times nothing" in text(app, "time")
        await pilot.press("t")
        assert measured(tours) == [], "nothing has run"
        await pilot.press("r")
        await ran(pilot)
        assert text(app, "time") == "t times many\n"
        await idle(pilot)
        await pilot.press("t")
        await until(pilot, lambda: "200" in text(app, "time"))
        assert app.tour_screen.panes.front == "time"
        assert measured(tours)[0].time == (TimeCall(label="many", call="predict_many(w, X)"),)
        await idle(pilot)
        await pilot.press("right_square_bracket", "t")
        await until(pilot, lambda: "50" in text(app, "time"))
        assert [line.split()[0] for line in text(app, "time").splitlines()[1:]] == ["many", "one"]


async def test_code_that_raised_is_not_measured(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await idle(pilot)
        await pilot.press("t")
        assert measured(tours) == []


async def test_each_verdict_is_explained(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("v")
        assert app.screen is app.tour_screen, "there is nothing yet"
        await run_many(pilot, tours)
        assert "v verdicts" in screen_text(app)
        await pilot.press("v")
        shown = " ".join(app.screen.query_one(LinesView).document.text.split())
        assert "⚑ dispatch-bound mostly the cost of the call itself" in shown
        assert "Use larger inputs, or do more in one jitted call." in shown
        assert "218 µs, median of 15 runs" in shown
        await pilot.press("escape")
        assert app.screen is app.tour_screen


async def test_a_retrace_is_told_with_its_reason(tours: Tours) -> None:
    reason = "x was f32[8], now f32[9]"
    script = {
        "vmap/many": [
            Retrace(run=0, function="f", count=1),
            Retrace(run=0, function="f", count=2, reason=reason, line=3),
            Executed(run=0, status="ok", seconds=0.1),
        ]
    }
    app = tours.make("many", script=script)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await until(pilot, lambda: f"line 3: {reason}" in text(app, "time"))
        assert "f was traced 2 times" in text(app, "time")


def placed() -> Script:
    """Return a call with a known cost, on a known device."""
    row = msgspec.structs.replace(timing(0, "vmap", "predict_many(w, X)", 1e-3, 4e-2), flops=1e6, bytes=4e6)
    roof = Peak(run=0, platform="cpu", kind="EPYC", flops_per_s=1e11, bytes_per_s=1e10)
    return {
        "vmap/many": [
            Executed(run=0, status="ok", seconds=0.1),
            harmless(Trace(run=0, index=0, label="many", call="predict_many(w, X)", error="not shown")),
            row,
        ],
        PEAKS: [Hold("roof"), roof],
    }


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_roof_is_measured_on_request_and_kept(tours: Tours, size: tuple[int, int]) -> None:
    app = tours.make("many", script=placed())
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await idle(pilot)
        await pilot.press("V")
        assert "the peaks of cpu are not measured yet" in screen_text(app)
        assert "m measures them" in screen_text(app)
        assert not any(isinstance(each, Run) and each.peaks for each in tours.engine.sent)
        await pilot.press("m")
        await until(pilot, lambda: tours.engine.holding)
        await until(pilot, lambda: "Ctrl+C interrupt" in screen_text(app))
        tours.engine.release("roof")
        await until(pilot, lambda: "40% of what memory allows" in screen_text(app))
        assert "100 Gflop/s" in screen_text(app)
        await pilot.press("V")
        assert app.screen is app.tour_screen
        await idle(pilot)
    again = tours.make("many", script=placed())
    async with again.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await idle(pilot)
        await pilot.press("V")
        await until(pilot, lambda: "40% of what memory allows" in screen_text(again))
        assert not any(isinstance(each, Run) and each.peaks for each in tours.engine.sent)


async def test_a_roof_that_is_interrupted_or_cannot_be_kept_says_so(tours: Tours, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    app = tours.make("many", script=placed(), kept=tmp_path / "file" / "peaks.json")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await idle(pilot)
        await pilot.press("V", "m")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "measuring stopped early: interrupted" in screen_text(app))
        await idle(pilot)
        await pilot.press("m")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release("roof")
        await until(pilot, lambda: "40% of what memory allows" in screen_text(app))
        await until(pilot, lambda: app.tour.peaks.unkept)
        await pilot.press("V")
        await until(pilot, lambda: app.screen is app.tour_screen)
        await pilot.press("V")
        assert "peaks.json cannot be written: " in " ".join(app.screen.query_one(LinesView).document.text.split())


async def test_after_the_roof_the_worker_gets_its_state_back(tours: Tours) -> None:
    app = tours.make("many", script=placed())
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await idle(pilot)
        await pilot.press("V", "m")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release("roof")
        await until(pilot, lambda: getattr(tours.engine.sent[-1], "replay", ()))
        prepared = tours.engine.sent[-1]
        assert isinstance(prepared, Run) and prepared.fresh and prepared.cell is None
        assert [cell.name for cell in prepared.replay] == ["vmap/one", "vmap/many"]
