"""Sums up what a learner did in a lesson."""

from datetime import datetime

import msgspec

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.course.progress import Progress
from jaxtour.course.review import items
from jaxtour.course.standing import Standing, standing


class LessonSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson in figures and names; steps are named by their titles."""

    standing: Standing
    left: tuple[str, ...]
    """The steps that are not done."""
    missed: tuple[str, ...]
    """The steps whose question the learner answered wrongly."""
    shown: tuple[str, ...]
    """The exercises whose solution was shown before the learner found one: they do not count as solved."""
    review: datetime | None
    """When its first step is due for review."""


def lesson_summary(lesson: Lesson, progress: Progress, now: datetime) -> LessonSummary:
    """Sum up what is saved for the lesson's steps."""
    steps = [(step, progress.saved(lesson.id, step.id)) for step in lesson.steps]
    whole = [(step, saved) for step, saved in steps if isinstance(step, Step)]
    return LessonSummary(
        standing=standing(lesson, progress),
        left=tuple(step.title for step, saved in steps if not (saved.done or isinstance(step, Broken))),
        missed=tuple(step.title for step, saved in whole if step.ask and saved.right is False),
        shown=tuple(step.title for step, saved in whole if step.exercise and saved.gave_up),
        review=min((item.due for item in items(progress, now) if item.lesson == lesson.id), default=None),
    )
