"""At the first start, one screen says what the tour is, once."""

from typing import Any

import pytest
from small_course import VMAP
from textual.screen import Screen
from tours import Tours, ready, screen_text, until

from jaxtour.commands import tour as tour_command
from jaxtour.course.progress import Progress
from jaxtour.engine.session import WorkerConfig
from jaxtour.render.text.layout import plain
from jaxtour.settings import Settings
from jaxtour.tui.actions import Keys
from jaxtour.tui.screens.help import HelpScreen
from jaxtour.tui.screens.home import HomeScreen
from jaxtour.tui.screens.welcome import WelcomeScreen, welcome_lines

SIZES = [(80, 24), (120, 36), (200, 60)]


@pytest.mark.parametrize("key", ["enter", "space", "r", "n", "escape"])
async def test_any_key_to_begin_with_begins_and_does_nothing_else(tours: Tours, key: str) -> None:
    app = tours.make("one", welcome=True)
    async with app.run_test(size=(80, 24)) as pilot:
        assert isinstance(app.screen, WelcomeScreen), "before the worker is there"
        await pilot.press(key)
        await until(pilot, lambda: app.screen is app.tour_screen)
        await ready(pilot)
        assert app.tour.key == ("vmap", "one") and app.tour.state.report is None
        await pilot.press("r")
        await until(pilot, lambda: app.tour.state.report)


@pytest.mark.parametrize(("key", "screen"), [("l", HomeScreen), ("question_mark", HelpScreen)])
async def test_its_keys_work_at_once(tours: Tours, key: str, screen: type[Screen[Any]]) -> None:
    app = tours.make("one", welcome=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, screen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.tour_screen)


async def test_leaving_at_once_leaves_and_it_is_not_shown_again(tours: Tours) -> None:
    app = tours.make("one", welcome=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
    assert app.return_value == 0
    assert not Progress.open(tours.path).empty


@pytest.mark.parametrize("size", [*SIZES, (40, 12)])
async def test_the_five_keys_are_there_on_every_screen(tours: Tours, size: tuple[int, int]) -> None:
    app = tours.make("one", welcome=True, settings=Settings(keys={"run": "f5"}))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Welcome to jaxtour" in screen_text(app))
        shown = screen_text(app)
        for line in ("F5   runs the step", "n   goes to the next", "e   edits", "Tab   goes to", "?   shows all"):
            assert line in shown
        assert "JAX, on your own" in shown and VMAP.steps[0].title not in shown


def test_it_is_short() -> None:
    words = " ".join(map(plain, welcome_lines(Keys(), 12, 62))).split()
    assert 50 <= len(words) <= 80


@pytest.mark.parametrize(
    ("target", "known", "welcome"), [(None, False, True), (None, True, False), ("vmap", False, False)]
)
def test_the_first_start_without_a_target(
    monkeypatch: pytest.MonkeyPatch, target: str | None, known: bool, welcome: bool
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr("jaxtour.tui.terminal.run_tour", lambda *_, **rest: asked.update(rest) or 0)
    if known:
        Progress.open().set_place("vmap", "one")
    assert tour_command.tour(target, WorkerConfig(), theme=None, mouse=True) == 0
    assert asked["welcome"] is welcome


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36", "200x60"])
def test_first_start(snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
    assert snap_compare(tours.make("one", welcome=True), terminal_size=size)


def test_first_start_in_ascii(snap_compare: Any, tours: Tours) -> None:
    assert snap_compare(tours.make("one", welcome=True, ascii_only=True), terminal_size=(80, 24))
