"""The pane of values shows figures next to each equation, below the birth of the first nan or inf."""

from typing import Any

import pytest
from test_snapshots import IDS, SIZES, keys
from tours import Tours, border, highlighted, idle, pane, run_many, screen_text, text, until
from valued import FOUND, HEADS, values, with_values

from jaxtour import paths
from jaxtour.engine.wire.commands import Run, StageRequest
from jaxtour.engine.wire.messages import Evaluated, Stage
from jaxtour.tui.app import TourApp


async def shown(pilot: Any, tours: Tours) -> TourApp:
    """Press the key of the values once the step has run."""
    app: TourApp = pilot.app
    await run_many(pilot, tours)
    await pilot.press("6")
    await until(pilot, lambda: "max" in screen_text(app))
    return app


def rows(app: TourApp) -> list[str]:
    """Return the rows of the pane, including the gutter."""
    stage = pane(app, "stage")
    return [stage.render_line(row).text.rstrip() for row in range(stage.size.height)]


async def test_the_values_are_asked_for_when_they_are_first_looked_at(linked: Tours) -> None:
    app = linked.make("many", script=with_values(linked.script))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(pilot, linked)
        await pilot.press("1", "6", "1", "6")
        await idle(pilot)
        asked = [command.requests for command in linked.engine.sent if isinstance(command, Run) and command.requests]
        assert asked == [(StageRequest(index=0, stage="values"),)]


async def test_the_birth_of_the_first_inf_stands_above_the_figures(linked: Tours) -> None:
    app = linked.make("many", script=with_values(linked.script))
    async with app.run_test(size=(200, 60)) as pilot:
        await shown(pilot, linked)
        said = [" ".join(row.replace("▌", " ").split()) for row in rows(app)]
        assert said[0].endswith("✗ inf made by div, backward pass, iteration 3: x / 2")
        assert said[1].startswith("2:28 of 0.5 and 0, at [0]")
        assert said[2].startswith("✗ then nan in tanh, backward pass: jnp.tanh(x / 2)")
        assert said[3].startswith("2:19 of inf and 0, at [0]")
        assert said[4].startswith("· debug_callback: called once more for these values")
        assert "dot_general[" in said[HEADS + 1] and "33%" in said[HEADS + 1]
        flags = ("inf 1", "nan+inf", "near max", "subnormal")
        assert all(flag in row for flag, row in zip(flags, said[HEADS + 5 :], strict=False))


async def test_the_cursor_links_a_figure_with_the_source(linked: Tours) -> None:
    app = linked.make("many", script=with_values(linked.script))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(pilot, linked)
        assert highlighted(app, "source") == [1, 4], "the birth's own expression, and the call around it"
        assert highlighted(app, "stage") == [0, 1, HEADS + 5], "its words and its equation"
        await pilot.press("right_curly_bracket")
        assert pane(app, "stage").cursor == HEADS + 5, "from the words to the equation"
        await pilot.press("enter")
        source = pane(app, "source")
        assert source.has_focus and source.cursor == 1 and source.selection == (27, 32)
        assert "2:28  x / 2" in border(app, "source")


async def test_a_variable_of_an_equation_is_found_as_in_the_jaxpr(linked: Tours) -> None:
    app = linked.make("many", script=with_values(linked.script))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(pilot, linked)
        pane(app, "stage").move_to(HEADS + 5)
        await pilot.press("right")
        assert highlighted(app, "stage") == [HEADS + 5, HEADS + 6], "defined here, and used below"


async def test_without_anything_bad_it_says_so(linked: Tours) -> None:
    for found, said in (
        (Evaluated(heads=2, evaluated=1234), "✓ no nan and no inf in 1 234 equations"),
        (Evaluated(heads=2, met=True), "every nan and inf came with the arguments or a constant"),
    ):
        app = linked.make("many", script=with_values(linked.script, values(found)))
        async with app.run_test(size=(200, 60)) as pilot:
            await shown(pilot, linked)
            assert said in " ".join(rows(app)[0].split())


async def test_a_call_without_values_says_why(linked: Tours) -> None:
    failed = Stage(run=0, index=0, stage="values", error="its arguments are shapes without data")
    app = linked.make("many", script=with_values(linked.script, failed))
    async with app.run_test(size=(80, 24)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("6")
        await until(pilot, lambda: "shapes without data" in text(app, "stage"))
        assert "6 tries again" in text(app, "stage")


async def test_what_is_copied_has_the_figures(linked: Tours) -> None:
    app = linked.make("many", script=with_values(linked.script))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(pilot, linked)
        await pilot.press("y")
        copied = (paths.state_dir() / "yank" / "vmap-many-values.txt").read_text()
        assert "✗ inf made by div" in copied and "41152" not in copied
        assert any("0.25" in row and "d:f32[3] = div" in row for row in copied.splitlines())


async def test_a_notes_number_of_lines_is_that_of_the_worker(linked: Tours) -> None:
    """Notes have as many lines as the worker counts: one too many would move every figure away from its equation."""
    from jaxtour.render.values import head_lines

    for found in (FOUND, Evaluated(heads=2), Evaluated(heads=3, notes=("a: b",))):
        assert len(head_lines(found, lambda span: ("", ""))) + 1 == found.heads


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_picture(snap_compare: Any, linked: Tours, size: tuple[int, int]) -> None:
    app = linked.make("many", script=with_values(linked.script))
    assert snap_compare(app, terminal_size=size, run_before=keys("r", "6", "z", release="timing"))


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_picture_beside_the_source(snap_compare: Any, linked: Tours, size: tuple[int, int]) -> None:
    app = linked.make("many", script=with_values(linked.script), theme="light")
    assert snap_compare(app, terminal_size=size, run_before=keys("r", "6", release="timing"))
