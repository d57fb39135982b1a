"""`jaxtour check`: reads and runs lessons, or steps of them, and compares the results with what the lesson expects."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from jaxtour import interrupts
from jaxtour.commands.common import catalogue_for, headless, lessons_of, tell_findings, write, write_json
from jaxtour.commands.trust import check_trusted
from jaxtour.course.catalogue import shared_ids
from jaxtour.course.model import Broken, Lesson, Problem, Step
from jaxtour.course.places import Places
from jaxtour.engine.cells import UNREAD
from jaxtour.engine.compare.verify import WELL, Mismatch, is_compared, stored_differences
from jaxtour.engine.headless import Headless, Outcome
from jaxtour.engine.proofs import proved
from jaxtour.engine.session import WorkerConfig
from jaxtour.paths import absolute
from jaxtour.text import Raw, plural


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The document that `check --json` prints."""

    ok: bool
    lessons: int
    steps: int
    seconds: float
    problems: tuple[Problem, ...]


class ToCheck(NamedTuple):
    """A lesson, and the steps of it to check."""

    lesson: Lesson
    steps: tuple[Step | Broken, ...]

    @property
    def is_whole(self) -> bool:
        """Whether these are all steps."""
        return len(self.steps) == len(self.lesson.steps)

    @property
    def problems(self) -> list[Problem]:
        """The problems in the file that concern these steps."""
        names = {None, *(step.id for step in self.steps)}
        return [problem for problem in self.lesson.problems if self.is_whole or problem.step in names]

    @property
    def words(self) -> str:
        """Which steps were checked, in one line."""
        names, count = ", ".join(step.id for step in self.steps), len(self.steps)
        before = "" if self.steps[0] == self.lesson.steps[0] else " (earlier steps only run, for their state)"
        return f"{self.lesson.file}: checked {count} of {plural(len(self.lesson.steps), 'step')}: {names}{before}"


def check(
    targets: Sequence[str],
    config: WorkerConfig,
    *,
    as_json: bool,
    github: bool = False,
    jobs: int | None,
    trust: bool = False,
) -> int:
    """Check the lessons or steps and print their problems; the exit code is 1 if there are any."""
    started = time.perf_counter()
    parts, problems = _chosen(targets or (None,))
    check_trusted((part.lesson for part in parts), trust=trust)
    runnable = [part for part in parts if any(isinstance(step, Step) for step in part.steps)]
    tell = None if as_json else _tell
    run = interrupts.run(_run_all(runnable, config, jobs=jobs, trust=trust, tell=tell)) if runnable else []
    for part in parts:
        problems += part.problems
    for part, outcomes in zip(runnable, run, strict=True):
        problems += _problems(part.lesson, outcomes)
    order = [part.lesson.file for part in parts]
    problems.sort(key=lambda problem: (order.index(problem.file), problem.line, problem.column))
    verdict = CheckResult(
        ok=not problems,
        lessons=len(parts),
        steps=sum(len(part.steps) for part in parts),
        seconds=round(time.perf_counter() - started, 3),
        problems=tuple(problems),
    )
    if as_json:
        write_json(verdict)
    else:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
        lines = map(annotation if github else str, verdict.problems)
        only = [part.words for part in parts if not part.is_whole]
        ran = [(part.lesson, outcomes) for part, outcomes in zip(runnable, run, strict=True)]
        write(_report(verdict, [*lines, *_notes(ran), *only], ran))
    return int(not verdict.ok)


def _chosen(targets: Iterable[str | None]) -> tuple[list[ToCheck], list[Problem]]:
    """Return what to check of each lesson, and the problems that lessons have with each other."""
    parts: dict[str, ToCheck] = {}
    problems: list[Problem] = []
    for target in targets:
        catalogue, wanted = catalogue_for(target)
        if wanted and wanted.partition("/")[2]:
            lesson, step = catalogue.find(wanted)
            found = [ToCheck(lesson, (step,))]
        else:
            lessons = lessons_of(catalogue, wanted and wanted.partition("/")[0])
            problems += shared_ids(lessons)
            found = [ToCheck(lesson, lesson.steps) for lesson in lessons]
        for part in found:
            file = part.lesson.file.text
            before = parts.get(file, ToCheck(part.lesson, ()))
            names = {step.id for each in (before, part) for step in each.steps}
            parts[file] = ToCheck(part.lesson, tuple(step for step in part.lesson.steps if step.id in names))
    return [*parts.values()], problems


def annotation(problem: Problem) -> str:
    """Return a problem as the workflow command that makes GitHub show it next to its line."""
    # The path as GitHub resolves it wherever the command ran.
    file = _escaped(Raw(absolute(problem.file.text)).line).replace(":", "%3A").replace(",", "%2C")
    place = f"file={file},line={problem.line},col={problem.column},title=jaxtour check"
    return f"::error {place}::{_escaped(str(problem))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _report(verdict: CheckResult, told: Sequence[str], run: Iterable[tuple[Lesson, Sequence[Outcome]]]) -> str:
    """Return the lines to print, and a summary."""
    skipped = sum(outcome.status == "skipped" for _, outcomes in run for outcome in outcomes)
    state = "ok" if verdict.ok else plural(len(verdict.problems), "problem")
    counts = f"{plural(verdict.lessons, 'lesson')}, {plural(verdict.steps, 'step')}"
    summary = f"{counts} in {verdict.seconds:.1f} s: {state}" + (f", {skipped} skipped" if skipped else "")
    return "".join(f"{line}\n" for line in (*told, summary))


def _notes(run: Sequence[tuple[Lesson, Sequence[Outcome]]]) -> list[str]:
    """Return a line for each step that ran without another, each skipped step, and each notebook with outputs."""
    skipped = [
        f"{lesson.file}:{lesson.places.get(outcome.step.id, (1, 1))[0]}: {outcome.step.id} skipped: {outcome.reason}"
        for lesson, outcomes in run
        for outcome in outcomes
        if outcome.status == "skipped"
    ]
    agreements = [line for lesson, outcomes in run if (line := _agreement(lesson, outcomes))]
    return [*_left_out(run), *skipped, *agreements]


def _left_out(run: Iterable[tuple[Lesson, Sequence[Outcome]]]) -> list[str]:
    """Return a line for each step that ran without an earlier one, whose code ended the worker.

    A broken step is a problem of its own.
    """
    return [
        f"{lesson.file}:{lesson.places.get(outcome.step.id, (1, 1))[0]}: {outcome.step.id} ran {left_out}"
        for lesson, outcomes in run
        for outcome in outcomes
        for left_out in (outcome.report.without if outcome.report else ())
        if left_out.how != UNREAD
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
    parts: Sequence[ToCheck],
    config: WorkerConfig,
    *,
    jobs: int | None,
    trust: bool,
    tell: Callable[[Lesson, Outcome], None] | None,
) -> list[list[Outcome]]:
    """Run the lessons, on several workers if they can share the devices: on the CPU only."""
    results: dict[int, list[Outcome]] = {}
    waiting = list(enumerate(parts))[::-1]

    async def work(engine: Headless) -> None:
        while waiting:
            index, (lesson, steps) = waiting.pop()
            results[index] = await proved(engine, lesson, partial(tell, lesson) if tell else None, steps)

    async def worker() -> None:
        async with headless(config, trust=trust) as engine:
            await work(engine)

    async with headless(config, trust=trust) as first:
        facts = tell_findings(await first.facts())
        most = jobs or (os.cpu_count() or 1 if facts.platforms[:1] == ("cpu",) else 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(work(first))
            for _ in range(min(most, len(parts)) - 1):
                group.create_task(worker())
    return [results[index] for index in range(len(parts))]


def _problems(lesson: Lesson, outcomes: Sequence[Outcome]) -> list[Problem]:
    """Return the problems of a lesson's runs; reading the file already reported its broken steps."""
    problems, places = [], Places(lesson)
    for outcome in outcomes:
        step = outcome.step
        if isinstance(step, Broken) or outcome.status == "skipped":
            continue
        told = [Mismatch(each) for each in stored_differences(lesson, step, outcome.report)]
        if outcome.status not in WELL:
            ended = outcome.problems or [Mismatch(f"{outcome.status}: {outcome.reason}")]
            told += [each._replace(message=_named(lesson, step, each.message)) for each in ended]
        without = outcome.report.without if outcome.report else ()
        broken = [f"`{each.step}`" for each in without if each.how == UNREAD]
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
