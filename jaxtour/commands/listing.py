"""`jaxtour list` and `jaxtour devices`: what there is to learn, and what it runs on."""

import asyncio
from typing import Any

from jaxtour.commands.common import ascii_only, catalogue_for, headless, write, write_json
from jaxtour.course.model import Lesson
from jaxtour.course.progress import Progress
from jaxtour.engine.messages import Facts
from jaxtour.engine.session import WorkerConfig
from jaxtour.render.clean import ascii_only as to_ascii
from jaxtour.render.clean import clean
from jaxtour.render.devices import devices_table


def list_lessons(target: str | None, *, as_json: bool) -> int:
    """Print the lessons with steps, minutes, what each requires and how much of it is done."""
    catalogue, _ = catalogue_for(target)
    lessons = [entry.lesson() for entry in catalogue.entries]
    progress = Progress.open()
    if as_json:
        write_json({"lessons": [_document(lesson, progress) for lesson in lessons]})
        return 0
    rows = [_row(lesson, progress) for lesson in lessons]
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else []
    text = "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + f"  {row[4]}\n" for row in rows
    )
    write(to_ascii(text) if ascii_only() else text)
    return 0


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


def _row(lesson: Lesson, progress: Progress) -> tuple[str, str, str, str, str]:
    done = sum(progress.is_done(lesson.id, step.id) for step in lesson.steps)
    mark = "✗" if lesson.problems else "✓" if done == len(lesson.steps) else " "
    needs = []
    if lesson.requires.devices > 1:
        needs.append(f"{lesson.requires.devices} devices")
    if lesson.requires.platform:
        needs.append(lesson.requires.platform)
    title = clean(lesson.title) + (f" ({', '.join(needs)})" if needs else "")
    if lesson.problems:
        title += f"  {clean(str(lesson.problems[0]))}"
    return mark, clean(lesson.id), f"{done}/{len(lesson.steps)} steps", f"{lesson.minutes} min", title


def devices(config: WorkerConfig, *, as_json: bool) -> int:
    """Print the devices that the worker finds."""
    facts = asyncio.run(_facts(config))
    if as_json:
        fields = ("id", "platform", "kind", "process", "coords", "simulated", "memory")
        write_json(
            {
                "jax": facts.jax,
                "jaxlib": facts.jaxlib,
                "python": facts.python,
                "host": facts.host,
                "devices": [{name: getattr(device, name) for name in fields} for device in facts.devices],
            }
        )
        return 0
    text = devices_table(facts)
    write(to_ascii(text) if ascii_only() else text)
    return 0


async def _facts(config: WorkerConfig) -> Facts:
    async with headless(config) as engine:
        return await engine.facts()
