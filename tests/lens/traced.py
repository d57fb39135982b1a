"""Gives calls that a real worker traced, lowered and compiled, with their source."""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jaxtour
from jaxtour.commands.files import lesson_of
from jaxtour.course.catalogue import bundled
from jaxtour.course.model import Lesson, Step
from jaxtour.engine.cells import cell
from jaxtour.engine.guards.client import ProcessEngine, worker_command
from jaxtour.engine.headless import Headless
from jaxtour.engine.links import SpanPlace
from jaxtour.engine.report import Report, advance, requested
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.commands import Cell, Open, Run, StageName, StageRequest, TraceCall
from jaxtour.engine.wire.messages import Origin, Span, Trace

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"
STAGES: tuple[StageName, ...] = ("jaxpr", "stablehlo", "hlo")
NOT_COUNTED = {"hlo": ("parameter", "constant")}
EQUATION = re.compile(r" = ([a-z][\w-]*)(?=\[| |$)|^\s*([a-z]\w*)(?=\[)(?!\S* (?:<-|\+=) )| (?:<-|\+=) ")
"""The line on which an equation begins, and its primitive; the second has no results, the third is an arrow."""
ARROWS = ("get", "swap", "addupdate")
"""Primitives for references, which JAX prints without their names."""
Position = tuple[int, int]


@dataclass(frozen=True)
class Called:
    """One traced call and its stages."""

    where: str
    """The program, or `lesson/step`."""
    trace: Trace
    stages: dict[StageName, StageText]
    told: dict[StageName, Any] = field(default_factory=dict)
    """The text of each stage by JAX and the compiler, with their own locations."""

    @property
    def name(self) -> str:
        """The name for messages."""
        return f"{self.where} {self.trace.call}"

    @property
    def jaxpr(self) -> StageText:
        """The stage of its jaxpr."""
        return self.stages["jaxpr"]


def called(where: str, report: Report) -> list[Called]:
    """Return the calls of a report; each must have every stage."""
    assert report.failure is None, f"{where}: {report.failure}"
    found = []
    for trace in report.traces:
        assert trace.error is None, f"{where}: {trace.call}: {trace.error}"
        stages = {stage: text for stage in STAGES if (text := report.stage(trace.index, stage))}
        for stage in STAGES:
            assert stage in stages, f"{where}: {trace.call}: no {stage}"
            assert stages[stage].complete and stages[stage].error is None, f"{where}: {stage}: {stages[stage].error}"
        found.append(Called(where, trace, stages))
    return found


class Kept:
    """The texts that a worker's runners keep for the stages they parse; a stage is identified by its text."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.command = [*worker_command(), "--runner", str(Path(__file__).parent / "keeping_runner.py")]

    def put(self, calls: Sequence[Called]) -> None:
        """Give each stage of the calls its kept text; equal texts come in the order of the calls."""
        known: dict[tuple[str, str], list[Any]] = {}
        for file in sorted(self.folder.iterdir(), key=lambda file: file.stat().st_mtime_ns):
            found = json.loads(file.read_text())
            known.setdefault((found["stage"], found["text"]), []).append(found["told"])
            file.unlink()
        for each in calls:
            for stage in STAGES:
                waiting = known[stage, each.stages[stage].text]
                each.told[stage] = waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def keeping() -> Iterator[Kept]:
    """Make workers started in this context keep the texts of JAX and the compiler."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        runner = Path(jaxtour.__file__).parent / "worker" / "start_runner.py"
        os.environ.update(JT_KEPT=folder, JT_RUNNER=str(runner))
        try:
            yield Kept(folder)
        finally:
            os.environ.clear()
            os.environ.update(before)


@cache
def is_coarse(python: str | None) -> bool:
    """Return whether a Python's jax is 0.9.

    That version may give only the call's place for a function or loop that it lowers apart.
    """
    code = "from importlib.metadata import version; print(version('jax'))"
    done = subprocess.run([python or sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.startswith("0.9.")


async def traced_programs(python: str | None, devices: int, folder: Path = PROGRAMS) -> dict[str, list[Called]]:
    """Return every call in the programs of a folder, as `jaxtour explore` finds them."""
    found = {}
    config = WorkerConfig(python=python, platform="cpu", devices=devices)
    with keeping() as kept:
        async with Headless(Session(ProcessEngine(kept.command), config)) as engine:
            for path in sorted(folder.glob("*.py")):
                lesson = lesson_of(path)
                step = lesson.steps[0]
                assert isinstance(step, Step)
                report = await engine.request(lesson, step)
                report = await engine.request_more(lesson, step, report, report.traces, STAGES[1:])
                found[path.stem] = called(path.stem, report)
                kept.put(found[path.stem])
    return found


async def traced_course(python: str | None, devices: int) -> dict[str, list[Called]]:
    """Return every call that the steps of the course trace, by lesson.

    A lesson's steps all run first; the requests follow, each for the state its step left, so that no step runs twice.
    """
    found: dict[str, list[Called]] = {}
    with keeping() as kept:
        async with _worker(python, devices, kept.command) as worker:
            await _traced_lessons(worker, found, kept)
    return found


async def _traced_lessons(worker: "_Worker", found: dict[str, list[Called]], kept: Kept) -> None:
    for lesson in (entry.load() for entry in bundled().entries):
        calls = found[lesson.id] = []
        ran: list[tuple[Cell, Report]] = []
        for own in (cell(lesson, step) for step in steps_of(lesson)):
            ran.append((own, await worker.run(own, keep=True, fresh=not ran)))
        for own, report in ran:
            if report.traces:
                calls += called(own.name, await worker.look(own, report))
        kept.put(calls)


async def traced_code(python: str | None, name: str, code: str, *calls: str) -> list[Called]:
    """Return some calls of a piece of code, run as a step."""
    SOURCES[name] = code
    own = Cell(name=name, code=code, traces=tuple(TraceCall(label=call, call=call) for call in calls))
    async with _worker(python, 1) as worker:
        return called(name, await worker.look(own, await worker.run(own, keep=True)))


async def traced_steps(
    python: str | None, steps: Sequence[tuple[str, str, tuple[str, ...]]]
) -> list[tuple[str, str, Called]]:
    """Return name, code and call of all traces of steps that run in sequence in one runner."""
    found = []
    async with _worker(python, 1) as worker:
        for name, code, calls in steps:
            SOURCES[name] = code
            own = Cell(name=name, code=code, traces=tuple(TraceCall(label=call, call=call) for call in calls))
            report = await worker.look(own, await worker.run(own, keep=True))
            found += [(name, code, each) for each in called(name, report)]
    return found


class _Worker:
    """Runs cells without a session, which would start a new runner after each request."""

    def __init__(self, engine: ProcessEngine) -> None:
        self._engine = engine
        self._events = engine.events()
        self._runs = 0

    async def run(self, own: Cell, *, keep: bool, fresh: bool = False) -> Report:
        """Return the report of a cell's run; the cell can then serve requests."""
        self._runs += 1
        command = Run(run=self._runs, cell=own, keep=keep, fresh=fresh)
        return await self._whole(Report(run=self._runs), command)

    async def look(self, own: Cell, report: Report) -> Report:
        """Return the report with the later stages of all its traces."""
        self._runs += 1
        requests = tuple(StageRequest(index=each.index, stage=stage) for each in report.traces for stage in STAGES[1:])
        return await self._whole(
            requested(report, self._runs, requests), Run(run=self._runs, probe=own, requests=requests)
        )

    async def _whole(self, report: Report, command: Run) -> Report:
        await self._engine.send(command)
        while report.done is None or report.request is not None:
            report = advance(report, await anext(self._events))
        assert report.done.status in ("ok", "error"), report.done
        return report


@asynccontextmanager
async def _worker(python: str | None, devices: int, command: list[str] | None = None) -> AsyncIterator[_Worker]:
    engine = ProcessEngine(command)
    await engine.start()
    try:
        await engine.send(Open(python=python, platform="cpu", devices=devices))
        yield _Worker(engine)
    finally:
        await engine.close()


def steps_of(lesson: Lesson) -> list[Step]:
    """Return the lesson's steps; none may be broken."""
    assert all(isinstance(step, Step) for step in lesson.steps)
    return [step for step in lesson.steps if isinstance(step, Step)]


# Links of lines -----------------------------------------------------------------------------------------------------


def links(stage: StageText) -> Iterator[tuple[int, Origin]]:
    """Yield line and origin of all equations and instructions, except those outside the goals."""
    for line in range(len(stage.texts)):
        origin = stage.origin_of(line)
        if origin.kind != "other" and origin.name not in NOT_COUNTED.get(stage.stage, ()):
            yield line, origin


@dataclass(frozen=True)
class Share:
    """How many equations or instructions are linked, and why others are not."""

    linked: int
    all: int
    reasons: Counter[str]

    @property
    def part(self) -> float:
        """The linked share of all."""
        return self.linked / self.all if self.all else 1.0

    def __str__(self) -> str:
        """Return one line, for the summary."""
        why = "; ".join(f"{count} × {reason}" for reason, count in self.reasons.most_common())
        return f"{self.linked} of {self.all} linked ({self.part:.2%})" + (f": {why}" if why else "")


def share(calls: Sequence[Called], stage: StageName) -> Share:
    """Return the share of a stage over several calls; an equation that is printed over several lines counts once."""
    texts = [each.stages[stage] for each in calls]
    lines = [(text.texts[line], origin) for text in texts for line, origin in links(text)]
    origins = [origin for line, origin in lines if stage != "jaxpr" or EQUATION.search(line)]
    reasons = Counter(f"{origin.name}: {origin.unlinked}" for origin in origins if not origin.spans)
    return Share(sum(bool(origin.spans) for origin in origins), len(origins), reasons)


# Source ---------------------------------------------------------------------------------------------------------------


SOURCES: dict[str, str] = {}
"""The code of texts that are no file and no lesson, by the name that they ran under."""


@cache
def source_of(file: str) -> str:
    """Return the text of a span's file: a program's, or `lesson/step` and `lesson/step:setup` of the course."""
    if file in SOURCES:
        return SOURCES[file]
    if file.endswith(".py"):
        return Path(file).read_text()
    name, _, setup = file.partition(":")
    _, step = bundled().find(name)
    assert isinstance(step, Step)
    return (step.setup if setup else step.solved_code).text


def text_of(span: Span) -> str:
    """Return the expression that a span marks."""
    lines = source_of(span.file).splitlines()[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


@cache
def expressions(file: str) -> dict[Position, set[Position]]:
    """Return the ends of each piece of the file's syntax, by its start; lines and columns as in spans."""
    source = source_of(file)
    lines = source.splitlines()
    found: dict[Position, set[Position]] = {}

    def column(line: int, utf8: int) -> int:
        return len(lines[line - 1].encode()[:utf8].decode()) + 1

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.expr | ast.stmt) and node.end_lineno and node.end_col_offset is not None:
            start = node.lineno, column(node.lineno, node.col_offset)
            found.setdefault(start, set()).add((node.end_lineno, column(node.end_lineno, node.end_col_offset)))
    return found


def is_expression(span: Span) -> bool:
    """Return whether a span is exactly a piece of syntax, to the character."""
    place = SpanPlace.of(span)
    return place.end in expressions(span.file).get(place.start, ())


def written(span: Span) -> str:
    """Return file, line, column and text of an expression; the text determines its end."""
    return f"{Path(span.file).name}:{span.line}:{span.column} {text_of(span)}"


def origins(call: Called, stage: StageName, name: str, transform: str = "") -> list[Origin]:
    """Return the origins of a primitive's, operation's or opcode's lines; with `transform`, only those from it."""
    found = [origin for _, origin in links(call.stages[stage]) if origin.name == name]
    found = [origin for origin in found if not transform or transform in origin.transforms]
    assert found, f"no {name} {transform} in {stage} of {call.name}"
    return found


def places(call: Called, stage: StageName, name: str, transform: str = "") -> set[str]:
    """Return the expressions of these lines."""
    return {written(span) for origin in origins(call, stage, name, transform) for span in origin.spans}


def around(call: Called, stage: StageName, name: str) -> set[str]:
    """Return the calls around these lines."""
    return {written(span) for origin in origins(call, stage, name) for span in origin.callers}
