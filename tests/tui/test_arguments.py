"""The stage pane shows the tree of a call's arguments."""

from collections.abc import Sequence
from typing import Any

import pytest
from fake_engine import Hold
from small_course import SCRIPT
from test_snapshots import IDS, SIZES, keys
from textual.pilot import Pilot
from tours import Tours, border, idle, pane, ran, ready, screen_text

from jaxtour.engine.wire.messages import Argument, Arguments, Event, Timing, Trace

MESH = " on the mesh (x: 8)"


def leaf(*keys: str, aval: str = "f32[3]", size: int = 12, sharding: str | None = None) -> Argument:
    return Argument(keys, aval, (3,), "float32", size, sharding)


ARGUMENTS = Arguments(
    run=0,
    index=0,
    inputs=(
        leaf("w", "['dense']", "['bias']", size=40),
        leaf("w", "['dense']", "['kernel']", aval="f32[784,128]", size=401408, sharding="P('x', None)" + MESH),
        leaf("w", "['scale']", aval="f32[]", size=4),
        leaf("X", aval="f32[3,2]", size=24),
    ),
    outputs=(leaf("result", "[0]"), leaf("result", "[1]", "['loss']", aval="f32[]", size=4)),
    static={"train": "True"},
)


def script(told: Arguments = ARGUMENTS) -> dict[str, Sequence[Event]]:
    """Return a run with two traces, of which the first has arguments."""
    own = [each for each in SCRIPT["vmap/many"] if not isinstance(each, Hold | Timing)]
    place = next(place for place, each in enumerate(own) if isinstance(each, Trace)) + 1
    return {**SCRIPT, "vmap/many": [*own[:place], told, *own[place:]]}


async def run(pilot: Pilot[Any]) -> None:
    await ready(pilot)
    await pilot.press("r")
    await ran(pilot)
    await idle(pilot)


async def test_a_key_shows_the_tree_with_types_bytes_and_totals(tours: Tours) -> None:
    app = tours.make("many", script=script())
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        await pilot.press("7")
        rows = [row.split() for row in pane(app, "stage").document.text.splitlines()]
        assert rows[:3] == [
            ["arguments", "4", "arrays", "392", "KiB"],
            ["w", "3", "arrays", "392", "KiB"],
            ["['dense']", "2", "arrays", "392", "KiB"],
        ]
        assert rows[4] == ["['kernel']", "f32[784,128]", "P('x',", "No…", "392", "KiB"]
        assert ["train", "True"] in rows
        assert rows[-4:] == [
            ["results", "2", "arrays", "16", "B"],
            ["[0]", "f32[3]", "12", "B"],
            ["[1]", "1", "array", "4", "B"],
            ["['loss']", "f32[]", "4", "B"],
        ]
        assert pane(app, "stage").scene.width <= pane(app, "stage").size.width + 1, "nothing is cut off"


async def test_branches_fold(tours: Tours) -> None:
    app = tours.make("many", script=script())
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        await pilot.press("7", "down", "down", "f")
        assert "['dense']" in screen_text(app) and "['kernel']" not in screen_text(app)


async def test_a_large_tree_opens_folded(tours: Tours) -> None:
    layers = tuple(leaf("w", f"['layer_{number}']", f"['{name}']") for number in range(30) for name in "ab")
    app = tours.make("many", script=script(Arguments(run=0, index=0, inputs=layers, more=(7, 0, 0))))
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        await pilot.press("7")
        shown = screen_text(app)
        assert "['layer_11']" in shown and "['a']" not in shown
        assert "… 7 more" in pane(app, "stage").document.text


async def test_an_argument_is_linked_with_the_expressions_that_use_it(tours: Tours) -> None:
    told = Arguments(run=0, index=0, inputs=(leaf("w"), leaf("X")), outputs=(leaf("result"),))
    app = tours.make("many", script=script(told))
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        await pilot.press("7", "down")
        assert border(app, "stage") == "a  float32, 3 elements, used by 1 equation"
        assert "jnp.dot(w, x)" in border(app, "source")
        await pilot.press("1")
        assert "dot_general" in pane(app, "stage").document.text_of(pane(app, "stage").cursor)
        await pilot.press("7", "enter")
        assert app.focused is pane(app, "source")


async def test_an_expression_is_linked_with_its_arguments(tours: Tours) -> None:
    told = Arguments(run=0, index=0, inputs=(leaf("w"), leaf("X")), outputs=(leaf("result"),))
    app = tours.make("many", script=script(told))
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        await pilot.press("7", "down", "enter", "7")
        app.tour_screen.slots.focus("source")
        await pilot.pause()
        marked = [row for row in range(5) if pane(app, "stage").scene.highlighted.of(row)]
        assert marked == [1, 2, 4], "the line uses both and makes the result"
        assert border(app, "source").endswith("→ 3 arrays")


async def test_a_call_without_arguments_says_so(tours: Tours) -> None:
    app = tours.make("many", script=script())
    async with app.run_test(size=(80, 24)) as pilot:
        await run(pilot)
        await pilot.press("7", "right_square_bracket")
        assert "this worker does not report arguments" in screen_text(app)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_picture(snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
    app = tours.make("many", script=script())
    assert snap_compare(app, terminal_size=size, run_before=keys("r", "7", "down", "down", "down", "down"))
