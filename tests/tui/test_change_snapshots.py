"""Pictures show changed code: a suggested change, a scratch step with names, and a lesson that has changed."""

from typing import Any

import pytest
from changing import VARIED, edited_before, varied
from test_snapshots import IDS, SIZES, keys
from textual.pilot import Pilot
from tours import Tours, ran, ready, until

from jaxtour.tui.app import TourApp


@pytest.mark.parametrize("size", SIZES[:2], ids=IDS[:2])
class TestChanges:
    def test_choosing(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        app = varied(tours).make("many", script=VARIED)
        assert snap_compare(app, terminal_size=size, run_before=keys("r", "x"))

    def test_applied(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        async def before(pilot: Pilot[Any]) -> None:
            await keys("r", "x", "1")(pilot)
            await until(pilot, lambda: app.tour.view.edited and app.tour.view.finished and not app.tour.waiting)

        app = varied(tours).make("many", script=VARIED)
        assert snap_compare(app, terminal_size=size, run_before=before)

    def test_scratch(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        async def before(pilot: Pilot[Any]) -> None:
            await ready(pilot)
            await pilot.press("s", *"predict_many(w, X)", "f5")
            await ran(pilot)
            await keys("escape")(pilot)

        app = varied(tours).make("many", script={**VARIED, "vmap/many~scratch": VARIED["vmap/many"]})
        assert snap_compare(app, terminal_size=size, run_before=before)

    @pytest.mark.parametrize("theme", ["dark", "ansi"])
    def test_names(self, snap_compare: Any, tours: Tours, size: tuple[int, int], theme: str) -> None:
        async def before(pilot: Pilot[Any]) -> None:
            await ready(pilot)
            await pilot.press("s", *"y=pr", "tab")
            await until(pilot, lambda: (editor := app.tour_screen.panes.editor) and editor.names.shown)
            await pilot.press("down")

        app: TourApp = varied(tours).make("many", script=VARIED, theme=theme)
        assert snap_compare(app, terminal_size=size, run_before=before)

    def test_lesson_changed(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        edited_before(tours.path)
        app = varied(tours).make("many", script=VARIED)
        assert snap_compare(app, terminal_size=size, run_before=keys())

    def test_both(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        edited_before(tours.path)
        app = varied(tours).make("many", script=VARIED)
        assert snap_compare(app, terminal_size=size, run_before=keys("D"))
