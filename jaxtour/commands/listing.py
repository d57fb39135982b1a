"""`jaxtour list` and `jaxtour devices`: prints the lessons, or the devices they run on."""

from collections.abc import Sequence
from typing import Any

import msgspec

from jaxtour import interrupts
from jaxtour.commands.common import catalogue_for, headless, lessons_for, write, write_json
from jaxtour.course.model import Broken, Lesson, Problem
from jaxtour.course.progress import Progress
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.messages import Facts
from jaxtour.render.devices.details import devices_table
from jaxtour.render.text.layout import pad, width_of
from jaxtour.render.text.plain import requirements
from jaxtour.streams import warn
from jaxtour.text import plural


def list_lessons(target: str | None, *, as_json: bool) -> int:
    """Print the lessons with steps, minutes, requirements and progress, or one lesson with its steps."""
    catalogue, wanted = catalogue_for(target)
    lessons = lessons_for(target)
    progress = Progress.open()
    if progress.notice:
        warn(progress.notice)
    if as_json:
        write_json({"lessons": [_document(lesson, progress) for lesson in lessons]})
        return 0
    one = wanted is not None or (len(catalogue.entries) == 1 and target is not None)
    text = table([_row(lesson, progress) for lesson in lessons], [list(lesson.problems) for lesson in lessons])
    write(text + (_steps(lessons[0], progress) if one else ""))
    return 0


def table(rows: Sequence[tuple[str, ...]], problems: Sequence[Sequence[Problem]]) -> str:
    """Align the rows in columns, and print the first problem of each row's lesson below it."""
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row, found in zip(rows, problems, strict=True):
        cells = [pad(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            lines.append(f"   {found[0]!s}{more}")
    return "".join(f"{line}\n" for line in lines)


def _steps(lesson: Lesson, progress: Progress) -> str:
    """Return a row for each step, below an empty line."""
    if not lesson.steps:
        return ""
    rows = []
    for step in lesson.steps:
        mark = "✗" if isinstance(step, Broken) else "✓" if progress.is_done(lesson.id, step.id) else " "
        rows.append((mark, f"{lesson.id}/{step.id}", step.title))
    return "\n" + table(rows, [()] * len(rows))


def _document(lesson: Lesson, progress: Progress) -> dict[str, Any]:
    return {
        "id": lesson.id,
        "title": lesson.title,
        "summary": lesson.summary,
        "minutes": lesson.minutes,
        "requires": lesson.requires,
        "file": lesson.file,
        "steps": [
            {"id": step.id, "title": step.title, "done": progress.is_done(lesson.id, step.id)} for step in lesson.steps
        ],
        "problems": [str(problem) for problem in lesson.problems],
    }


def _row(lesson: Lesson, progress: Progress) -> tuple[str, ...]:
    done = sum(progress.is_done(lesson.id, step.id) for step in lesson.steps)
    mark = "✗" if lesson.problems else "✓" if done == len(lesson.steps) else " "
    needs = requirements(lesson.requires)
    title = lesson.title + (f" ({', '.join(needs)})" if needs else "")
    steps = f"{done}/{plural(len(lesson.steps), 'step')}" if lesson.steps else ""
    return mark, lesson.id, steps, f"{lesson.minutes} min" if lesson.minutes else "", title


def devices(config: WorkerConfig, *, as_json: bool) -> int:
    """Print the devices that the worker finds, their machine, and why other accelerators cannot be used."""
    facts = interrupts.run(_facts(config))
    if as_json:
        write_json(msgspec.structs.asdict(facts))
        return 0
    write(devices_table(facts))
    return 0


async def _facts(config: WorkerConfig) -> Facts:
    async with headless(config) as engine:
        return await engine.facts()
