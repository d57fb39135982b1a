"""The tour of lessons from files shows each save, says what is wrong with it, and loses nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from fake_engine import FakeEngine, Script
from textual.pilot import Pilot
from tours import border, highlighted, ran, ready, screen_text, text, until

from jaxtour.commands import tour as command
from jaxtour.course.catalogue import Catalogue, LessonEntry, bundled, open_path
from jaxtour.course.model import Broken
from jaxtour.course.progress import Progress
from jaxtour.course.review import ReviewItem, utc_now
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.messages import Executed, Origin, Span, Stage, Trace
from jaxtour.tui.app import TourApp
from jaxtour.tui.authoring import AuthorApp
from jaxtour.tui.screens.home import HomeScreen
from jaxtour.tui.tour.reviewing import Reviewing

LESSON = """\
format: 1
id: own
title: My own
summary: For the tests.
minutes: 1
steps:
  - id: one
    title: One
    text: First.
    code: x = 1
  - id: two
    title: Two
    text: Second.
    code: x + 1
  - id: three
    title: Three
    text: Third.
    code: x + 2
"""


JAXPR = "{ lambda ; a:f32[]. let b:f32[] = add a 1.0:f32[] in (b,) }"
RAN = (
    Executed(run=0, status="ok", seconds=0.1),
    Trace(run=0, index=0, label="x + 1", call="x + 1", equations=1),
    Stage(run=0, index=0, stage="jaxpr", text=JAXPR),
)


@asynccontextmanager
async def writing(
    folder: Path, step: str = "two", script: Script | None = None
) -> AsyncIterator[tuple[AuthorApp, Pilot[int], Path]]:
    """Open a folder of two lessons at a step of the first one."""
    path = folder / "class" / "1-own.yaml"
    path.parent.mkdir()
    path.write_text(LESSON)
    path.with_name("2-more.yaml").write_text(LESSON.replace("id: own", "id: more"))
    session = Session(FakeEngine(script), WorkerConfig())
    app = AuthorApp(
        open_path(path.parent), session, Progress.open(folder / "progress.json"), start=("own", step), poll_s=0.01
    )
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        yield app, pilot, path


async def test_a_save_is_shown_with_the_place_the_result_and_the_edits_kept(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        await pilot.press("r")
        await ran(pilot)
        report = app.tour.state.report
        app.tour.edits.write(("own", "three"), app.tour.lesson.steps[2], "x + 20")  # type: ignore[arg-type]
        path.write_text(LESSON.replace("Second.", "Quite new.").replace("code: x + 2", "code: x + 3"))
        await until(pilot, lambda: "Quite new." in text(app, "lesson"))
        assert app.tour.key == ("own", "two") and app.tour.state.report is report
        assert "1-own.yaml was saved" in app.tour_screen._note
        path.write_text(LESSON.replace("code: x + 1", "code: x + 4"))
        await until(pilot, lambda: "r runs the new code" in app.tour_screen._note)
        assert "x + 4" in text(app, "source") and app.tour.state.report is report
        path.write_text(LESSON.replace("code: x + 2", "code: x + 3"))
        await until(pilot, lambda: "this is how it is now" in app.tour_screen._note)
        await pilot.press("n")
        assert app.tour.code.text == "x + 20" and app.tour.view.outdated


async def test_a_broken_save_names_the_fault_and_the_next_one_brings_all_back(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        # One step's fault: the other steps stay.
        path.write_text(LESSON.replace("text: Second.", "txt: Second."))
        await until(pilot, lambda: "did you mean `text`?" in text(app, "lesson"))
        assert app.tour.number == 2 and "1-own.yaml:13:5: unknown key `txt`" in app.tour_screen._note
        # The whole file is unreadable.
        path.write_text(LESSON.replace("minutes: 1", "minutes: {"))
        await until(pilot, lambda: "is a bracket above not closed?" in text(app, "lesson"))
        assert app.tour.key == ("own", "two") and isinstance(app.tour.step, Broken)
        await pilot.press("r")
        path.unlink()
        path.write_text(LESSON)
        await until(pilot, lambda: "Second." in text(app, "lesson"))
        assert app.tour.key == ("own", "two") and len(app.tour.lesson.steps) == 3


async def test_a_broken_step_shows_no_results_and_they_come_back_with_it(tmp_path: Path) -> None:
    async with writing(tmp_path, script={"x + 1": RAN}) as (app, pilot, path):
        await pilot.press("r")
        await ran(pilot)
        report, shown = app.tour.state.report, text(app, "stage")
        await pilot.press("1")
        assert "add a 1.0" in shown and "add a 1.0" in screen_text(app)
        for fault in (("text: Second.", "txt: Second."), ("minutes: 1", "minutes: {")):
            path.write_text(LESSON.replace(*fault))
            await until(pilot, lambda: "the results of its last run come back with it" in text(app, "lesson"))
            assert app.tour_screen.pane.id == "lesson" and app.tour.view.report is None
            await pilot.press("3", "t", "r", "1", "enter")
            assert "add a 1.0" not in screen_text(app)
            await pilot.press("escape")
            path.write_text(LESSON)
            await until(pilot, lambda: text(app, "stage") == shown)
            assert app.tour.state.report is report and app.tour_screen.pane.id == "stage"


async def test_problems_elsewhere_in_the_file_stay_in_view_and_a_run_says_what_it_lacks(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        broken = LESSON.replace("text: First.", "txt: First.").replace("minutes: 1", "minute: 1")
        path.write_text(broken)
        await until(pilot, lambda: "2 problems in the file: lines 5, 9" in border(app, "lesson"))
        await pilot.press("r")
        await ran(pilot)
        assert "ran without one, which cannot be read" in text(app, "result")
        await pilot.press("p")
        shown = " ".join(text(app, "lesson").split())
        assert "unknown key `txt`" in shown and "unknown key `minute`" in shown
        path.write_text(LESSON)
        await until(pilot, lambda: "First." in text(app, "lesson"))
        assert "problem" not in border(app, "lesson")
        await pilot.press("n")
        assert "ran without one" in text(app, "result"), "that run did"


async def test_code_that_changed_since_it_ran_is_not_linked_with_the_results(tmp_path: Path) -> None:
    span = Span("own/two", 1, 1, 1, 6)
    origin = Origin(kind="equation", name="add", spans=(span,))
    linked = msgspec.structs.replace(RAN[2], origins=(origin,), lines=(0,))
    async with writing(tmp_path, script={"x + 1": (*RAN[:2], linked)}) as (app, pilot, path):
        await pilot.press("r")
        await ran(pilot)
        await pilot.press("1")
        assert highlighted(app, "source") == [0] and "ran in" in screen_text(app)
        path.write_text(LESSON.replace("code: x + 1", "setup: x = 2\n    code: x + 1"))
        await until(pilot, lambda: "runs the new code" in app.tour_screen._note)
        assert highlighted(app, "source") == [] and "changed since it ran" in screen_text(app)
        path.write_text(LESSON.replace("code: x + 1", "code: y - 1"))
        await until(pilot, lambda: "y - 1" in text(app, "source"))
        assert "changed since it ran" in screen_text(app).splitlines()[0]
        assert highlighted(app, "source") == [] and "y - 1" not in border(app, "source")
        await pilot.press("enter")
        app.tour_screen.slots.focus("source")
        await pilot.pause()
        assert highlighted(app, "stage") == []
        path.write_text(LESSON)
        await until(pilot, lambda: "x + 1" in text(app, "source"))
        await pilot.press("1")
        assert highlighted(app, "source") == [0] and "ran in" in screen_text(app)


async def test_a_step_that_is_gone_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    async with writing(tmp_path, "three") as (app, pilot, path):
        path.write_text(LESSON[: LESSON.index("  - id: three")])
        await until(pilot, lambda: "Second." in text(app, "lesson"))
        assert app.tour.key == ("own", "two")


async def test_a_save_waits_for_the_editor_and_for_the_scratch_step(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        await pilot.press("e")
        await pilot.press("ctrl+end", "4")
        path.write_text(LESSON.replace("Second.", "While editing."))
        await until(pilot, lambda: "it is shown when you leave your own code" in app.tour_screen._note)
        assert app.tour_screen.panes.editor is not None and "Second." in text(app, "lesson")
        await pilot.press("escape")
        await until(pilot, lambda: "While editing." in text(app, "lesson"))
        assert app.tour.code.text.rstrip() == "x + 14"
        await pilot.press("s")
        await until(pilot, lambda: app.tour.scratch is not None)
        path.write_text(LESSON.replace("Second.", "While trying."))
        await until(pilot, lambda: "it is shown when you leave your own code" in app.tour_screen._note)
        await pilot.press("escape", "s")
        await until(pilot, lambda: "While trying." in text(app, "lesson"))


async def test_a_lesson_that_is_not_shown_is_read_again_when_it_is(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        await pilot.press("N", "B")
        other = path.with_name("2-more.yaml")
        other.write_text(LESSON.replace("id: own", "id: more").replace("First.", "Something else."))
        await until(pilot, lambda: app.tour.lessons.known(app.tour.catalogue.entries[1]) is None)
        await pilot.press("N")
        await until(pilot, lambda: "Something else." in text(app, "lesson"))


async def listed(app: AuthorApp, pilot: Pilot[int], *ids: str) -> None:
    """Wait until these are the lessons."""
    await until(pilot, lambda: tuple(entry.id for entry in app.tour.catalogue.entries) == ids)


def other(path: Path, name: str, lesson: str) -> Path:
    """Save another lesson next to a file, as editors do."""
    new = path.with_name(name)
    new.write_text(LESSON.replace("id: own", f"id: {lesson}").replace("First.", f"The first of {lesson}."))
    return new


async def test_a_new_file_is_a_lesson_and_a_removed_one_is_none_while_place_and_results_stay(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        await pilot.press("r")
        await ran(pilot)
        report = app.tour.state.report
        app.tour.edits.write(("own", "three"), app.tour.lesson.steps[2], "x + 20")  # type: ignore[arg-type]
        before = other(path, "0-before.yaml", "before")
        between = other(path, "1-own_b.yaml", "between")
        await listed(app, pilot, "before", "own", "own-b", "more")
        assert "0-before.yaml is new; 1-own_b.yaml is new" in app.tour_screen._note
        assert app.tour.key == ("own", "two") and app.tour.index == 1 and app.tour.state.report is report
        await pilot.press("N")
        await until(pilot, lambda: "The first of between." in text(app, "lesson"))
        other(path, "1-own_b.yaml", "between").write_text(between.read_text().replace("The first of", "Say"))
        await until(pilot, lambda: "Say between." in text(app, "lesson"))
        await pilot.press("B")
        await pilot.press("n")
        assert app.tour.key == ("own", "two") and app.tour.state.report is report
        before.unlink()
        await listed(app, pilot, "own", "between", "more")
        assert "0-before.yaml is gone" in app.tour_screen._note and app.tour.index == 0
        before = other(path, "0-before.yaml", "before")
        before.write_text(before.read_text().replace("The first of", "Back in"))
        await listed(app, pilot, "before", "own", "between", "more")
        await pilot.press("B")
        await until(pilot, lambda: "Back in before." in text(app, "lesson"))
        await pilot.press("N", "n", "n")
        assert app.tour.code.text == "x + 20"


async def test_the_lesson_shown_stays_while_its_file_is_gone_and_moves_with_its_name(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        await pilot.press("r")
        await ran(pilot)
        report = app.tour.state.report
        path.unlink()
        await until(pilot, lambda: "1-own.yaml is gone: its lesson stays until you leave it" in app.tour_screen._note)
        assert app.tour.key == ("own", "two") and "Second." in text(app, "lesson")
        moved = path.with_name("3-last.yaml")
        moved.write_text(LESSON.replace("Second.", "Second now."))
        await listed(app, pilot, "more", "own")
        assert app.tour.key == ("own", "two") and "Second now." in text(app, "lesson")
        assert app.tour.state.report is report and app.tour.index == 1
        moved.write_text(LESSON.replace("Second.", "Second, saved."))
        await until(pilot, lambda: "Second, saved." in text(app, "lesson"))
        moved.unlink()
        await until(pilot, lambda: "3-last.yaml is gone: its" in app.tour_screen._note)
        await pilot.press("B")
        await listed(app, pilot, "more")
        assert app.tour.key == ("more", "one")


async def test_places_in_a_list_stay_until_it_is_closed(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        polls, as_now = 0, Catalogue.as_now

        def counted(catalogue: Catalogue, shown: LessonEntry) -> Catalogue:
            nonlocal polls
            polls += 1
            return as_now(catalogue, shown)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Catalogue, "as_now", counted)
            other(path, "0-before.yaml", "before")
            await until(pilot, lambda: polls > 5)
        assert len(app.tour.catalogue.entries) == 2
        await pilot.press("down", "enter")
        await listed(app, pilot, "before", "own", "more")
        assert app.tour.key == ("more", "one")


async def test_a_review_goes_on_with_the_lessons_that_it_began_with(tmp_path: Path) -> None:
    async with writing(tmp_path) as (app, pilot, path):
        app.tour_screen.begin_review(Reviewing(app.tour, [ReviewItem("own", "one", utc_now())]))
        await until(pilot, lambda: app.tour_screen is not app._first)
        path.write_text(LESSON.replace("First.", "Changed.").replace("Second.", "Changed too."))
        other(path, "0-before.yaml", "before")
        app.tour_screen.leave_review()
        await until(pilot, lambda: "Changed too." in text(app, "lesson"))
        await listed(app, pilot, "before", "own", "more")
        assert app.tour.key == ("own", "two")


def test_only_lessons_from_files_are_watched(tmp_path: Path) -> None:
    assert command.app_for(bundled()) is TourApp
    (tmp_path / "own.yaml").write_text(LESSON)
    assert command.app_for(open_path(tmp_path / "own.yaml")) is AuthorApp
