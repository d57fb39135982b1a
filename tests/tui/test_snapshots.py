"""Pictures of the tour: look at each changed one before you keep it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from exercise_course import compared, failing
from profiled_course import profiled
from textual.pilot import Pilot
from timed_course import ROOFS, SIZED, SPREAD, timed
from tours import Tours, ran, ready, until

from jaxtour.tui.app import TourApp
from jaxtour.tui.widgets.pane import Pane

SIZES = [(80, 24), (120, 36), (200, 60)]
IDS = ["80x24", "120x36", "200x60"]
Before = Callable[[Pilot[Any]], Awaitable[None]]


def keys(*pressed: str, release: str | None = None) -> Before:
    """Press keys once the worker is ready, and wait for the end of a run."""

    async def before(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        app = pilot.app
        assert isinstance(app, TourApp)
        for key in pressed:
            await pilot.press(key)
            await pilot.pause()
            await until(pilot, lambda: not app.tour.waiting or app.tour.session.engine.holding)
            if key == "r":
                if release:
                    await until(pilot, lambda: app.tour.session.engine.holding)
                    app.tour.session.engine.release(release)
                await ran(pilot)
        await until(pilot, lambda: not app.tour.waiting and app._due is None and not app._inbox)

    return before


@pytest.mark.parametrize("size", SIZES, ids=IDS)
class TestSizes:
    def test_before_the_run(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("many"), terminal_size=size, run_before=keys())

    def test_after_the_run(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("many"), terminal_size=size, run_before=keys("r", release="timing"))

    def test_expected_error(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("one"), terminal_size=size, run_before=keys("r"))

    def test_unexpected_error(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("broken-on-purpose"), terminal_size=size, run_before=keys("r"))

    def test_home(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        app = tours.make("one")
        due = {"due": "2020-01-01T00:00:00+00:00"}
        app.tour.progress.update("vmap", "choose", answer="1", right=True, seconds=200.0, card=due)
        app.tour.progress.mark_done("state", "keys")
        assert snap_compare(app, terminal_size=size, run_before=keys("r", "l", "right"))

    def test_home_search(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("one"), terminal_size=size, run_before=keys("l", "slash", *"jax key"))

    def test_help(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("one"), terminal_size=size, run_before=keys("question_mark"))

    def test_worker_died(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("crash"), terminal_size=size, run_before=keys("r"))

    def test_light(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        app = tours.make("many", theme="light")
        assert snap_compare(app, terminal_size=size, run_before=keys("r", release="timing"))

    def test_ansi(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        app = tours.make("many", theme="ansi")
        assert snap_compare(app, terminal_size=size, run_before=keys("r", release="timing"))


@pytest.mark.parametrize("size", [SIZES[0], SIZES[2]], ids=[IDS[0], IDS[2]])
class TestStages:
    """Each stage with a cursor that is linked with another pane."""

    @pytest.mark.parametrize(
        "pressed",
        [
            ("1", "j"),
            ("2", "j", "j", "j", "j", "j"),
            ("3", "j", "j", "j", "j", "j"),
            ("4",),
            ("5", "j"),
            ("g", "j", "j"),
        ],
        ids=["jaxpr", "stablehlo", "hlo", "cost", "memory", "graph"],
    )
    def test_stage(self, snap_compare: Any, linked: Tours, size: tuple[int, int], pressed: tuple[str, ...]) -> None:
        app = linked.make("many", script=linked.script)
        assert snap_compare(app, terminal_size=size, run_before=keys("r", *pressed, release="timing"))

    def test_from_the_source(self, snap_compare: Any, linked: Tours, size: tuple[int, int]) -> None:
        app = linked.make("many", script=linked.script)
        pressed = ("r", "1", "shift+tab", "j", "right", "right")
        assert snap_compare(app, terminal_size=size, run_before=keys(*pressed, release="timing"))

    def test_without_colours_to_rely_on(self, snap_compare: Any, linked: Tours, size: tuple[int, int]) -> None:
        app = linked.make("many", script=linked.script, theme="ansi")
        pressed = ("r", "1", "shift+tab", "j", "right", "right")
        assert snap_compare(app, terminal_size=size, run_before=keys(*pressed, release="timing"))

    def test_variable(self, snap_compare: Any, linked: Tours, size: tuple[int, int]) -> None:
        app = linked.make("many", script=linked.script)
        pressed = ("r", "1", "j", "j", "j", "j", "j", "right", "right")
        assert snap_compare(app, terminal_size=size, run_before=keys(*pressed, release="timing"))

    def test_explanation(self, snap_compare: Any, linked: Tours, size: tuple[int, int]) -> None:
        app = linked.make("many", script=linked.script)
        assert snap_compare(app, terminal_size=size, run_before=keys("r", "1", "j", "i", release="timing"))

    def test_search(self, snap_compare: Any, linked: Tours, size: tuple[int, int]) -> None:
        app = linked.make("many", script=linked.script)
        pressed = ("r", "1", "slash", "f", "3", "2", "enter", "n")
        assert snap_compare(app, terminal_size=size, run_before=keys(*pressed, release="timing"))


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize(
    "pressed", [("3", "right_curly_bracket"), ("P",), ("vertical_line",)], ids=["columns", "tables", "timeline"]
)
def test_profile(snap_compare: Any, tours: Tours, size: tuple[int, int], pressed: tuple[str, ...]) -> None:
    tours.entries[0].given, script = profiled()
    app = tours.make("many", script=script)
    assert snap_compare(app, terminal_size=size, run_before=keys("r", "P", *pressed, release="timing"))


@pytest.mark.parametrize("size", SIZES[:2], ids=IDS[:2])
class TestExercise:
    def test_hint(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("write"), terminal_size=size, run_before=keys("h"))

    def test_failed_check(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("write", script=failing()), terminal_size=size, run_before=keys("r"))

    def test_solved(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("write", script=compared()), terminal_size=size, run_before=keys("h", "r"))

    def test_solution(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        assert snap_compare(tours.make("write", script=compared()), terminal_size=size, run_before=keys("r", "S"))


@pytest.mark.parametrize("size", [SIZES[0], SIZES[2]], ids=[IDS[0], IDS[2]])
class TestCharts:
    def test_time_against_size(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        async def before(pilot: Pilot[Any]) -> None:
            await keys("r", release="timing")(pilot)
            app.tour_screen.panes.bring("time", by_hand=True)
            await until(pilot, lambda: app.query_one("#time", Pane).region.height > 3)

        app = tours.make("many", script=timed(SIZED))
        assert snap_compare(app, terminal_size=size, run_before=before)

    def test_spread(self, snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
        app = tours.make("many", script=timed(SPREAD))
        assert snap_compare(app, terminal_size=size, run_before=keys("r", "v", "end", release="timing"))

    @pytest.mark.parametrize("theme", ["dark", "ansi"])
    def test_roofline(self, snap_compare: Any, tours: Tours, size: tuple[int, int], theme: str) -> None:
        app = tours.make("many", script={**timed(SPREAD), **ROOFS}, theme=theme)
        assert snap_compare(app, terminal_size=size, run_before=keys("r", "V", "m", release="timing"))


class TestPlaces:
    def test_editing(self, snap_compare: Any, tours: Tours) -> None:
        assert snap_compare(tours.make("write"), terminal_size=(80, 24), run_before=keys("h", "e"))

    def test_question(self, snap_compare: Any, tours: Tours) -> None:
        assert snap_compare(tours.make("choose"), terminal_size=(80, 24), run_before=keys("a"))

    def test_palette(self, snap_compare: Any, tours: Tours) -> None:
        assert snap_compare(tours.make("one"), terminal_size=(80, 24), run_before=keys("ctrl+p", "l", "e"))

    def test_zoomed(self, snap_compare: Any, tours: Tours) -> None:
        app = tours.make("many")
        assert snap_compare(app, terminal_size=(80, 24), run_before=keys("r", "z", release="timing"))

    def test_broken_step(self, snap_compare: Any, tours: Tours) -> None:
        assert snap_compare(tours.make("bad"), terminal_size=(80, 24), run_before=keys())

    def test_too_small(self, snap_compare: Any, tours: Tours) -> None:
        assert snap_compare(tours.make("one"), terminal_size=(20, 5), run_before=keys())

    def test_ascii(self, snap_compare: Any, tours: Tours) -> None:
        app = tours.make("many", ascii_only=True)
        assert snap_compare(app, terminal_size=(80, 24), run_before=keys("r", "l", release="timing"))

    def test_stable(self, snap_compare: Any, tours: Tours) -> None:
        app = tours.make("many", stable=True)
        assert snap_compare(app, terminal_size=(120, 36), run_before=keys("r", release="timing"))
