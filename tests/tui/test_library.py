"""The calls of libraries behind a line of the source are shown, with their source."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_engine import Hold
from small_course import SCRIPT
from test_arguments import run
from test_arguments import script as arguments
from test_snapshots import IDS, SIZES
from tours import Tours, pane, screen_text

from jaxtour.engine.wire.messages import Event, Stage, Timing
from jaxtour.tui.screens.library import LibraryScreen

SOURCE = "import jax\n\n\ndef norm(x):\n    return jax.numpy.sqrt(\n        x\n    )\n\x1b]52;c;evil\x07\n"
LINES = (1, 5)
"""The lines of the jaxpr's `dot_general` and of `tanh`, which a library makes."""


def script(folder: Path) -> dict[str, Sequence[Event]]:
    """Return a run of a step whose third line is a call into a library."""
    package = folder / "site-packages" / "solver"
    package.mkdir(parents=True)
    (package / "lib.py").write_text(SOURCE)
    own = [each for each in SCRIPT["vmap/many"] if not isinstance(each, Hold | Timing)]
    words = ("vmap/many", "<module>", str(package / "lib.py"), "norm", str(package / "away.py"), "Solver.<locals>.step")
    frames = ("0 0 3 1", "1 2 5 3 l", "2 4 9 5 l", "1 4 70 5 l")

    def called(stage: Stage) -> Stage:
        if stage.stage != "jaxpr" or stage.index:
            return stage
        calls = [3 if line == LINES[0] else 2 if line == LINES[1] else 4 for line in range(len(stage.lines))]
        return msgspec.structs.replace(
            stage, calls=tuple(calls), frames="\n".join(frames), words="\n".join(words), parts=1
        )

    return {**SCRIPT, "vmap/many": [called(each) if isinstance(each, Stage) else each for each in own]}


async def test_the_key_is_offered_where_a_library_stands_behind_the_line(tours: Tours, tmp_path: Path) -> None:
    app = tours.make("many", script=script(tmp_path))
    async with app.run_test(size=(200, 60)) as pilot:
        await run(pilot)
        app.tour_screen.slots.focus("source")
        await pilot.press("home")
        assert "library" not in screen_text(app).splitlines()[-1]
        await pilot.press("end")
        await pilot.pause()
        assert "b library" in screen_text(app).splitlines()[-1]


async def test_a_line_unfolds_along_the_calls(tours: Tours, tmp_path: Path) -> None:
    app = tours.make("many", script=script(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        app.tour_screen.slots.focus("source")
        await pilot.press("end", "b")
        assert isinstance(app.screen, LibraryScreen)
        shown = screen_text(app)
        assert "line 3  predict_many(w, X) → 5 equations of 5" in shown
        rows = [row.split() for row in app.screen._lines.document.text.splitlines()]
        assert rows == [
            ["3", "60%", "Solver.step", "solver/away.py:70", "tanh,", "add,", "mul"],
            ["2", "40%", "norm", "solver/lib.py:5"],
            ["1", "20%", "Solver.step", "solver/away.py:9", "dot_general"],
            ["1", "20%", "div"],
        ]


async def test_enter_shows_the_source_and_escape_leads_back(tours: Tours, tmp_path: Path) -> None:
    app = tours.make("many", script=script(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        app.tour_screen.slots.focus("source")
        await pilot.press("end", "b", "down", "enter")
        assert isinstance(app.screen, LibraryScreen)
        lines = app.screen._lines
        assert lines.cursor == 4 and lines.document.text_of(4) == "    return jax.numpy.sqrt("
        assert ("return ", "keyword") in lines.document.lines[4]
        assert "solver/lib.py:5  read-only" in screen_text(app) and "\x1b" not in lines.document.text
        await pilot.press("escape")
        assert lines.cursor == 1 and "norm" in screen_text(app)
        await pilot.press("escape")
        assert app.screen is app.tour_screen


async def test_a_file_that_cannot_be_read_says_so(tours: Tours, tmp_path: Path) -> None:
    app = tours.make("many", script=script(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        app.tour_screen.slots.focus("source")
        await pilot.press("end", "b", "enter")
        assert isinstance(app.screen, LibraryScreen)
        said = " ".join(app.screen._lines.document.text.split())
        assert said.endswith("away.py cannot be read here: No such file or directory")
        await pilot.press("b", "b")
        assert app.screen is app.tour_screen


async def test_a_key_leads_to_the_first_equation_of_a_call(tours: Tours, tmp_path: Path) -> None:
    app = tours.make("many", script=script(tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        app.tour_screen.slots.focus("source")
        await pilot.press("end", "b", "down", "1")
        await pilot.pause()
        assert app.screen is app.tour_screen and app.focused is pane(app, "stage")
        assert "dot_general" in pane(app, "stage").document.text_of(pane(app, "stage").cursor)


async def test_a_line_without_a_library_says_so(tours: Tours) -> None:
    app = tours.make("many", script=arguments())
    async with app.run_test(size=(120, 36)) as pilot:
        await run(pilot)
        app.tour_screen.slots.focus("source")
        await pilot.press("end", "b")
        await pilot.pause()
        assert "no library function is behind this line" in screen_text(app)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize("opened", [False, True], ids=["tree", "source"])
def test_picture(snap_compare: Any, tours: Tours, tmp_path: Path, size: tuple[int, int], opened: bool) -> None:
    app = tours.make("many", script=script(tmp_path))

    async def before(pilot: Any) -> None:
        await run(pilot)
        pilot.app.tour_screen.slots.focus("source")
        await pilot.press("end", "b", *(("down", "enter") if opened else ()))

    assert snap_compare(app, terminal_size=size, run_before=before)
