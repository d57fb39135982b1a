"""A lesson from elsewhere is shown at once; the first run asks, and nothing has run before the answer."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_engine import FakeEngine
from textual.pilot import Pilot
from tours import ran, ready, screen_text, until

from jaxtour.course.catalogue import open_path
from jaxtour.course.progress import Progress
from jaxtour.course.trust import EVERYTHING, Trust
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.commands import Run
from jaxtour.text import Raw
from jaxtour.tui.app import TourApp
from jaxtour.tui.authoring import AuthorApp
from jaxtour.tui.screens.trust import TrustScreen

LESSON = """\
format: 1
id: far
title: From far away
summary: For the tests.
minutes: 1
steps:
  - id: one
    title: One
    text: Read me [b]first[/b].
    setup: before = 1
    code: "print('\\e]0;[red]hello\\a')"
  - id: two
    title: Two
    text: And me.
    code: before + 1
"""


AUTHOR = partial(AuthorApp, poll_s=0.01)


class Far:
    """A tour of a lesson from elsewhere."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.file = home / "far.yaml"
        self.file.write_text(LESSON)
        self.engine = FakeEngine({})

    def tour(self, app: Callable[..., TourApp] = TourApp) -> TourApp:
        self.engine = FakeEngine({})
        trust = Trust(self.home / "trusted.json")
        progress = Progress.open(self.home / "progress.json")
        return app(open_path(self.file), Session(self.engine, WorkerConfig(), trust), progress, start=("far", "two"))

    def save(self, code: str) -> None:
        """Save the lesson with other code in the step shown, as editors and `git pull` do."""
        new = self.file.with_suffix(".new")
        new.write_text(LESSON.replace("before + 1", code))
        new.replace(self.file)

    @property
    def sent(self) -> list[Run]:
        return [command for command in self.engine.sent if isinstance(command, Run)]

    @property
    def ran(self) -> str:
        """The code that ran last."""
        cell = self.sent[-1].cell
        assert cell
        return cell.code


async def asked(app: TourApp, pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: isinstance(app.screen, TrustScreen) and "only now" in screen_text(app))


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    monkeypatch.delenv(EVERYTHING)
    return Far(tmp_path)


async def test_it_is_read_and_runs_after_a_yes_now_and_next_time(far: Far) -> None:
    app = far.tour()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "And me." in screen_text(app)
        await pilot.press("r")
        await asked(app, pilot)
        shown = screen_text(app)
        assert "Run this lesson's code?" in shown and "2 steps" in shown
        assert "before + 1" in shown and "[red]hello" in shown, "all steps, as text"
        assert far.sent == [], "not even the steps before it, in advance"
        await pilot.press("escape")
        await until(pilot, lambda: "none of this lesson has run" in screen_text(app))
        assert far.sent == [] and app.tour.state.report is None
        await pilot.press("r")
        await asked(app, pilot)
        await pilot.press("y")
        await ran(pilot)
        assert far.sent
    app = far.tour()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        assert app.screen is app.tour_screen


async def test_only_now_asks_again_next_time_and_a_change_is_shown(far: Far) -> None:
    app = far.tour()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await asked(app, pilot)
        await pilot.press("o")
        await ran(pilot)
        await pilot.press("r")
        await ran(pilot)
        assert app.screen is app.tour_screen, "once a start"
    trust = Trust(far.home / "trusted.json")
    assert not trust.files()
    trust.allow(open_path(far.file).entries[0].lesson(), keep=True)
    far.file.write_text(LESSON.replace("before + 1", "before + 1000"))
    app = far.tour()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await asked(app, pilot)
        shown = screen_text(app)
        assert "has changed since" in shown and "-before + 1" in shown and "+before + 1000" in shown
        assert far.sent == []


async def saved(app: TourApp, pilot: Pilot[Any], code: str) -> None:
    """Wait until the tour shows this code."""
    await until(pilot, lambda: app.tour.code.text == code)


async def test_each_save_asks_again_and_shows_what_changed_since_the_last_answer(far: Far) -> None:
    app = far.tour(AUTHOR)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await asked(app, pilot)
        await pilot.press("o")
        await ran(pilot)
        for old, new, answer in (("1", "2", "y"), ("2", "3", "o"), ("3", "4", "escape")):
            far.save(f"before + {new}")
            await saved(app, pilot, f"before + {new}")
            await pilot.press("r")
            await asked(app, pilot)
            shown = screen_text(app)
            assert f"-before + {old}" in shown and f"+before + {new}" in shown and far.ran == f"before + {old}"
            await pilot.press(answer)
            await until(pilot, lambda: app.screen is app.tour_screen)
            await ran(pilot)
        assert far.ran == "before + 3" and "its new code has not run" in screen_text(app)
        far.save("before + 2")
        await saved(app, pilot, "before + 2")
        await pilot.press("r")
        await ran(pilot)
        assert far.ran == "before + 2", "what was allowed before"


async def test_what_the_learner_writes_is_asked_about_once_and_until_the_tour_ends(far: Far) -> None:
    app = far.tour(AUTHOR)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await asked(app, pilot)
        assert "s each save too" in screen_text(app) and "after each save" in screen_text(app)
        await pilot.press("s")
        await ran(pilot)
        for code in ("before + 2", "before + 3"):
            far.save(code)
            await saved(app, pilot, code)
            await pilot.press("r")
            await until(pilot, lambda code=code: far.ran == code)
            assert app.screen is app.tour_screen
        # A link to somewhere else is another file.
        other = far.home / "other.yaml"
        other.write_text(LESSON.replace("before + 1", "before + 100"))
        far.file.unlink()
        far.file.symlink_to(other)
        await saved(app, pilot, "before + 100")
        await pilot.press("r")
        await asked(app, pilot)
        assert "other.yaml" in screen_text(app) and far.ran == "before + 3"
    assert not Trust(far.home / "trusted.json").files()


async def test_only_what_is_watched_can_be_trusted_as_it_is_written(far: Far) -> None:
    app = far.tour()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await asked(app, pilot)
        assert "each save" not in screen_text(app)
        await pilot.press("s")
        assert isinstance(app.screen, TrustScreen) and far.sent == []


async def test_what_is_saved_while_the_question_is_open_is_asked_about_too(far: Far) -> None:
    app = far.tour(AUTHOR)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await asked(app, pilot)
        question = app.screen
        far.save("before + 2")
        await saved(app, pilot, "before + 2")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, TrustScreen) and app.screen is not question)
        assert far.sent == []
        await asked(app, pilot)
        assert "+before + 2" in screen_text(app)


async def test_a_record_that_cannot_be_written_trusts_for_now(far: Far) -> None:
    (far.home / "trusted.json").mkdir()
    app = far.tour()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await asked(app, pilot)
        await pilot.press("y")
        await ran(pilot)
        assert "trusted for now only" in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_snapshot(far: Far, size: tuple[int, int], snap_compare, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await pilot.press("r")
        await asked(app, pilot)

    # The path is part of the picture.
    question = Trust.question
    place = Raw("/home/me/lessons/far.yaml")
    monkeypatch.setattr(Trust, "question", lambda *of: msgspec.structs.replace(question(*of), file=place))
    app = far.tour()
    assert snap_compare(app, terminal_size=size, run_before=ask)
