"""`jaxtour check`: reads and runs every lesson and compares the results with what the lesson expects."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec

from jaxtour import interrupts
from jaxtour.commands.common import headless, lessons_for, tell_findings, write, write_json
from jaxtour.commands.trust import check_trusted
from jaxtour.course.catalogue import shared_ids
from jaxtour.course.model import Broken, Lesson, Problem, Step
from jaxtour.course.places import Places
from jaxtour.engine.compare.verify import WELL, Mismatch, is_compared, stored_differences
from jaxtour.engine.headless import Headless, Outcome
from jaxtour.engine.proofs import proved
from jaxtour.engine.session import WorkerConfig
from jaxtour.text import plural


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The document that `check --json` prints."""

    ok: bool
    lessons: int
    steps: int
    seconds: float
    problems: tuple[Problem, ...]


def check(targets: Sequence[str], config: WorkerConfig, *, as_json: bool, jobs: int | None, trust: bool = False) -> int:
    """Check the lessons and print their problems; the exit code is 1 if there are any."""
    started = time.perf_counter()
    lessons: list[Lesson] = []
    problems: list[Problem] = []
    for target in targets or (None,):
        found = lessons_for(target)
        lessons += found
        problems += shared_ids(found)
    check_trusted(lessons, trust=trust)
    runnable = [lesson for lesson in lessons if any(isinstance(step, Step) for step in lesson.steps)]
    tell = None if as_json else _tell
    run = interrupts.run(_run_all(runnable, config, jobs=jobs, trust=trust, tell=tell)) if runnable else []
    for lesson in lessons:
        problems += lesson.problems
    for lesson, outcomes in zip(runnable, run, strict=True):
        problems += _problems(lesson, outcomes)
    order = [lesson.file for lesson in lessons]
    problems.sort(key=lambda problem: (order.index(problem.file), problem.line, problem.column))
    verdict = CheckResult(
        ok=not problems,
        lessons=len(lessons),
        steps=sum(len(lesson.steps) for lesson in lessons),
        seconds=round(time.perf_counter() - started, 3),
        problems=tuple(problems),
    )
    if as_json:
        write_json(verdict)
    else:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
        write(_report(verdict, zip(runnable, run, strict=True)))
    return int(not verdict.ok)


def _report(verdict: CheckResult, run: Iterable[tuple[Lesson, Sequence[Outcome]]]) -> str:
    """Return a line for each problem, each skipped step and each notebook with outputs, and a summary."""
    run = list(run)
    agreements = [line for lesson, outcomes in run if (line := _agreement(lesson, outcomes))]
    skipped = [
        f"{lesson.file}:{lesson.places.get(outcome.step.id, (1, 1))[0]}: {outcome.step.id} skipped: {outcome.reason}"
        for lesson, outcomes in run
        for outcome in outcomes
        if outcome.status == "skipped"
    ]
    told = [*map(str, verdict.problems), *_left_out(run), *skipped, *agreements]
    state = "ok" if verdict.ok else plural(len(verdict.problems), "problem")
    counts = f"{plural(verdict.lessons, 'lesson')}, {plural(verdict.steps, 'step')}"
    told.append(f"{counts} in {verdict.seconds:.1f} s: {state}" + (f", {len(skipped)} skipped" if skipped else ""))
    return "".join(f"{line}\n" for line in told)


def _left_out(run: Iterable[tuple[Lesson, Sequence[Outcome]]]) -> list[str]:
    """Return a line for each step that ran without an earlier one, whose code ended the worker."""
    return [
        f"{lesson.file}:{lesson.places.get(outcome.step.id, (1, 1))[0]}: {outcome.step.id} ran {left_out}"
        for lesson, outcomes in run
        for outcome in outcomes
        for left_out in (outcome.report.without if outcome.report else ())
    ]


def _agreement(lesson: Lesson, outcomes: Sequence[Outcome]) -> str | None:
    """Return how many of a notebook's cells gave their stored outputs; None if it stores none."""
    compared = [outcome for outcome in outcomes if isinstance(outcome.step, Step) and is_compared(lesson, outcome.step)]
    if not compared:
        return None
    agree = [
        outcome
        for outcome in compared
        if outcome.status in WELL and not stored_differences(lesson, outcome.step, outcome.report)
    ]
    return f"{lesson.file}: {len(agree)} of {plural(len(compared), 'cell')} with stored outputs agree"


def _tell(lesson: Lesson, outcome: Outcome) -> None:
    """Show the progress on a terminal, in a line that the next call replaces."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{lesson.id}/{outcome.step.id} {outcome.status}")
        sys.stderr.flush()


async def _run_all(
    lessons: Sequence[Lesson],
    config: WorkerConfig,
    *,
    jobs: int | None,
    trust: bool,
    tell: Callable[[Lesson, Outcome], None] | None,
) -> list[list[Outcome]]:
    """Run the lessons, on several workers if they can share the devices: on the CPU only."""
    results: dict[int, list[Outcome]] = {}
    waiting = list(enumerate(lessons))[::-1]

    async def work(engine: Headless) -> None:
        while waiting:
            index, lesson = waiting.pop()
            results[index] = await proved(engine, lesson, partial(tell, lesson) if tell else None)

    async def worker() -> None:
        async with headless(config, trust=trust) as engine:
            await work(engine)

    async with headless(config, trust=trust) as first:
        facts = tell_findings(await first.facts())
        most = jobs or (os.cpu_count() or 1 if facts.platforms[:1] == ("cpu",) else 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(work(first))
            for _ in range(min(most, len(lessons)) - 1):
                group.create_task(worker())
    return [results[index] for index in range(len(lessons))]


def _problems(lesson: Lesson, outcomes: Sequence[Outcome]) -> list[Problem]:
    """Return the problems of a lesson's runs; reading the file already reported its broken steps."""
    problems, places, broken = [], Places(lesson), []
    for outcome in outcomes:
        step = outcome.step
        if isinstance(step, Broken):
            broken.append(f"`{step.id}`")
        if isinstance(step, Broken) or outcome.status == "skipped":
            continue
        told = [Mismatch(each) for each in stored_differences(lesson, step, outcome.report)]
        if outcome.status not in WELL:
            ended = outcome.problems or [Mismatch(f"{outcome.status}: {outcome.reason}")]
            told += [each._replace(message=_named(lesson, step, each.message)) for each in ended]
        for message, path, row in told:
            line, column = places.of(step.id, path, row)
            if broken and outcome.report and outcome.report.failure:
                message += f"; it ran without {', '.join(broken)}, which cannot be read"
            problems.append(Problem(file=lesson.file, line=line, column=column, step=step.id, message=message))
    return problems


def _named(lesson: Lesson, step: Step, message: str) -> str:
    """Return the message with the cell's number if it is a notebook's."""
    cell = lesson.cells.get(step.id)
    return f"cell {cell.number}: {message}" if cell else message
