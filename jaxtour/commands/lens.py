"""`jaxtour lens`: prints a stage of a file's calls as text or JSON, with the source place of each line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import msgspec

from jaxtour import interrupts
from jaxtour.commands.common import ascii_only, coloured, headless, tell_findings, write, write_json
from jaxtour.commands.files import lesson_of
from jaxtour.commands.launch import Script
from jaxtour.commands.page import checked_path, page_call, write_page
from jaxtour.course.model import CourseError, Lesson, Step
from jaxtour.engine.memory_record import memory_record
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.messages import Arguments, Facts, Failure, Origin, Trace
from jaxtour.engine.wire.messages import Program as Recorded
from jaxtour.render.ir.arguments import ArgumentTree
from jaxtour.render.ir.highlight import stage_lines
from jaxtour.render.ir.memory import drawing
from jaxtour.render.programs import place
from jaxtour.render.text.layout import Line
from jaxtour.render.text.plain import section, text_of
from jaxtour.streams import warn

VERSION = 1
BELOW: tuple[StageName, ...] = ("stablehlo", "hlo")
STAGES: Mapping[str, tuple[StageName, ...]] = {
    "jaxpr": ("jaxpr",), "stablehlo": ("stablehlo",), "hlo": ("hlo",), "all": ("jaxpr", *BELOW),
    "arguments": (), "memory": ("hlo",),
}  # fmt: skip


@dataclass(frozen=True)
class _Shown:
    """A traced call, and the requested ones of its stages."""

    trace: Trace
    stages: tuple[StageText, ...]
    arguments: Arguments | None
    error: str | None
    """Why one of them is missing, in one line."""


@dataclass(frozen=True)
class LensRequest:
    """What the user asked to see."""

    program: Script
    calls: Sequence[str]
    at: str | None = None
    """A line or function; with it the file runs as a program, and the calls are the programs compiled for it."""
    stage: str = "jaxpr"
    links: bool = False
    html: str | None = None
    """The page to write instead of printing."""


def lens(asked: LensRequest, config: WorkerConfig, *, as_json: bool = False, width: int = 100) -> int:
    """Run the file and print a stage of each call, or all; the exit code is 1 if the file or a stage fails."""
    path = asked.program.path
    lesson, step = opened(asked.program, asked.calls, asked.at)
    page = checked_path(asked.html)
    wanted = STAGES[asked.stage if page is None else "all"]

    async def run() -> tuple[Facts, Report, list[Trace]]:
        async with headless(config) as engine:
            # Without a worker there is nothing to print; its problems come first.
            facts = tell_findings(await engine.facts())
            report = await engine.request(lesson, step)
            chosen = chosen_of(report, asked.at)
            report = await engine.request_more(lesson, step, report, chosen, wanted)
            return engine.session.facts or facts, report, chosen

    facts, report, chosen = interrupts.run(run())
    told = ended(report, path)
    if told:
        warn(told)
        if not chosen:
            return 1
    shown = [_shown(report, trace, wanted) for trace in chosen]
    for each in shown:
        if each.error is not None:
            warn(missing(each.trace, each.error, path))
    if page is not None:
        write_page(page, path.name, facts, [page_call(lesson, step, report, trace) for trace in chosen], quiet=as_json)
    if as_json:
        write_json({"version": VERSION, "calls": [document(each) for each in shown]})
    elif page is None:
        own = lesson.file.line
        drawn = asked.stage in ("arguments", "memory")
        lines = _drawn(shown, asked.stage, own, width) if drawn else _lines(shown, own if asked.links else None)
        write(text_of(lines, ascii_only(), coloured()))
    return int(told is not None or any(each.error is not None for each in shown))


def opened(program: Script, calls: Sequence[str], at: str | None) -> tuple[Lesson, Step]:
    """Return the file as a lesson, and its step; with `at`, or with its own arguments, it runs as a program."""
    launch = program.launch if at is not None or program.launched else None
    lesson = lesson_of(program.path, program.function, calls, launch)
    step = lesson.steps[0]
    assert isinstance(step, Step)
    return lesson, step


def chosen_of(report: Report, at: str | None) -> list[Trace]:
    """Return the traced calls, or those of the programs that a function's name or a `FILE.py:LINE` stands for.

    There is none if the program failed before JAX compiled any; otherwise raises `CourseError` if there is no such one.
    """
    return list(report.traces) if at is None else _programs_at(report, at)


def check_one(traces: Sequence[Trace]) -> None:
    """Raise `CourseError` for several calls if the JSON has room for only one."""
    if len(traces) > 1:
        labels = ", ".join(trace.label for trace in traces)
        raise CourseError(f"--json has room for one call: choose one by --call: {labels}")


def missing(trace: Trace, why: str | None, path: Path) -> str:
    """Return in one line why part of a call is missing, with the place of what tracing raised."""
    label = f"{trace.label}: " if trace.label else ""
    return failure_line(trace.raised, path, label) if trace.raised else f"{label}{why}"


def _programs_at(report: Report, at: str) -> list[Trace]:
    file, _, line = at.rpartition(":")
    if line.isdecimal() and file:
        found = [each for each in report.programs if _is_there(each, file, int(line))]
    else:
        found = [each for each in report.programs if each.function == at]
    failed = report.failure or (report.done and report.done.status != "ok")
    if not found and not (failed and not report.programs):
        names = ", ".join(dict.fromkeys(f"{each.function} ({place(each.file, each.line)})" for each in report.programs))
        told = f"--at {at}: JAX compiled {f'{names}, and nothing of this name or line' if names else 'no function'}"
        if raised := report.failure:
            told += f"; then it raised {raised.type}" + (f" in line {raised.line}" if raised.line else "")
        raise CourseError(told)
    places = {each.index for each in found}
    return [trace for trace in report.traces if trace.index in places]


def _is_there(program: Recorded, file: str, line: int) -> bool:
    """Return whether a line defines the program's function, or calls it."""
    places = [(program.file, program.line), *((site.file, site.line) for site in program.called_at)]
    return any(at == line and name and PurePath(name).match(file) for name, at in places)


def _shown(report: Report, trace: Trace, wanted: Sequence[StageName]) -> _Shown:
    stages = [report.stage(trace.index, name) for name in wanted]
    why = [each.error if each else "the worker has nothing to show" for each in stages if each is None or each.error]
    whole = tuple(each for each in stages if each is not None and each.error is None)
    return _Shown(trace, whole, report.arguments.get(trace.index), trace.error or (why[0] if why else None))


def _lines(shown: Sequence[_Shown], file: str | None) -> list[Line]:
    """Return the stages, under headings where there are several."""
    lines: list[Line] = []
    several = len(shown) > 1 or any(len(each.stages) > 1 for each in shown)
    for each in shown:
        for stage in each.stages:
            name = f"{each.trace.label}   {stage.stage}" if len(each.stages) > 1 else each.trace.label
            found = stage_lines(stage, file)
            lines += section(name, found)[not lines :] if several else found
    return lines


def _drawn(shown: Sequence[_Shown], what: str, file: str, width: int) -> list[Line]:
    """Return the arguments and results of each call, or its memory, under headings where there are several."""
    lines: list[Line] = []
    for each in shown:
        if what == "memory":
            found = [line for stage in each.stages for line in drawing(stage, file, width).lines]
        else:
            found = ArgumentTree(each.arguments).lines(width) if each.arguments else []
        lines += section(each.trace.label, found)[not lines :] if len(shown) > 1 else found
    return lines


def ended(report: Report, path: Path) -> str | None:
    """Return why the file did not run to its end, with the place, or None if it did."""
    if report.failure:
        return failure_line(report.failure, path)
    if report.done and report.done.status not in ("ok", "error"):
        return f"{path}: {report.done.reason or report.done.status}"
    return None


def failure_line(failure: Failure, path: Path, label: str = "") -> str:
    """Return `FILE:LINE:COLUMN: TypeError: message`, with the place in the file, and where it was raised if elsewhere.

    A label comes before the exception.
    """
    message = failure.message.partition("\n")[0]
    what = label + (f"{failure.type}: {message}" if message else failure.type)
    inner = failure.frames[-1] if failure.frames else None
    if failure.line is None:
        return f"{inner.file}:{inner.line}:{max(inner.column, 1)}: {what}" if inner else f"{path}: {what}"
    elsewhere = inner is not None and inner.file != failure.frames[0].file
    raised = f" (raised in {Path(inner.file).name}:{inner.line})" if inner and elsewhere else ""
    return f"{path}:{failure.line}:{max(failure.column, 1)}: {what}{raised}"


def document(shown: _Shown) -> dict[str, Any]:
    """Return what `--json` prints for a call: its stages, each with an entry for each line of its text."""
    trace = shown.trace
    stages = [
        {
            "stage": stage.stage,
            "text": stage.text,
            "lines": [_row(stage.origin_of(line)) for line in range(len(stage.texts))],
            "cost": {} if stage.cost is None else msgspec.to_builtins(stage.cost),
            "memory": memory_record(stage),
        }
        for stage in shown.stages
    ]
    called = {"call": trace.call, "label": trace.label, "error": shown.error, "stages": stages}
    return called if shown.arguments is None else {**called, "arguments": _arguments(shown.arguments)}


def _arguments(told: Arguments) -> dict[str, Any]:
    """Return a call's leaves (`{path, type, shape, dtype, sharding, bytes}`), and the values that are not traced."""
    sides = {"inputs": told.inputs, "outputs": told.outputs}
    leaves = {
        side: [{"path": leaf.path, **msgspec.structs.asdict(leaf)} for leaf in every] for side, every in sides.items()
    }
    return {**leaves, "static": told.static, "left_out": sum(told.more)}


def _row(origin: Origin) -> dict[str, Any]:
    return {
        "kind": origin.kind,
        "name": origin.name,
        "spans": [msgspec.structs.asdict(span) for span in origin.spans],
        "transforms": origin.transforms,
        "unlinked": origin.unlinked,
    }
