"""Review: predictions and exercises come back over days, each when it is about to be forgotten, as FSRS predicts."""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import Broken, CourseError, Lesson, Step
from jaxtour.course.progress import Progress, SavedStep

if TYPE_CHECKING:
    from fsrs import Card

Rating: TypeAlias = Literal["again", "hard", "good"]
RATINGS: tuple[Rating, ...] = ("again", "hard", "good")
"""The ratings, from worst to best."""
AHEAD = timedelta(days=1)
"""A review further in the future was recorded by a clock that has been set back since."""
NEVER = datetime.min.replace(tzinfo=UTC)
MOST_DAYS = 365


class ReviewItem(NamedTuple):
    """A step to review, and when."""

    lesson: str
    step: str
    due: datetime


def utc_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)


def items(progress: Progress, now: datetime) -> list[ReviewItem]:
    """Return every step that has a card, the earliest due first."""
    found = [
        ReviewItem(lesson, step, _due(saved.card, now))
        for lesson, steps in progress.lessons.items()
        for step, saved in steps.items()
        if saved.card is not None
    ]
    return sorted(found, key=lambda item: item.due)


def due(found: Iterable[ReviewItem], now: datetime) -> list[ReviewItem]:
    """Return those that are due now."""
    return [item for item in found if item.due <= now]


def reviewable(progress: Progress, catalogue: Catalogue, now: datetime) -> list[ReviewItem]:
    """Return the items whose steps are in the catalogue, after making the cards that are missing.

    Reads only lessons that the learner has begun. Items due at the same time keep the course's order.
    """
    kept = []
    for entry in catalogue.entries:
        if entry.id in progress.lessons:
            lesson = entry.lesson()
            enrol(progress, lesson, now)
            kept += [(lesson.id, step.id) for step in lesson.steps if asks(step)]
    found = [item for item in items(progress, now) if item[:2] in kept]
    return sorted(found, key=lambda item: (item.due, kept.index(item[:2])))


def enrol(progress: Progress, lesson: Lesson, now: datetime) -> None:
    """Make cards for what the learner missed, and for all predictions and exercises once the lesson is finished."""
    finished = all(progress.is_done(lesson.id, step.id) for step in lesson.steps if isinstance(step, Step))
    for step in lesson.steps:
        saved = progress.saved(lesson.id, step.id)
        if isinstance(step, Broken) or not asks(step) or saved.card is not None:
            continue
        rating = min(_ratings(step, saved, finished=finished), key=RATINGS.index, default=None)
        if rating is not None and (finished or rating != "good"):
            reschedule(progress, lesson.id, step.id, rating, now)


def outcome(step: Step, saved: SavedStep) -> Rating | None:
    """Return how a review of the step went; None if the learner left it open."""
    found = list(_ratings(step, saved, finished=False))
    if step.exercise and saved.attempts and not saved.done:
        found.append("again")
    if "again" not in found and len(found) < bool(step.ask) + bool(step.exercise):
        return None
    return min(found, key=RATINGS.index)


def reschedule(progress: Progress, lesson: str, step: str, rating: Rating, now: datetime) -> None:
    """Save when the step is due after this answer."""
    # Imported here: only an answer needs it.
    from fsrs import Rating as Fsrs
    from fsrs import Scheduler

    # Without steps of minutes every interval is a day or more; without fuzz the same answers give the same days.
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), maximum_interval=MOST_DAYS, enable_fuzzing=False)
    card = _card(progress.saved(lesson, step).card)
    after, _ = scheduler.review_card(card, Fsrs[rating.capitalize()], now.astimezone(UTC))
    progress.update(lesson, step, card=dict(after.to_dict()))


def asks(step: Step | Broken) -> bool:
    """Return whether there is something to review: a question or an exercise."""
    return isinstance(step, Step) and bool(step.ask or step.exercise)


def _ratings(step: Step, saved: SavedStep, *, finished: bool) -> Iterator[Rating]:
    """Yield ratings of the prediction and of the exercise; one that was skipped in a finished lesson is hard."""
    if step.ask and (saved.right is not None or finished):
        yield "hard" if saved.right is None else "good" if saved.right else "again"
    if step.exercise and (saved.gave_up or saved.done):
        yield "again" if saved.gave_up else "hard" if saved.hints else "good"


def _card(kept: dict[str, Any] | None) -> "Card":
    """Return the saved card; a new one if FSRS cannot read it."""
    from fsrs import Card, State

    new = Card(card_id=0)
    try:
        card = Card.from_dict(kept)  # type: ignore[arg-type]
        # Without steps of minutes, a card that was reviewed is in this state.
        if card.state is not State.Review or card.last_review is None:
            return new
        card.last_review = _in_utc(card.last_review)
        sound = 0 < (card.stability or 0) < math.inf and 0 < (card.difficulty or 0) < math.inf
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return new
    return card if sound else new


def _due(card: dict[str, Any], now: datetime) -> datetime:
    """Return when the card is due: at once if it cannot be read, or if its last review is in the future."""
    found = _moment(card, "due")
    return now if found is None or last_review(card) > now + AHEAD else found


def last_review(card: dict[str, Any]) -> datetime:
    """Return when the card was last reviewed; long ago if it never was, or if that cannot be read."""
    return _moment(card, "last_review") or NEVER


def _moment(card: dict[str, Any], field: str) -> datetime | None:
    try:
        return _in_utc(datetime.fromisoformat(card[field]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


class Review:
    """The steps of one review, one after the other, and the outcome of each."""

    def __init__(self, catalogue: Catalogue, progress: Progress, found: Iterable[ReviewItem]) -> None:
        self._catalogue = catalogue
        self._progress = progress
        self.items = list(found)
        self.place = 0
        self.answers = Progress.in_memory()
        """What the learner answers in this review: without earlier answers, edits and hints."""
        self.results: dict[ReviewItem, Rating] = {}

    @property
    def item(self) -> ReviewItem:
        """The current item."""
        return self.items[self.place]

    def settle(self, now: datetime) -> None:
        """Reschedule the current item by its answer, once; an item that was left open stays due."""
        item = self.item
        try:
            _, step = self._catalogue.find(f"{item.lesson}/{item.step}")
        except CourseError:
            return
        rating = outcome(step, self.answers.saved(*item[:2])) if isinstance(step, Step) else None
        if rating is not None and item not in self.results:
            self.results[item] = rating
            reschedule(self._progress, item.lesson, item.step, rating, now)
