"""The tour shows a review, and a lesson's end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tours import Tours, idle, ran, ready, screen_text, text, until

from jaxtour.course.catalogue import open_path
from jaxtour.course.progress import Progress
from jaxtour.course.review import items, reschedule
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.tui.app import TourApp

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MINE = "def double(x):\n    return x + x\n"
SOLVED = "def double(x):\n    return 2 * x\n"
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])


@pytest.fixture
def due(tours: Tours) -> Progress:
    """Make two questions due; the learner solved one of them."""
    progress = Progress.open(tours.path)
    progress.update("vmap", "write", edit=MINE, done=True, hints=1)
    progress.update("vmap", "choose", answer="(2, 3)", right=False, done=True)
    for days, step in enumerate(("write", "choose"), 10):
        reschedule(progress, "vmap", step, "again", NOW - days * DAY)
    return progress


def app_of(tours: Tours, step: str = "one") -> TourApp:
    return tours.make(step, now=lambda: NOW, stable=True)


async def test_a_review_asks_anew_and_the_tour_is_as_it_was_afterwards(tours: Tours, due: Progress) -> None:
    app = app_of(tours)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        main = app.tour_screen
        await pilot.press("A")
        await until(pilot, lambda: app.tour_screen is not main)
        assert app.tour.key == ("vmap", "choose") and "review 1 of 2" in screen_text(app)
        assert "l end review" in screen_text(app) and "(2, 3)" in text(app, "lesson")
        assert not app.tour.is_done("vmap", "choose") and app.tour.progress.saved("vmap", "choose").answer is None
        await pilot.press("p")
        assert "this is the first question" in screen_text(app)
        await pilot.press("n")
        assert app.tour.key == ("vmap", "write") and "review 2 of 2" in screen_text(app)
        assert "..." in app.tour.code.text, "the starter, not the learner's solution"
        await pilot.press("e")
        assert app.tour_screen.panes.editor is not None
        app.tour_screen.panes.editor.text = SOLVED
        await pilot.press("f5")
        await ran(pilot)
        await idle(pilot)
        await pilot.press("escape", "n")
        await until(pilot, lambda: "Enter to the tour" in screen_text(app))
        shown = screen_text(app)
        assert "· vmap › Which one is it?   left open" in shown and "✓ vmap › Your turn" in shown
        assert "Still due     1" in shown and "Next review" in shown
        await pilot.press("escape")
        assert app.tour.key == ("vmap", "write"), "Esc stays in the review"
        await pilot.press("l", "enter")
        await until(pilot, lambda: app.screen is main)
        assert app.tour.key == ("vmap", "one") and app.tour.progress.saved("vmap", "write").edit == MINE
        assert main.pane.has_focus
    kept = Progress.open(tours.path)
    assert kept.saved("vmap", "write").edit == MINE and kept.saved("vmap", "choose").answer == "(2, 3)"
    assert {item.step: item.due > NOW for item in items(kept, NOW)} == {"write": True, "choose": False}
    assert kept.place == ("vmap", "one")


async def test_leaving_in_the_middle_keeps_what_was_answered(tours: Tours, due: Progress) -> None:
    app = app_of(tours)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("A")
        await until(pilot, lambda: "review 1 of 2" in screen_text(app))
        app.tour.progress.update("vmap", "choose", right=True)
        await pilot.press("q")
    assert {item.step: item.due > NOW for item in items(Progress.open(tours.path), NOW)}["choose"]


async def test_nothing_due_says_when_something_is(tours: Tours) -> None:
    app = app_of(tours)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("A")
        assert "nothing to review yet" in screen_text(app)
        reschedule(app.tour.progress, "vmap", "choose", "again", NOW)
        await pilot.press("A")
        assert "nothing is due for review; the next: vmap/choose tomorrow" in screen_text(app)


async def test_a_missed_question_gets_a_card_as_soon_as_the_step_has_run(tours: Tours) -> None:
    app = app_of(tours, "choose")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        app.tour.progress.update("vmap", "choose", answer="(2, 3)", right=False)
        await pilot.press("r")
        await ran(pilot)
        app.tour_screen.settle()
    [item] = items(Progress.open(tours.path), NOW)
    assert (item.step, item.due) == ("choose", NOW + DAY)


async def test_a_lesson_ends_although_its_last_step_has_not_run(tours: Tours) -> None:
    app = app_of(tours)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("N", "r")
        await ran(pilot)
        await pilot.press("n", "n")
        await until(pilot, lambda: "Enter next lesson" in screen_text(app))
        assert "1 of 2" in screen_text(app) and "still to do" in screen_text(app)


async def test_a_lesson_ends_with_what_was_done_in_it(tours: Tours) -> None:
    app = app_of(tours)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("N", "n", "n")
        assert app.screen is app.tour_screen, "nothing is done in it: no end"
        await pilot.press("p", "r")
        await ran(pilot)
        # Typed ahead, the second key continues to the next lesson.
        await pilot.press("n")
        shown = screen_text(app)
        assert "State and randomness" in shown and "1 of 2" in shown and "still to do" in shown
        assert "The same key, the same number" in shown and "A lesson that does not load" in shown
        assert "Predictions" not in shown and "Exercises" not in shown
        await pilot.press("escape")
        assert app.tour.key == ("state", "split")
        await pilot.press("n", "n")
        await until(pilot, lambda: app.screen is app.tour_screen)
        assert app.tour.lesson.id == "odd"


@SIZES
def test_picture_of_a_review(snap_compare: Any, tours: Tours, due: Progress, size: tuple[int, int]) -> None:
    app = app_of(tours)

    async def before(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await pilot.press("A")
        await until(pilot, lambda: "review 1 of 2" in screen_text(app))

    assert snap_compare(app, terminal_size=size, run_before=before)


@SIZES
def test_picture_of_a_reviews_end(snap_compare: Any, tours: Tours, due: Progress, size: tuple[int, int]) -> None:
    app = app_of(tours)

    async def before(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await pilot.press("A")
        await until(pilot, lambda: "review 1 of 2" in screen_text(app))
        app.tour.progress.update("vmap", "choose", right=False)
        await pilot.press("n")
        app.tour.progress.update("vmap", "write", done=True)
        await pilot.press("n")
        await until(pilot, lambda: "Enter to the tour" in screen_text(app))

    assert snap_compare(app, terminal_size=size, run_before=before)


@SIZES
def test_picture_of_a_lessons_end(snap_compare: Any, tours: Tours, size: tuple[int, int]) -> None:
    progress = Progress.open(tours.path)
    lesson = tours.entries[0].given
    for step in lesson.steps:
        progress.update("vmap", step.id, done=step.id != "forever", seconds=95.0)
    progress.update("vmap", "many", answer="5", right=True)
    progress.update("vmap", "choose", answer="(2, 3)", right=False)
    progress.update("vmap", "write", hints=2)
    app = app_of(tours, "bad")

    async def before(pilot: Pilot[Any]) -> None:
        await ready(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "Enter next lesson" in screen_text(app))

    assert snap_compare(app, terminal_size=size, run_before=before)


LESSON = """\
format: 1
id: short
title: A short lesson
summary: A prediction and an exercise.
minutes: 1
steps:
  - id: first
    title: First
    text: Read.
    code: y = 3
  - id: guess
    title: A guess
    text: Say it.
    code: y + 1
    ask: {question: What is it?, choices: [three, "4"], value: y + 1}
  - id: task
    title: A task
    text: Make `z` the double of `y`.
    exercise:
      starter: z = None
      check: assert z == 6
      solution: z = 2 * y
"""


async def test_a_review_with_a_real_worker(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(LESSON)
    progress = Progress.open(tmp_path / "progress.json")
    reschedule(progress, "short", "guess", "again", NOW - 30 * DAY)
    reschedule(progress, "short", "task", "good", NOW - 30 * DAY)
    progress.update("short", "guess", answer="three", right=False)
    session = Session(ProcessEngine(), WorkerConfig(platform="cpu"))
    app = TourApp(open_path(tmp_path / "short.yaml"), session, progress, now=lambda: NOW, review=True)
    async with app.run_test(size=(80, 24)) as pilot:
        try:
            await until(pilot, lambda: "review 1 of 2" in screen_text(app) and session.state == "ready")
            await pilot.press("2", "r")
            await until(pilot, lambda: "✓ right" in screen_text(app))
            assert app.tour.progress.saved("short", "guess").right
            await pilot.press("n", "e")
            assert app.tour_screen.panes.editor is not None
            app.tour_screen.panes.editor.text = "z = y + y"
            await pilot.press("f5")
            await until(pilot, lambda: app.tour.is_done("short", "task") and not app.tour.busy)
            await pilot.press("escape", "n")
            await until(pilot, lambda: "✓ short › A task" in screen_text(app))
            assert "✓ short › A guess" in screen_text(app)
        finally:
            await session.close()
    kept = Progress.open(progress.path)
    assert kept.saved("short", "task").edit is None and not kept.is_done("short", "task")
    assert kept.saved("short", "guess").right is False, "the first answer stays what it was"
    assert [item.due > NOW + DAY for item in items(kept, NOW)] == [True, True]
