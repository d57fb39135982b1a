"""The list shows what a program compiled, and leads from there into the lens."""

from collections.abc import Sequence
from typing import Any

import pytest
from fake_engine import Hold
from small_course import SCRIPT
from test_snapshots import IDS, SIZES, keys
from textual.pilot import Pilot
from tours import Tours, idle, ran, ready, screen_text

from jaxtour.engine.wire.commands import Run, TimeCall
from jaxtour.engine.wire.messages import EagerLine, Event, Program, Recorded, Site, Stage, Timing, Trace
from jaxtour.text import Raw
from jaxtour.tui.screens.programs import ProgramsScreen

FILE = "/home/me/train.py"
TEXT = "{ lambda ; a:f32[8]. let b:f32[8] = mul a 2.0:f32[] in (b,) }"
COMMON: dict[str, Any] = {"run": 0, "file": FILE, "trace_s": 0.012, "lower_s": 0.008, "compiles": 1}
PROGRAMS: tuple[Event, ...] = (
    Program(
        index=0,
        key="key of step",
        function="step",
        line=7,
        called_at=(Site(file=FILE, line=19, calls=700),),
        function_calls=700,
        avals=("f32[8,4]", "f32[4]"),
        arg_names=("x", "params['w']"),
        static={"lr": "0.1"},
        compile_s=0.54,
        **COMMON,
    ),
    Program(
        index=2,
        key="key of double",
        function="double",
        line=3,
        called_at=(Site(file=FILE, line=21, calls=2),),
        calls=2,
        function_calls=2,
        avals=("f32[8]",),
        arg_names=("a",),
        reason="a was f32[9], now f32[8]",
        compile_s=0.04,
        **COMMON,
    ),
    Recorded(run=0, eager=(EagerLine(file=FILE, line=20, primitive="add", count=1000, seconds=0.4),)),
)


def script() -> dict[str, Sequence[Event]]:
    """Return a run of a program that compiled two functions."""
    own = [each for each in SCRIPT["vmap/many"] if not isinstance(each, Hold | Timing)]
    last = max(place for place, each in enumerate(own) if isinstance(each, Trace | Stage)) + 1
    second = (
        Trace(run=0, index=2, label="double(a)", call=Raw("double(a)"), equations=1, primitives=("mul",)),
        Stage(run=0, index=2, stage="jaxpr", text=TEXT, lines=(0,)),
    )
    return {**SCRIPT, "vmap/many": [*own[:last], *second, *PROGRAMS, *own[last:]]}


async def run(pilot: Pilot[Any]) -> None:
    await ready(pilot)
    await pilot.press("r")
    await ran(pilot)
    await idle(pilot)


async def test_the_list_says_what_each_program_cost_and_why_it_was_compiled_again(tours: Tours) -> None:
    app = tours.make("many", script=script())
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        await pilot.press("c")
        assert isinstance(app.screen, ProgramsScreen)
        shown = screen_text(app)
        assert "compiled: 2 programs of 2 functions in 580 ms" in shown
        assert "540 ms" in shown and "of 700" in shown and "train.py:7" in shown
        assert "x:f32[8,4] params['w']:f32[4] lr=0.1" in shown and "called at me/train.py:19 (700 times)" in shown
        assert "outside of any jit: 1 000 single operations in 400 ms, most of it at me/train.py:20" in shown
        await pilot.press("down")
        assert "compiled again: a was f32[9], now f32[8]" in screen_text(app)


async def test_enter_opens_a_program_in_the_lens(tours: Tours) -> None:
    app = tours.make("many", script=script())
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        await pilot.press("c", "down", "enter")
        await idle(pilot)
        assert not isinstance(app.screen, ProgramsScreen)
        assert app.tour.view.trace is not None and app.tour.view.trace.label == "double(a)"
        assert "b:f32[8] = mul a 2.0:f32[]" in screen_text(app)
        assert "compile 40.0 ms" in screen_text(app) and "2 calls of double" in screen_text(app)


async def test_a_program_is_timed_with_its_own_inputs_for_which_the_file_runs_again(tours: Tours) -> None:
    app = tours.make("many", script=script())
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        assert "t times it: the file runs again up to its first run" in screen_text(app)
        await pilot.press("c", "down", "enter", "t")
        await idle(pilot)
        (asked,) = [each for each in tours.engine.sent if isinstance(each, Run) and each.probe and each.time]
        assert asked.time == (TimeCall(label="double(a)", call="double(a)", index=2, program="key of double"),)
        assert asked.fresh and asked.replay and asked.programs == ("key of step", "key of double")
        await pilot.press("t")
        await idle(pilot)
        last = tours.engine.sent[-1]
        assert isinstance(last, Run) and last.fresh and last.replay


async def test_escape_leaves_everything_as_it_was(tours: Tours) -> None:
    app = tours.make("many", script=script())
    async with app.run_test(size=(80, 24)) as pilot:
        await run(pilot)
        await pilot.press("c", "escape")
        assert app.tour.view.index == 0 and not isinstance(app.screen, ProgramsScreen)


async def test_without_a_record_the_key_is_that_of_the_theme(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        before = app.theme
        await pilot.press("c")
        assert app.theme != before and not isinstance(app.screen, ProgramsScreen)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_picture(snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
    app = tours.make("many", script=script())
    assert snap_compare(app, terminal_size=size, run_before=keys("r", "c"))
