"""Whatever a lesson, a program or a machine says, only visible characters are drawn."""

from pathlib import Path

import pytest
from fake_engine import FakeEngine
from poison import EVENTS, FACTS, LATER, LESSONS, VOWELS, known
from textual.pilot import Pilot
from tours import Given, until

from jaxtour.commands.snapshot import _as_text
from jaxtour.course.catalogue import Catalogue
from jaxtour.course.progress import Progress
from jaxtour.engine.session import Session
from jaxtour.settings import Settings
from jaxtour.text import UNCLEAN
from jaxtour.tui.app import TourApp
from jaxtour.tui.compat_input import TextInput

HOSTILE = "".join(VOWELS.values()) + "x"


def make(home: Path, step: str, facts: int = 0, settings: Settings | None = None, **rest: object) -> TourApp:
    """Return an app with a hostile course and worker."""
    return TourApp(
        Catalogue(tuple(Given(lesson) for lesson in LESSONS)),
        Session(FakeEngine(EVENTS, facts=FACTS[facts])),
        Progress.open(home / "progress.json"),
        settings,
        start=(LESSONS[0].id, known(step)),
        clock=lambda: 0.0,
        **rest,
    )


async def look(pilot: Pilot[int]) -> str:
    """Return the screen, with only visible characters."""
    await pilot.pause()
    strips = pilot.app.screen._compositor.render_strips()
    for strip in strips:
        assert not UNCLEAN.search(strip.text), ascii(strip.text)
    return "\n".join(strip.text for strip in strips)


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press the keys, and check the screen after each."""
    for key in keys:
        await pilot.press(key)
        await look(pilot)


async def began(pilot: Pilot[int]) -> None:
    app = pilot.app
    assert isinstance(app, TourApp)
    await until(pilot, lambda: app.tour.session.state in ("ready", "dead") and app.tour.coloured)
    await look(pilot)


async def ended(pilot: Pilot[int]) -> None:
    """Run the step to its end, and check the screen."""
    app = pilot.app
    assert isinstance(app, TourApp)
    await press(pilot, "r")
    await until(pilot, lambda: app.tour.state.reason or ((report := app.tour.state.report) and report.done))
    await until(pilot, lambda: app.tour.idle and not app.tour.waiting)
    await look(pilot)


STEPS = [step.id for step in LESSONS[0].steps if step.id != known("crash")]
SLOTS = ("lesson", "source", "result", "stage", "time", "devices")


@pytest.mark.parametrize(("facts", "steps"), [(0, STEPS), (1, STEPS[:2])])
async def test_the_steps_are_gone_through(tmp_path: Path, facts: int, steps: list[str]) -> None:
    app = make(tmp_path, "one", facts)
    async with app.run_test(size=(150, 70)) as pilot:
        await began(pilot)
        for step in steps:
            app.tour.go(LESSONS[0].id, step)
            app.tour_screen.arrived()
            await press(pilot, "h", "S", "o")
            if app.tour.view.context(busy=False, zoomed=False).runnable:
                await ended(pilot)
            for slot in SLOTS if step == STEPS[3] else ("result", "devices"):
                app.tour_screen.slots.focus(slot)
                await press(pilot, "down", "right")


@pytest.mark.parametrize("stage", ["1", "2", "3", "4", "g"])
async def test_the_stages_are_looked_through(tmp_path: Path, stage: str) -> None:
    app = make(tmp_path, "many")
    async with app.run_test(size=(150, 50)) as pilot:
        await began(pilot)
        await ended(pilot)
        app.tour_screen.slots.focus("stage")
        await press(pilot, stage)
        await until(pilot, lambda: app.tour.idle)
        for key in ("down", "down", "right", "down", "down", "down", "right", "right", "down"):
            await press(pilot, key)
            if stage != "4" and key == "down":
                await press(pilot, "i", "escape")
        await press(pilot, "right_curly_bracket", "f", "enter", "right_square_bracket", "right_square_bracket")


SCREENS = (
    "t",
    "v",
    "V m",
    "L ] ] ]",
    "l down down slash x",
    "question_mark",
    "d enter down enter",
    "ctrl+p x",
    "slash x enter n",
    "y",
)


async def test_the_screens_are_opened(tmp_path: Path) -> None:
    app = make(tmp_path, "many")
    async with app.run_test(size=(150, 50)) as pilot:
        await began(pilot)
        await ended(pilot)
        for keys in SCREENS:
            app.tour_screen.slots.focus("stage")
            await press(pilot, *("right_square_bracket" if key == "]" else key for key in keys.split()))
            await until(pilot, lambda: app.tour.idle)
            await press(pilot, "escape", "escape")
            assert app.screen is app.tour_screen


async def test_what_is_copied_and_pictured_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    app = make(tmp_path, "many")
    async with app.run_test(size=(150, 50)) as pilot:
        await began(pilot)
        await ended(pilot)
        for slot in SLOTS:
            app.tour_screen.slots.focus(slot)
            await press(pilot, "y")
            if slot == "source":
                assert app.clipboard == app.tour.code.text, "code is copied to be run"
            else:
                assert len(app.clipboard) > 20 and not UNCLEAN.search(app.clipboard), slot
        assert "␛" in app.clipboard
        assert not UNCLEAN.search(app.export_screenshot(title="jaxtour"))
        assert not UNCLEAN.search(_as_text(app))


@pytest.mark.parametrize("step", ["open", "choose"])
async def test_questions_are_answered(tmp_path: Path, step: str) -> None:
    app = make(tmp_path, step)
    async with app.run_test(size=(120, 50)) as pilot:
        await began(pilot)
        await press(pilot, "a")
        if step == "open":
            app.screen.query_one(TextInput).value = HOSTILE
            await look(pilot)
            await press(pilot, "enter")
        else:
            await press(pilot, "1")
        await ended(pilot)


async def test_a_text_is_searched(tmp_path: Path) -> None:
    app = make(tmp_path, "many")
    async with app.run_test(size=(120, 50)) as pilot:
        await began(pilot)
        await press(pilot, "slash")
        app.screen.query_one(TextInput).value = HOSTILE
        await press(pilot, "enter", "n")


async def test_what_comes_out_of_turn_is_harmless(tmp_path: Path) -> None:
    app = make(tmp_path, "crash")
    async with app.run_test(size=(120, 50)) as pilot:
        await began(pilot)
        await press(pilot, "r")
        for event in LATER:
            app.tour.session.engine.push(event)
            await look(pilot)
        await until(pilot, lambda: app.tour.session.state == "dead")
        await press(pilot, "d", "d", "z")


async def test_settings_are_complained_about(tmp_path: Path) -> None:
    settings = Settings(keys={HOSTILE: "x", "run": "n"}, theme=HOSTILE)
    app = make(tmp_path, "raising", settings=settings, notices=[HOSTILE])
    async with app.run_test(size=(250, 50)) as pilot:
        await began(pilot)
        assert "unknown theme" in await look(pilot)
