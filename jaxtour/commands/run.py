"""`jaxtour run`: a lesson's steps, run without a screen, as text or JSON."""

import asyncio
from collections.abc import Sequence
from typing import Any

from jaxtour import __version__
from jaxtour.commands.common import ascii_only, catalogue_for, headless, write, write_json
from jaxtour.course.catalogue import CourseError
from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.engine.headless import Headless, Outcome
from jaxtour.engine.messages import Facts
from jaxtour.engine.session import WorkerConfig
from jaxtour.render.plain import lesson_heading, step_text

BAD = ("failed", "timeout", "died")


def run(target: str, config: WorkerConfig, *, as_json: bool, width: int) -> int:
    """Run the lesson or step and print it; the exit code is 1 if a step failed, timed out or died."""
    lessons = _chosen(target)
    return asyncio.run(_run(lessons, config, as_json=as_json, width=width))


def _chosen(target: str) -> list[tuple[Lesson, Sequence[Step | Broken]]]:
    catalogue, wanted = catalogue_for(target)
    if wanted is None:
        lessons = [entry.lesson() for entry in catalogue.entries]
        return [(lesson, lesson.steps) for lesson in lessons]
    lesson, step = catalogue.find(wanted)
    return [(lesson, (step,) if "/" in wanted else lesson.steps)]


async def _run(
    lessons: list[tuple[Lesson, Sequence[Step | Broken]]], config: WorkerConfig, *, as_json: bool, width: int
) -> int:
    failed = False
    documents = []
    async with headless(config) as engine:
        for lesson, steps in lessons:
            if not steps:
                raise CourseError("\n".join(map(str, lesson.problems)) or f"{lesson.file}: no steps")
            outcomes = await _lesson(engine, lesson, steps, quiet=as_json, width=width)
            failed |= any(outcome.status in BAD for outcome in outcomes)
            documents.append(document(lesson, await engine.facts(), outcomes))
    if as_json:
        write_json(documents[0] if len(documents) == 1 else documents)
    return int(failed)


async def _lesson(
    engine: Headless, lesson: Lesson, steps: Sequence[Step | Broken], *, quiet: bool, width: int
) -> list[Outcome]:
    if not quiet:
        write(lesson_heading(lesson, width=width, ascii=ascii_only()))
    outcomes = []
    async for outcome in engine.steps(lesson, steps):
        outcomes.append(outcome)
        if not quiet:
            write(outcome_text(lesson, outcome, width))
    return outcomes


def outcome_text(lesson: Lesson, outcome: Outcome, width: int) -> str:
    """One step as text, with what was not as the lesson says."""
    text = step_text(lesson, outcome.step, outcome.report, width=width, ascii=ascii_only())
    if outcome.status == "skipped":
        text += f"skipped: {outcome.reason}\n"
    elif outcome.status in BAD:
        lines = outcome.problems or (outcome.reason,)
        text += "".join(f"{outcome.status}: {line}\n" for line in lines)
    return text + "\n"


def document(lesson: Lesson, facts: Facts, outcomes: list[Outcome]) -> dict[str, Any]:
    """What `run --json` prints for a lesson."""
    worker = {name: getattr(facts, name) for name in ("python", "jax", "jaxlib", "numpy", "platforms", "simulated")}
    return {
        "lesson": lesson.id,
        "jaxtour": __version__,
        "worker": worker,
        "steps": [_step(outcome) for outcome in outcomes],
    }


def _step(outcome: Outcome) -> dict[str, Any]:
    report = outcome.report
    entry: dict[str, Any] = {
        "id": outcome.step.id,
        "status": outcome.status,
        "seconds": report.seconds if report else None,
        "stdout": report.stdout if report else "",
        "stderr": report.stderr if report else "",
        "result": None,
        "error": None,
        "traces": [],
        "timings": [],
    }
    if outcome.reason:
        entry["reason"] = outcome.reason
    if outcome.problems:
        entry["problems"] = outcome.problems
    if report is None:
        return entry
    if report.value:
        entry["result"] = {name: getattr(report.value, name) for name in ("type", "shape", "dtype", "devices", "text")}
    if report.failure:
        entry["error"] = {name: getattr(report.failure, name) for name in ("type", "bases", "message", "line")}
    entry["traces"] = [
        {"label": trace.label, "jaxpr": trace.jaxpr} | ({"error": trace.error} if trace.error else {})
        for trace in report.traces
    ]
    names = ("label", "platform", "first_s", "median_s", "runs")
    entry["timings"] = [
        {name: getattr(timing, name) for name in names} | ({"error": timing.error} if timing.error else {})
        for timing in report.timings
    ]
    return entry
