"""Review has the right cards, each due at the right time, and an answer moves it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_lessons import ASKING, course

from jaxtour.course.progress import Progress
from jaxtour.course.review import Review, ReviewItem, due, enrol, items, outcome, reschedule, reviewable
from jaxtour.course.summary import lesson_summary

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress.open(tmp_path / "progress.json")


def finish(progress: Progress) -> None:
    for step in ASKING.steps:
        progress.mark_done("asking", step.id)


def steps(found: list[ReviewItem]) -> list[str]:
    return [item.step for item in found]


def test_what_was_missed_has_a_card_at_once_and_the_rest_when_the_lesson_is_finished(progress: Progress) -> None:
    progress.update("asking", "guess", right=False, done=True)
    progress.update("asking", "write", hints=1)
    enrol(progress, ASKING, NOW)
    assert steps(items(progress, NOW)) == ["guess"], "the exercise is still open"
    progress.update("asking", "shape", right=True, done=True)
    progress.update("asking", "write", done=True)
    enrol(progress, ASKING, NOW)
    assert steps(items(progress, NOW)) == ["guess", "write"], "a hint was needed"
    finish(progress)
    enrol(progress, ASKING, NOW)
    found = items(progress, NOW)
    assert sorted(steps(found)) == ["both", "guess", "shape", "write"]
    assert due(found, NOW) == []
    dues = {item.step: item.due for item in found}
    assert dues["guess"] == NOW + DAY and dues["shape"] > NOW + DAY, "what was right comes later"
    enrol(progress, ASKING, NOW + 9 * DAY)
    assert items(progress, NOW) == found, "a second time changes nothing"


def test_right_answers_are_asked_again_later_and_later_and_a_wrong_one_soon(progress: Progress) -> None:
    now, gaps = NOW, []
    for _ in range(5):
        reschedule(progress, "asking", "shape", "good", now)
        [item] = items(progress, now)
        assert due([item], item.due) == [item] and due([item], item.due - DAY / 2) == []
        gaps.append(item.due - now)
        now = item.due
    assert gaps == sorted(gaps) and gaps[-1] > 5 * gaps[0]
    reschedule(progress, "asking", "shape", "again", now)
    [item] = items(progress, now)
    assert DAY <= item.due - now < gaps[-1]


def test_a_clock_that_was_set_back_loses_no_review(progress: Progress) -> None:
    later = NOW + 400 * DAY
    reschedule(progress, "asking", "shape", "good", later)
    [item] = items(progress, NOW)
    assert due([item], NOW) == [item]
    reschedule(progress, "asking", "shape", "good", NOW)
    [item] = items(progress, NOW)
    assert NOW + DAY <= item.due <= NOW + 365 * DAY
    # The hours of another machine make no difference worth mentioning.
    reschedule(progress, "asking", "shape", "good", NOW)
    assert due(items(progress, NOW - DAY / 2), NOW - DAY / 2) == []


@pytest.mark.parametrize(
    "card",
    [
        {},
        {"due": "tomorrow", "last_review": None},
        {"card_id": 0, "state": 9, "step": None, "stability": 1.0, "difficulty": 1.0, "due": "x", "last_review": "x"},
        {"card_id": 0, "state": 2, "step": None, "stability": -3.0, "difficulty": None,
         "due": "2026-01-01T00:00:00", "last_review": "2026-01-01T00:00:00"},
        # A state that none of our reviews leaves.
        {"card_id": 0, "state": 1, "step": None, "stability": 2.0, "difficulty": 5.0,
         "due": "2026-01-01T00:00:00", "last_review": "2026-01-01T00:00:00"},
        {"card_id": 0, "state": 2, "step": None, "stability": "x", "difficulty": 5.0,
         "due": "2026-01-01T00:00:00", "last_review": "2026-01-01T00:00:00"},
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_read_is_due_and_begins_again(progress: Progress, card: dict[str, object]) -> None:
    progress.update("asking", "shape", card=card)
    [item] = items(progress, NOW)
    assert due([item], NOW) == [item]
    reschedule(progress, "asking", "shape", "good", NOW)
    [item] = items(progress, NOW)
    assert item.due > NOW


def test_how_a_review_went(progress: Progress) -> None:
    by_id = {step.id: step for step in ASKING.steps}

    def went(step: str, **saved: object) -> str | None:
        memory = Progress.in_memory()
        memory.update("asking", step, **saved)
        return outcome(by_id[step], memory.saved("asking", step))

    assert went("shape") is None and went("shape", done=True) is None, "it ran without an answer"
    assert went("shape", right=True) == "good" and went("shape", right=False) == "again"
    assert went("write") is None and went("write", hints=2) is None
    assert went("write", attempts=2) == "again", "tried, and left unsolved"
    assert went("write", done=True, attempts=2) == "good" and went("write", done=True, hints=1) == "hard"
    assert went("write", done=True, gave_up=True) == "again"
    assert went("both", right=True) is None and went("both", right=True, done=True, hints=1) == "hard"
    assert went("both", right=False) == "again"


def test_a_review_asks_anew_and_keeps_what_the_learner_wrote(progress: Progress) -> None:
    catalogue = course(ASKING)
    finish(progress)
    progress.update("asking", "write", edit="def double(x): return x + x\n")
    progress.update("asking", "shape", answer="(3,)", right=True)
    assert steps(due(reviewable(progress, catalogue, NOW), NOW + 400 * DAY)) == ["guess", "both", "shape", "write"]
    found = due(reviewable(progress, catalogue, NOW + 400 * DAY), NOW + 400 * DAY)
    review = Review(catalogue, progress, found)
    assert review.item.step == "guess"
    assert (
        review.answers.saved("asking", "write").edit is None and review.answers.saved("asking", "shape").answer is None
    )
    review.settle(NOW + 400 * DAY)
    assert review.results == {} and items(progress, NOW)[0].step == "guess", "left open, it stays due"
    review.place = steps(review.items).index("write")
    review.answers.update("asking", "write", done=True)
    review.settle(NOW + 400 * DAY)
    review.answers.update("asking", "write", gave_up=True)
    review.settle(NOW + 400 * DAY)
    assert list(review.results.values()) == ["good"], "the first outcome counts"
    assert progress.saved("asking", "write").edit == "def double(x): return x + x\n"
    assert {item.step: item.due for item in items(progress, NOW + 400 * DAY)}["write"] > NOW + 401 * DAY
    assert Progress.open(progress.path).saved("asking", "write").card == progress.saved("asking", "write").card


def test_only_steps_that_are_there_are_reviewed(progress: Progress) -> None:
    reschedule(progress, "asking", "gone", "good", NOW)
    reschedule(progress, "another", "shape", "good", NOW)
    progress.update("asking", "plain", done=True)
    assert reviewable(progress, course(ASKING), NOW) == []


def test_a_lesson_in_figures(progress: Progress) -> None:
    progress.update("asking", "guess", right=False, done=True, seconds=40.0)
    progress.update("asking", "shape", right=True, done=True, seconds=20.5)
    progress.update("asking", "write", done=True, hints=2, attempts=1)
    progress.update("asking", "both", gave_up=True, done=True)
    summary = lesson_summary(ASKING, progress, NOW)
    found = summary.standing
    assert (found.predictions, found.made, found.right, summary.missed) == (3, 2, 1, ("A guess",))
    assert (found.exercises, found.solved, found.hints, summary.shown) == (2, 1, 2, ("Both",))
    assert (found.seconds, summary.left, summary.review) == (60.5, ("Nothing asked",), None)
    enrol(progress, ASKING, NOW)
    assert lesson_summary(ASKING, progress, NOW).review == NOW + DAY
