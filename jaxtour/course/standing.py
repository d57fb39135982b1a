"""Works out how far the learner is: counts for a lesson, where to continue, and what is due for review."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from jaxtour.course.model import Lesson, Step
from jaxtour.course.progress import Progress
from jaxtour.course.review import due as due_items
from jaxtour.course.review import items, utc_now

IsDone = Callable[[str, str], bool]
"""Whether a step is done, by the ids of its lesson and its own."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the learner has done in a lesson, or in several."""

    steps: int = 0
    done: int = 0
    exercises: int = 0
    solved: int = 0
    """Exercises done before their solution was shown."""
    predictions: int = 0
    """How many the lesson asks for."""
    made: int = 0
    right: int = 0
    hints: int = 0
    seconds: float = 0.0
    """How long the learner spent at its steps."""
    minutes_left: int = 0
    """What is left of the lesson's minutes, in proportion to its steps."""

    @property
    def complete(self) -> bool:
        """Whether every step is done."""
        return self.done == self.steps > 0


def standing(lesson: Lesson, progress: Progress, is_done: IsDone | None = None) -> Standing:
    """Count the progress in a lesson; `is_done` may know steps that are not saved yet."""
    is_done = is_done or progress.is_done
    counts = dict.fromkeys(("done", "exercises", "solved", "predictions", "made", "right", "hints"), 0)
    seconds = 0.0
    for step in lesson.steps:
        saved, done = progress.saved(lesson.id, step.id), is_done(lesson.id, step.id)
        counts["done"] += done
        seconds += saved.seconds
        if isinstance(step, Step) and step.exercise:
            counts["exercises"] += 1
            counts["solved"] += done and not saved.gave_up
            counts["hints"] += saved.hints
        if isinstance(step, Step) and step.ask:
            counts["predictions"] += 1
            # A question that the learner skipped by running does not count.
            counts["made"] += saved.right is not None
            counts["right"] += saved.right is True
    steps = len(lesson.steps)
    left = math.ceil(lesson.minutes * (steps - counts["done"]) / steps) if steps else 0
    return Standing(steps=steps, seconds=seconds, minutes_left=left, **counts)


def total(standings: Iterable[Standing]) -> Standing:
    """Add up several lessons."""
    standings = list(standings)
    return Standing(**{name: sum(getattr(each, name) for each in standings) for name in Standing.__struct_fields__})


def undone(lesson: Lesson, is_done: IsDone, start: int = 0) -> int | None:
    """Return the index of the lesson's first undone step from `start` on, or else before it; None if all are done."""
    places = [*range(start, len(lesson.steps)), *range(start)]
    return next((place for place in places if not is_done(lesson.id, lesson.steps[place].id)), None)


def goes_on(lessons: Sequence[Lesson | None], is_done: IsDone, lesson: int, step: int) -> tuple[int, int] | None:
    """Return where to continue from a step: at it, at its lesson's next undone one, or in the lessons after and before.

    Returns the indices of lesson and step; None if everything is done. Lessons that are not read yet are None.
    """
    for index in [*range(lesson, len(lessons)), *range(lesson)]:
        found = lessons[index]
        place = undone(found, is_done, step if index == lesson else 0) if found else None
        if place is not None:
            return index, place
    return None


def overdue(progress: Progress, now: datetime | None = None) -> list[tuple[str, str]]:
    """Return lesson and step of each card that is due for review, the longest due first."""
    now = now or utc_now()
    return [item[:2] for item in due_items(items(progress, now), now)]


def due(progress: Progress) -> int:
    """Return the number of cards that are due for review."""
    return len(overdue(progress))
