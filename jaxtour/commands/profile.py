"""`jaxtour profile`: shows where a call's time goes, by line of the source and by instruction, as text or JSON."""

import linecache
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from jaxtour import interrupts
from jaxtour.commands.common import (
    ascii_only,
    coloured,
    headless,
    tell_findings,
    tell_progress,
    write,
    write_json,
)
from jaxtour.commands.launch import Script
from jaxtour.commands.lens import check_one, chosen_of, ended, missing, opened
from jaxtour.commands.page import STAGES, checked_path, page_call, write_page
from jaxtour.commands.time import peaks_of
from jaxtour.engine.profile_record import profile_record
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.messages import Facts, Peak, Trace
from jaxtour.engine.wire.profile import Profile
from jaxtour.render.profile.tables import instruction_table, line_table, summary_lines
from jaxtour.render.text.layout import Line
from jaxtour.render.text.plain import section, text_of, worker_text
from jaxtour.streams import warn


@dataclass(frozen=True)
class ProfileOptions:
    """What the user asked to profile."""

    program: Script
    calls: Sequence[str]
    at: str | None = None
    """A function's name or a `FILE.py:LINE` of the program; the calls are then what JAX compiled for it."""
    patience: float = 1.0
    roofline: bool = False
    html: str | None = None
    """The page to write instead of printing."""


@dataclass(frozen=True)
class _Found:
    facts: Facts
    report: Report
    chosen: Sequence[Trace]
    peaks: Sequence[Peak] = ()
    unkept: str = ""


def profile(asked: ProfileOptions, config: WorkerConfig, *, as_json: bool, width: int) -> int:
    """Run the file, profile its calls and print; the exit code is 1 if the file or a profile fails."""
    path = asked.program.path
    lesson, step = opened(asked.program, asked.calls, asked.at)
    page = checked_path(asked.html)

    async def run() -> _Found:
        async with headless(config) as engine:
            facts = tell_findings(await engine.facts())
            engine.heard = tell_progress if sys.stderr.isatty() else None
            report = await engine.request(lesson, step)
            found = chosen_of(report, asked.at)
            chosen = [trace for trace in found if trace.error is None]
            if as_json:
                check_one(chosen)
            if as_json or page is not None:
                stages = ("hlo",) if page is None else STAGES
                report = await engine.request_more(lesson, step, report, chosen, stages)
            for trace in chosen:
                report = await engine.profile(lesson, step, report, trace, patience=asked.patience)
            platforms = {each.platform for each in report.profiles.values() if each.error is None}
            peaks, unkept = await peaks_of(engine, facts, platforms, measure=asked.roofline)
            return _Found(engine.session.facts or facts, report, found, peaks, unkept)

    found = interrupts.run(run())
    report = found.report
    told = ended(report, path)
    if told:
        warn(told)
    for trace in found.chosen:
        if trace.error is not None:
            warn(missing(trace, trace.error, path))
    profiles = [each for trace in found.chosen if (each := report.profiles.get(trace.index))]
    good = [each for each in profiles if each.error is None]
    for each in profiles:
        if each.error is not None:
            warn(f"{each.label}: {each.error}" if each.label else each.error)
        for verdict in each.verdicts if as_json else ():
            warn(f"{each.label}: {verdict.message}")
    if found.unkept:
        warn(f"cannot save the roofline: {found.unkept}")
    if page is not None and good:
        calls = [page_call(lesson, step, report, trace) for trace in found.chosen]
        write_page(page, path.name, found.facts, calls, found.peaks, quiet=as_json)
    if as_json and good:
        write_json(profile_record(good[0], found.peaks, report.stage(good[0].index, "hlo")))
    elif good and page is None:
        lines = text_lines(good, found.peaks, width, lesson.file.line, step.code.text.split("\n"))
        write(worker_text(found.facts, width, ascii_only(), coloured()) + text_of(lines, ascii_only(), coloured()))
    return int(told is not None or not good or len(good) < len(found.chosen))


def text_lines(
    profiles: Sequence[Profile], peaks: Sequence[Peak], width: int, own: str, code: Sequence[str]
) -> list[Line]:
    """Return the tables of each profile; `own` is the file with this code."""

    def source(file: str, line: int) -> str:
        if file == own:
            return code[line - 1] if 0 < line <= len(code) else ""
        return linecache.getline(file, line)

    lines: list[Line] = []
    for each in profiles:
        lines += section(each.label, summary_lines(each, width))
        lines += section("time by line", line_table(each, width, source, own=own))
        lines += section("time by instruction", instruction_table(each, peaks, width, own=own))
    return lines[1:]
