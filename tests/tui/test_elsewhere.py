"""The tour works with a worker on another machine: it shows its name, and a link may be lost and come back."""

import asyncio
from typing import Any

import msgspec
import pytest
from fake_engine import FACTS, FakeEngine
from small_course import SCRIPT
from test_snapshots import keys
from textual.pilot import Pilot
from tours import Tours, ran, ready, screen_text, text, until

from jaxtour.engine.session import EngineError, WorkerConfig
from jaxtour.engine.wire.commands import Run, Suspend
from jaxtour.engine.wire.messages import Died, Done, Executed, Failure, State
from jaxtour.tui.app import TourApp

SIZES = [(80, 24), (120, 36)]
LOST = "the connection to tpu-vm is lost: it was silent for 7 s"


@pytest.fixture
def far(tours: Tours) -> Tours:
    tours.config = WorkerConfig(worker="ssh -T tpu-vm")
    tours.facts = msgspec.structs.replace(FACTS, host=msgspec.structs.replace(FACTS.host, name="tpu-vm.zone.internal"))
    return tours


async def lose(pilot: Pilot[Any], tours: Tours) -> None:
    """Push what the engine says when a link is lost while a step runs."""
    app = pilot.app
    assert isinstance(app, TourApp)
    run = next((each.run for each in reversed(tours.engine.sent) if isinstance(each, Run)), 0)
    tours.engine.push(
        Done(run=run, status="interrupted", dirty=True, reason=LOST),
        Died(reason=LOST),
        State(state="dead", detail=LOST),
    )
    await tours.engine.close()
    await until(pilot, lambda: app.tour.worker.gone)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36"])
async def test_the_name_of_the_machine_stands_beside_its_devices(far: Tours, size: tuple[int, int]) -> None:
    app = far.make("many")
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        assert "cpu on tpu-vm" in screen_text(app).splitlines()[0]
        await pilot.press("d")
        assert "tpu-vm.zone.internal, AMD EPYC" in text(app, "devices")


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36"])
def test_a_lost_link(snap_compare: Any, far: Tours, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await keys("r")(pilot)
        await lose(pilot, far)

    assert snap_compare(far.make("one"), terminal_size=size, run_before=before)


async def test_r_connects_again_and_runs_on_the_steps_before(far: Tours) -> None:
    app = far.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await lose(pilot, far)
        assert "connection lost" in screen_text(app) and "r connects again and runs the step" in text(app, "result")
        sent = len(far.engine.sent)
        await pilot.press("r")
        await until(pilot, lambda: any(isinstance(each, Run) for each in far.engine.sent[sent:]))
        run = next(each for each in far.engine.sent[sent:] if isinstance(each, Run))
        assert [cell.name for cell in run.replay] == ["vmap/one"]
        await until(pilot, lambda: far.engine.holding)
        far.engine.release("timing")
        await ran(pilot)
        assert app.tour.session.state == "ready"


async def test_a_file_that_is_not_there_is_looked_for_on_that_machine(far: Tours) -> None:
    bases = ("FileNotFoundError", "OSError", "Exception", "BaseException", "object")
    failure = Failure(run=0, type="FileNotFoundError", bases=bases, message="No such file: 'data.csv'")
    far.script = {**SCRIPT, "vmap/one": (failure, Executed(run=0, status="error", seconds=0.1))}
    app = far.make("one", script=far.script)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        assert "it ran on tpu-vm.zone.internal, with" in text(app, "result")


class Slow(FakeEngine):
    """Connects on demand, or fails."""

    async def start(self) -> None:
        self.connected = asyncio.Event()
        self.fails = ""
        await self.connected.wait()
        if self.fails:
            raise EngineError(self.fails)
        await super().start()


def slow(tours: Tours, step: str) -> tuple[TourApp, Slow]:
    app = tours.make(step)
    engine = app.tour.session.engine = Slow(tours.script, facts=tours.facts)
    return app, engine


async def test_keys_go_on_while_it_connects_and_r_is_kept(far: Tours) -> None:
    app, engine = slow(far, "one")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "connecting" in screen_text(app))
        await pilot.press("r")
        await pilot.press("z")
        assert app.tour_screen.panes.zoomed, "a key waited for the link"
        await pilot.press("z")
        assert not engine.sent
        engine.connected.set()
        await ran(pilot)
        assert app.tour.state.report and app.tour.state.report.done.status == "error", "as it raises"


async def test_a_link_that_cannot_be_made_ends_the_run_that_waited(far: Tours) -> None:
    app, engine = slow(far, "one")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "connecting" in screen_text(app))
        await pilot.press("r")
        engine.fails = "the worker did not start: Host key verification failed"
        engine.connected.set()
        await until(pilot, lambda: app.tour.worker.gone)
        assert "Host key verification failed" in text(app, "result")
        assert app.tour.state.report and app.tour.state.report.done
        await pilot.press("r")
        await until(pilot, lambda: "connecting" in screen_text(app))
        engine.connected.set()
        await until(pilot, lambda: app.tour.session.state == "ready")
        await until(pilot, lambda: (done := app.tour.state.report.done) and done.status == "error")


async def test_capital_r_connects_anew_when_that_takes_too_long(far: Tours) -> None:
    app, engine = slow(far, "one")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "connecting" in screen_text(app))
        first = engine.connected
        await pilot.press("r")
        await pilot.press("R")
        await until(pilot, lambda: engine.connected is not first)
        assert app.tour.state.report and app.tour.state.report.done.status == "interrupted"
        engine.connected.set()
        await ready(pilot)
        assert not any(isinstance(command, Run) for command in engine.sent)


async def test_an_interrupt_ends_what_waits_for_the_link(far: Tours) -> None:
    app, engine = slow(far, "one")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "connecting" in screen_text(app))
        await pilot.press("r")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app.tour.state.report and app.tour.state.report.done)
        assert "interrupted" in text(app, "result")
        engine.connected.set()
        await ready(pilot)
        assert not any(isinstance(command, Run) for command in engine.sent)


async def test_a_stop_is_announced(far: Tours) -> None:
    app = far.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        app.app_suspend_signal.publish(app)
        assert far.engine.sent[-1] == Suspend()
