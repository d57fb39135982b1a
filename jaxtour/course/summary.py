"""What a learner did in a lesson."""

from datetime import datetime

import msgspec

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.course.progress import Progress
from jaxtour.course.review import items


class LessonSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson in figures; steps are named by their titles."""

    title: str
    steps: int
    left: tuple[str, ...]
    """The steps that are not done."""
    predictions: int
    """How many there are to make."""
    right: int
    missed: tuple[str, ...]
    exercises: int
    solved: int
    """By the learner, with hints or without."""
    hints: int
    shown: int
    """How many solutions were shown before the learner had one."""
    seconds: float
    review: datetime | None
    """When the first of its steps is due for review."""


def lesson_summary(lesson: Lesson, progress: Progress, now: datetime) -> LessonSummary:
    """Add up what is kept of the lesson's steps."""
    steps = [(step, progress.saved(lesson.id, step.id)) for step in lesson.steps]
    asked = [(step, saved) for step, saved in steps if isinstance(step, Step) and step.ask]
    exercises = [saved for step, saved in steps if isinstance(step, Step) and step.exercise]
    dues = [item.due for item in items(progress, now) if item.lesson == lesson.id]
    return LessonSummary(
        title=lesson.title,
        steps=len(steps),
        left=tuple(step.title for step, saved in steps if not (saved.done or isinstance(step, Broken))),
        predictions=len(asked),
        right=sum(saved.right is True for _, saved in asked),
        missed=tuple(step.title for step, saved in asked if saved.right is False),
        exercises=len(exercises),
        solved=sum(saved.done and not saved.gave_up for saved in exercises),
        hints=sum(saved.hints for saved in exercises),
        shown=sum(saved.gave_up for saved in exercises),
        seconds=sum(saved.seconds for _, saved in steps),
        review=min(dues, default=None),
    )
