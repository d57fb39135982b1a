"""`jaxtour diff`: compares two calls, of one file or two, of two revisions, or in two environments."""

import re
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from jaxtour import files, interrupts
from jaxtour.commands.common import (
    ascii_only,
    coloured,
    headless,
    tell_findings,
    tell_progress,
    write,
    write_json,
)
from jaxtour.commands.files import lesson_of, parse_target
from jaxtour.commands.lens import chosen_of, ended, missing
from jaxtour.commands.page import STAGES, checked_path, page_call, write_page
from jaxtour.commands.revisions import checked_out, split_revision
from jaxtour.course.model import CourseError, Launch, Lesson, Step
from jaxtour.engine.cells import program_call
from jaxtour.engine.compare.comparison import Side, compared, comparison_record, expression_at
from jaxtour.engine.compare.conditions import condition
from jaxtour.engine.headless import Headless
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.commands import StageName, TimeCall
from jaxtour.engine.wire.messages import Facts, Timing, Trace
from jaxtour.render.comparison import aligned, comparison_lines, equations_of
from jaxtour.render.page.document import WIDTH
from jaxtour.render.page.model import PageCall
from jaxtour.render.text.layout import Line
from jaxtour.render.text.plain import text_of
from jaxtour.streams import warn
from jaxtour.text import Raw

ROUNDS = 4
"""Measurements of each call in one worker, in the order A B B A: a machine that slows down favours neither."""
WORKERS = 3
"""Workers for each call if one cannot measure both: one process is a few per cent faster than the next."""
PATIENCE = 0.5
"""The patience of one round; there are several."""
BUDGET_S = 20.0
"""The time after which no round beyond the second begins."""
_SHAPES = re.compile(r"(?<![\w.])S\(|ShapeDtypeStruct")
"""Occurs in calls whose arguments are shapes without data: these are compiled, and never run."""


@dataclass(frozen=True)
class DiffRequest:
    """What to compare; a single entry in any of the first three applies to both sides."""

    targets: Sequence[str]
    calls: Sequence[str]
    configs: Sequence[WorkerConfig]
    conditions: Sequence[str] = ()
    patience: float = 1.0
    html: str | None = None
    """The page to write instead of printing."""
    ats: Sequence[str] = ()
    """The functions or lines to compare: the files then run as programs, and each side is what JAX compiled there."""
    args: Sequence[str] = ()
    """The arguments of these programs."""


class _FailedError(Exception):
    """A file or a call failed; the message has been printed."""


@dataclass
class _Side:
    """One side, and what the workers reported about it."""

    target: str
    config: WorkerConfig
    lesson: Lesson
    place: int
    """The place of its call among the step's."""
    calls: Sequence[str]
    """All of the step's calls."""
    stages: Sequence[StageName]
    """Its stages besides the jaxpr."""
    at: str | None = None
    """The function or the line of the recorded program; None for a call."""
    facts: Facts | None = None
    report: Report | None = None
    timings: list[Timing] = field(default_factory=list)

    @property
    def step(self) -> Step:
        step = self.lesson.steps[0]
        assert isinstance(step, Step)
        return step

    @property
    def trace(self) -> Trace:
        assert self.report is not None
        return self.report.traces[self.place]

    def shared_with(self, other: "_Side") -> bool:
        """Return whether one worker can measure both alternately."""
        # To time a recorded program, the file runs again up to that program.
        return self.lesson is other.lesson and self.config == other.config and self.at is None

    async def look(self, engine: Headless) -> None:
        """Run the file, trace and compile its calls; raises `_FailedError`."""
        self.facts = tell_findings(await engine.facts())
        report = await engine.request(self.lesson, self.step)
        path = Path(self.target)
        if why := ended(report, path):
            warn(why)
            raise _FailedError
        if self.at is not None:
            self.place = self._program(report, self.at)
        elif not self.calls and len(report.traces) != 1:
            which = f"name one, as in --call '{report.traces[0].call}'" if report.traces else "name one by --call"
            raise CourseError(f"{path} makes {'several calls' if report.traces else 'no call'}: {which}")
        shown = report.traces if self.at is None else report.traces[self.place :][:1]
        self.take(await engine.request_more(self.lesson, self.step, report, shown, self.stages))

    def _program(self, report: Report, at: str) -> int:
        """Return the place of the program; of several, the most called one, or else the first of its function."""
        found = {trace.index: trace for trace in chosen_of(report, at)}
        programs = [each for each in report.programs if each.index in found]
        most = max(programs, key=lambda each: (each.calls or 0, each.reason is None))
        if len(programs) > 1 and self.report is None:
            avals = " ".join(most.avals)
            warn(f"{self.target}: {at} was compiled for {len(programs)} kinds of inputs; comparing {avals}")
        return report.traces.index(found[most.index])

    def take(self, report: Report) -> None:
        """Take this side's part of a worker's report; raises `_FailedError` if the call failed."""
        self.report = report
        hlo = self.report.stage(self.place, "hlo")
        if self.trace.error is None and hlo is not None and hlo.error is None:
            return
        warn(missing(self.trace, self.trace.error or (hlo.error if hlo else None), Path(self.target)))
        raise _FailedError

    def entry(self, keep: str, compare: str) -> TimeCall:
        assert self.report is not None
        program = next((each for each in self.report.programs if each.index == self.trace.index), None)
        if program is not None and self.at is not None:
            call = program_call(self.trace, program, self.report.programs)
            return msgspec.structs.replace(call, keep=keep, compare=compare)
        text = self.trace.call.text
        return TimeCall(label=self.trace.label, call=text, on="one", keep=keep, compare=compare)

    def page_call(self, title: str, sections: Sequence[tuple[str, Sequence[Line]]]) -> PageCall:
        assert self.report is not None
        return page_call(self.lesson, self.step, self.report, self.trace, title=title, sections=sections)

    def facts_of(self) -> Side:
        assert self.report is not None
        jaxpr, hlo = (self.report.stage(self.place, name) for name in ("jaxpr", "hlo"))
        assert jaxpr is not None and hlo is not None
        timings = tuple(each for each in self.timings if each.error is None)
        return Side(self.trace, jaxpr, hlo, timings, expression_at(self.lesson.file.line, self.step.code.text))


def diff(asked: DiffRequest, *, as_json: bool, width: int) -> int:
    """Compare and print; the exit code is 1 if a file or a call fails, or if a condition is true."""
    conditions = [condition(each) for each in asked.conditions]
    page = checked_path(asked.html)
    if any(config.processes > 1 for config in asked.configs):
        raise CourseError("diff compares two runs of one process: leave out --processes and --hosts")
    with files.temporary_folder() as folder:
        sides = _sides(asked, Path(folder))
        # Another machine has only its own folders.
        elsewhere = any(config.worker for config in asked.configs)
        results = f"{secrets.token_hex(8)}.npz" if elsewhere else str(Path(folder, "results.npz"))
        try:
            interrupts.run(_measured(sides, results, asked.patience))
        except _FailedError:
            return 1
        a, b = (side.facts_of() for side in sides)
        rows = aligned(a.jaxpr, b.jaxpr, a.source, b.source)
        found = compared(a, b, equations_of(rows, a.jaxpr, b.jaxpr))
        untimed = {side.trace.label: each.error for side in sides for each in side.timings if each.error is not None}
        for label, error in untimed.items():
            warn(f"{label}: {error}")
        own, names = (sides[0].lesson.file.line, sides[1].lesson.file.line), _names(sides)
        if page is not None:
            told = (("A and B", comparison_lines(found, rows, names, WIDTH, own)),)
            calls = [
                side.page_call(f"{each}  {name}", told) for each, side, name in zip("AB", sides, names, strict=True)
            ]
            assert sides[0].facts is not None
            write_page(page, " and ".join(dict.fromkeys(names)), sides[0].facts, calls, quiet=as_json)
        if as_json:
            write_json(comparison_record(found))
        elif page is None:
            lines = comparison_lines(found, rows, names, width, own)
            write(text_of(lines, ascii_only(), coloured()))
    reasons = [reason for each in conditions if (reason := each.failed(found)) is not None]
    for reason in reasons:
        warn(reason)
    return int(bool(reasons or untimed))


def _sides(asked: DiffRequest, folder: Path) -> tuple[_Side, _Side]:
    """Return both sides; writes files at a revision into the folder. Raises `CourseError`."""
    if asked.ats and asked.calls:
        raise CourseError("--at compares recorded programs, with their own inputs: leave out --call")
    if asked.args and not asked.ats:
        raise CourseError("arguments after -- go to a program: name what to compare in it, as in --at step")
    for what, given in (
        ("files", asked.targets), ("calls", asked.calls), ("Pythons", asked.configs), ("places", asked.ats)
    ):  # fmt: skip
        if len(given) > 2:
            raise CourseError(f"diff compares two: you named {len(given)} {what}")
    if not all(call.strip() for call in asked.calls):
        raise CourseError("--call is empty: write a call, as in --call 'f(x)'")
    if max(len(asked.targets), len(asked.calls), len(asked.configs), len(asked.ats)) < 2:
        raise CourseError(
            "nothing to compare with: name a second --call or --at, a second file, "
            "a revision as in FILE.py@HEAD~1 FILE.py, or a second --python"
        )
    one_file = len(set(asked.targets)) == 1
    lessons: dict[str, Lesson] = {}
    sides = []
    for number in (0, 1):
        target, config = (
            asked.targets[min(number, len(asked.targets) - 1)],
            asked.configs[min(number, len(asked.configs) - 1)],
        )
        calls = asked.calls if one_file else asked.calls[number:][:1] or asked.calls[:1]
        place = min(number, len(calls) - 1) if one_file and calls else 0
        if target not in lessons:
            named, revision = split_revision(target.partition("::")[0])
            path, function = parse_target(named + "".join(target.partition("::")[1:]))
            if revision is not None:
                inside = folder / "ab"[number]
                inside.mkdir()
                path = checked_out(path, revision, inside)
            launch = Launch(argv=tuple(map(Raw, (str(path), *asked.args)))) if asked.ats else None
            lessons[target] = lesson_of(path, function, calls, launch)
        stages = STAGES if asked.html is not None else ("hlo",)
        at = asked.ats[min(number, len(asked.ats) - 1)] if asked.ats else None
        sides.append(_Side(target, config, lessons[target], place, calls, stages, at))
    return sides[0], sides[1]


async def _measured(sides: tuple[_Side, _Side], results: str, patience: float) -> None:
    """Look at both sides and measure them alternately; a file keeps A's results, to compare B's with."""
    shared, start = sides[0].shared_with(sides[1]), time.perf_counter()
    rounds = ROUNDS if shared else WORKERS
    runs = not any(_SHAPES.search(call) for side in sides for call in side.calls)
    if shared:
        async with _opened(sides[0].config) as engine:
            await sides[0].look(engine)
            assert sides[0].report is not None
            sides[1].facts = sides[0].facts
            sides[1].take(sides[0].report)
            for number in range(rounds if runs else 0):
                await _round(engine, sides, number, results, patience)
                if number and time.perf_counter() - start > BUDGET_S * patience:
                    return
        return
    for number in range(rounds if runs else 1):
        # One worker at a time: two cannot share a TPU or a GPU's memory.
        for side in sides if number % 2 == 0 else sides[::-1]:
            async with _opened(side.config) as engine:
                await side.look(engine)
                if runs:
                    await _round(engine, (side,), number, results, patience, is_b=side is sides[1])
        if number and time.perf_counter() - start > BUDGET_S * patience:
            return


def _opened(config: WorkerConfig) -> Headless:
    engine = headless(config)
    engine.heard = tell_progress if sys.stderr.isatty() else None
    return engine


async def _round(
    engine: Headless, sides: Sequence[_Side], number: int, results: str, patience: float, *, is_b: bool = False
) -> None:
    """Measure each of these sides once, every other round in the opposite order."""
    report = sides[0].report
    assert report is not None
    entries = []
    for place, side in enumerate(sides):
        second = is_b or place == 1
        entries.append(side.entry("" if second or number else results, results if second and not number else ""))
    order = list(range(len(sides))) if number % 2 == 0 else list(range(len(sides)))[::-1]
    report = await engine.measure(
        sides[0].lesson, sides[0].step, report, tuple(entries[place] for place in order), patience=patience * PATIENCE
    )
    if report.timing_error:
        warn(f"measuring stopped early: {report.timing_error}")
    for place, timing in zip(order, report.timings, strict=False):
        sides[place].timings.append(timing)


def _names(sides: tuple[_Side, _Side]) -> tuple[str, str]:
    """Return what each side is: its call, its file if they differ, and its versions if the environments do."""
    a, b = sides
    names = []
    for side in sides:
        parts = [side.trace.label]
        if a.target != b.target:
            parts.append(side.target)
        if a.config != b.config and side.facts is not None:
            parts.append(f"jax {side.facts.jax}, Python {side.facts.python}")
        names.append("   ".join(parts))
    return names[0], names[1]
