"""`jaxtour progress` and `jaxtour reset`: shows what the learner has done so far, and forgets it."""

import shlex
from collections.abc import Mapping
from typing import Any

from jaxtour.commands.common import agreed, catalogue_for, lessons_for, opened_progress, write, write_json
from jaxtour.commands.listing import table
from jaxtour.course.model import CourseError, Lesson
from jaxtour.course.progress import Progress, SavedStep
from jaxtour.course.standing import Standing, due, standing, total
from jaxtour.course.state import back_up
from jaxtour.render.standing import exercises_words, further_words, minutes, predictions_words, steps_words
from jaxtour.streams import warn
from jaxtour.text import clean, plural


def progress(target: str | None, *, as_json: bool) -> int:
    """Print the progress in each lesson, in all of them, and the place where the learner left off."""
    lessons = lessons_for(target)
    kept = Progress.open()
    if kept.notice:
        warn(kept.notice)
    counted = [standing(lesson, kept) for lesson in lessons]
    everything = total(counted)
    if as_json:
        place = dict(zip(("lesson", "step"), kept.place, strict=True)) if kept.place else None
        documents = [
            {"id": lesson.id, "title": lesson.title, **_document(each)}
            for lesson, each in zip(lessons, counted, strict=True)
        ]
        write_json({"lessons": documents, "total": _document(everything), "place": place, "due": due(kept)})
        return 0
    rows = [_row(lesson.id, each) for lesson, each in zip(lessons, counted, strict=True)]
    if len(lessons) > 1:
        rows.append(_row("total", everything))
    write(table(rows, [()] * len(rows)) + "".join(f"{line}\n" for line in _further(lessons, kept)))
    return 0


def _document(each: Standing) -> dict[str, Any]:
    return {
        "steps": {"done": each.done, "of": each.steps},
        "predictions": {"right": each.right, "made": each.made, "of": each.predictions},
        "exercises": {"solved": each.solved, "of": each.exercises},
        "hints": each.hints,
        "minutes": round(each.seconds / 60, 3),
        "minutes_left": each.minutes_left,
    }


def _row(name: str, each: Standing) -> tuple[str, ...]:
    left = f"{minutes(each.minutes_left)} left" if each.minutes_left else ""
    further = ", ".join(further_words(each))
    words = (steps_words(each), exercises_words(each), predictions_words(each), left)
    return ("✓" if each.complete else " ", name, *words, further)


def _further(lessons: list[Lesson], kept: Progress) -> list[str]:
    """Print where the learner left off, other lessons with progress, and what is due."""
    lines = []
    ids = {lesson.id for lesson in lessons}
    for lesson in lessons:
        for number, step in enumerate(lesson.steps, 1):
            if (lesson.id, step.id) == kept.place:
                lines.append(
                    f"you left off at {lesson.id}/{step.id}, step {number} of {len(lesson.steps)}: {step.title}"
                )
    if others := sorted(kept.lessons.keys() - ids):
        lines.append(f"also saved: {clean(', '.join(others), keep_newlines=False)}")
    if count := due(kept):
        lines.append(f"{count} to review")
    return lines


def reset(target: str, *, yes: bool) -> int:
    """Forget the progress in a lesson or a step, after asking and after keeping a copy of it."""
    kept = opened_progress()
    lesson, step = _named(target, kept)
    name = clean(f"{lesson}/{step}" if step else lesson, keep_newlines=False)
    steps = kept.lessons.get(lesson, {})
    chosen = {each: saved for each, saved in steps.items() if step in (None, each)}
    if not chosen:
        write(f"{name}: there is no progress to forget\n")
        return 0
    lost = _lost(chosen)
    if not yes and not agreed(
        f"Forget {name}: {lost}?", nobody="reset asks first, and there is no terminal: add --yes"
    ):
        write("nothing is forgotten\n")
        return 1
    try:
        copy = back_up(kept, "reset")
    except OSError as error:
        raise CourseError(f"nothing is forgotten: cannot keep a copy of {kept.path}: {error.strerror}") from None
    kept.reset(lesson, step)
    if kept.notice:
        raise CourseError(kept.notice)
    write(f"forgotten: {name}: {lost}\nto undo that: jaxtour import --yes {shlex.quote(str(copy))}\n")
    return 0


def _named(target: str, kept: Progress) -> tuple[str, str | None]:
    """Return the ids of the lesson and the step that the target names: in the progress, or else among the lessons."""
    name, _, step = target.partition("/")
    if name in kept.lessons and (not step or step in kept.lessons[name]):
        return name, step or None
    catalogue, wanted = catalogue_for(target)
    if wanted is None:
        if len(catalogue.entries) > 1:
            raise CourseError(f"{target}: name one lesson")
        return catalogue.entries[0].lesson().id, None
    lesson, found = catalogue.find(wanted)
    return lesson.id, found.id if "/" in wanted else None


def _lost(steps: Mapping[str, SavedStep]) -> str:
    """Return a description of what is saved for the steps."""
    kept = list(steps.values())
    counts = {
        "step": sum(each.done for each in kept),
        "edit": sum(each.edit is not None for each in kept),
        "scratch step": sum(each.scratch is not None for each in kept),
        "prediction": sum(each.answer is not None for each in kept),
    }
    said = [plural(count, noun) + (" done" if noun == "step" else "") for noun, count in counts.items() if count]
    return ", ".join(said) or "the time spent"
