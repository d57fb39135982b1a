"""The screen copes with events of the worker in any order and number."""

import asyncio

import msgspec
import pytest
from fake_engine import Hold
from test_typeahead import typed
from tours import Tours, ran, ready, screen_text, text, until

from jaxtour.engine.report import joined
from jaxtour.engine.session import EngineError
from jaxtour.engine.wire.commands import (
    Interrupt,
    Restart,
    Run,
)
from jaxtour.engine.wire.messages import (
    Died,
    Done,
    Executed,
    Result,
    RunProgress,
    State,
    Text,
    Value,
)
from jaxtour.text import harmless
from jaxtour.tui.messages import Arrived


async def test_the_app_is_there_before_the_worker(tours: Tours) -> None:
    app = tours.make("one")
    tours.engine.opening = (Hold("import"),)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "importing jax" in screen_text(app))
        assert "jax is looking for devices" in screen_text(app)
        await pilot.press("r")
        await until(pilot, lambda: any(isinstance(command, Run) for command in tours.engine.sent))
        tours.engine.release()
        await ran(pilot)


async def test_an_interrupt_stops_the_step_and_never_quits(tours: Tours) -> None:
    app = tours.make("forever")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+c", "ctrl+c")
        await until(pilot, lambda: "nothing is running" in screen_text(app))
        assert not any(isinstance(command, Interrupt) for command in tours.engine.sent)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("ctrl+c")
        await ran(pilot)
        assert any(isinstance(command, Interrupt) for command in tours.engine.sent)
        assert "interrupted after" in text(app, "result")
        assert app.is_running


async def test_an_interrupt_is_heard_in_the_editor(tours: Tours) -> None:
    app = tours.make("forever")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("e", "f5")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("ctrl+c")
        await ran(pilot)
        assert app.tour_screen.panes.editor is not None


@pytest.mark.row("late events of other runs, on the screen")
async def test_events_of_other_runs_are_dropped(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        before = app.tour.state.report
        late = (
            harmless(Text(run=77, stream="stdout", text="ghost")),
            Done(run=77, status="error"),
            harmless(Result(run=0, value=Value(type="ghost", text="ghost"))),
            RunProgress(run=76, phase="compiling", label="ghost"),
        )
        tours.engine.push(*late, State(state="opening devices"))
        await until(pilot, lambda: "opening devices" in screen_text(app))
        assert app.tour.state.report == before
        assert "ghost" not in screen_text(app)


@pytest.mark.row("a second run before the first has ended")
async def test_the_second_run_of_a_step_replaces_the_first(tours: Tours) -> None:
    script = {"vmap/choose": [Hold("slow"), harmless(Text(run=0, stream="stdout", text="once\n"))]}
    app = tours.make("choose", script=script)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("r")
        tours.engine.release()
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release()
        await ran(pilot)
        assert text(app, "result").count("once") == 1


@pytest.mark.row("10,000 events of output, on the screen")
async def test_a_flood_is_a_few_messages(tours: Tours) -> None:
    arrived = []
    app = tours.make("loud")

    def hook(message: object) -> None:
        if isinstance(message, Arrived):
            arrived.append(message)

    async with app.run_test(size=(120, 36), message_hook=hook) as pilot:
        await ready(pilot)
        arrived.clear()
        await pilot.press("r")
        await ran(pilot)
        assert len(arrived) < 100, "ten thousand events are not as many repaints"
        await until(pilot, lambda: "│ 9999" in screen_text(app))
        assert "of 10000 " in screen_text(app)


async def test_who_scrolls_back_is_left_there(tours: Tours) -> None:
    lines = "".join(f"{i}\n" for i in range(100))
    script = {
        "vmap/loud": [
            harmless(Text(run=0, stream="stdout", text=lines)),
            Hold("more"),
            harmless(Text(run=0, stream="stdout", text=lines)),
        ]
    }
    app = tours.make("loud", script=script)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "│ 99" in screen_text(app))
        await pilot.press("tab", "tab", "tab", "home")
        result = app.tour_screen.panes.by_slot["result"]
        assert result.has_focus
        tours.engine.release()
        await ran(pilot)
        assert result.scroll_offset.y == 0
        await pilot.press("end")
        assert result.scroll_offset.y == result.max_scroll_y > 100


def test_pieces_of_one_stream_are_joined() -> None:
    def piece(stream: str, word: str, dropped: int = 0, tracing: bool = False) -> Text:
        return harmless(Text(run=1, stream=stream, text=word, dropped=dropped, tracing=tracing))

    events = [piece("stdout", "a"), piece("stdout", "b"), piece("stderr", "c"), piece("stdout", "d")]
    assert [event.text.text for event in joined(events)] == ["ab", "c", "d"]
    gap = joined([piece("stdout", "a"), piece("stdout", "b", dropped=9), piece("stdout", "c")])
    assert [(event.text.text, event.dropped) for event in gap] == [("a", 0), ("bc", 9)]
    done = Done(run=1, status="ok")
    assert joined([piece("stdout", "a"), done, piece("stdout", "b")])[1] is done
    apart = [piece("stdout", "a", tracing=True), piece("stdout", "b", tracing=True), piece("stdout", "c")]
    assert joined(apart) == [piece("stdout", "ab", tracing=True), piece("stdout", "c")]


@pytest.mark.row("a dead worker, on the screen")
async def test_a_dead_worker_says_what_happened_and_starts_again(tours: Tours) -> None:
    app = tours.make("crash")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "worker dead" in screen_text(app))
        assert "killed by SIGSEGV twice in a row" in text(app, "result")
        assert "R starts it again" in text(app, "result")
        assert "R restart" in screen_text(app)
        await pilot.press("R")
        assert isinstance(tours.engine.sent[-1], Restart)
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "worker dead" in screen_text(app))
        typed(pilot, "R", "r")
        await until(pilot, lambda: isinstance(tours.engine.sent[-1], Run))
        assert isinstance(tours.engine.sent[-2], Restart), "the key that came at once runs the step on the new worker"
        await until(pilot, lambda: "worker dead" in screen_text(app))
        await pilot.press("R")
        await until(pilot, lambda: "● ready" in screen_text(app))


@pytest.mark.row("a guard that ends, on the screen")
async def test_a_guard_that_ends_can_be_started_again(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        tours.engine.push(Died(reason="the worker is gone"))
        await tours.engine.close()
        await until(pilot, lambda: "worker dead" in screen_text(app))
        typed(pilot, "R", "r")
        await until(pilot, lambda: "● ready" in screen_text(app))
        await ran(pilot)


@pytest.mark.row("no worker at all, on the screen")
async def test_a_worker_that_cannot_be_started(tours: Tours) -> None:
    app = tours.make("one")

    async def start() -> None:
        raise EngineError("cannot start the worker with python9: not found")

    tours.engine.start = start
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "worker dead" in screen_text(app))
        assert "cannot start the worker with python9" in text(app, "result")
        await pilot.press("n")
        assert "jax.vmap turns" in screen_text(app), "there is still much to read"


async def test_the_time_that_something_takes_is_shown_while_it_runs(tours: Tours) -> None:
    now = 0.0
    app = tours.make("forever")
    app.tour.clock = lambda: now
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.push(RunProgress(run=1, phase="timing", label="NumPy", done=3, of=15))
        await until(pilot, lambda: "► timing NumPy 3/15" in screen_text(app))
        now = 7.2
        app.tour_screen.refresh_lines()
        await until(pilot, lambda: "timing NumPy 3/15  7 s" in screen_text(app))
        assert app._ticker is not None and app._ticker._active.is_set()
        tours.engine.release()
        await ran(pilot)
        await until(pilot, lambda: not app._ticker._active.is_set()), "the clock stands still when nothing runs"


async def test_after_timings_the_next_step_is_prepared(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release()
        await ran(pilot)
        await until(pilot, lambda: isinstance(tours.engine.sent[-1], Run) and tours.engine.sent[-1].cell is None)
        [*_, command] = tours.engine.sent
        assert [cell.name for cell in command.replay] == ["vmap/one", "vmap/many"]
        assert command.fresh


async def test_the_worker_is_ready_while_it_only_prepares_the_next_step(tours: Tours) -> None:
    """What the learner wants while the worker only prepares is requested at once; the screen says what it waits for."""
    now = 0.0
    script = {**tours.script, "": (State(state="importing jax"), Hold("prepared"))}
    app = tours.make("many", script=script, clock=lambda: now)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release()
        await until(pilot, lambda: app.tour.session.state == "importing jax" and app.tour.preparing)
        assert "● ready   ran in" in screen_text(app) and "importing" not in screen_text(app)
        now = 1.5
        app.tour_screen.refresh_lines()
        await until(pilot, lambda: "● ready   preparing the next step" in screen_text(app))
        await pilot.press("t")
        await until(pilot, lambda: "○ importing jax" in screen_text(app))
        assert tours.engine.sent[-1].time and "busy" not in screen_text(app)
        tours.engine.release("prepared")
        await until(pilot, lambda: "► running" in screen_text(app) and tours.engine.holding)
        tours.engine.release()
        await until(pilot, lambda: "● ready   ran in" in screen_text(app) and app.tour.idle)


@pytest.mark.row("events out of order, on the screen")
async def test_out_of_order_events_do_no_harm(tours: Tours) -> None:
    app = tours.make("choose", script={"vmap/choose": [Hold("x")]})
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        done = Done(run=1, status="ok", seconds=1.0)
        executed = Executed(run=1, status="ok", seconds=0.5)
        late = harmless(Text(run=1, stream="stdout", text="late", background=True))
        tours.engine.push(executed, done, late, msgspec.structs.replace(executed, seconds=0.6))
        await ran(pilot)
        await until(pilot, lambda: "late" in text(app, "result"))
        await asyncio.sleep(0)
        assert app.tour.is_done("vmap", "choose")
