"""`jaxtour time`: measures a file's calls and prints the timings as text or JSON, with warnings about them."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from msgspec.structs import replace

from jaxtour import interrupts
from jaxtour.commands.common import ascii_only, coloured, headless, tell_findings, write, write_json
from jaxtour.commands.files import lesson_of
from jaxtour.commands.launch import Script
from jaxtour.commands.lens import chosen_of, ended
from jaxtour.course.model import CourseError, Lesson, Step
from jaxtour.engine.cells import program_call
from jaxtour.engine.headless import Headless
from jaxtour.engine.peaks import default_path, keep, kept
from jaxtour.engine.record import timing_records
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.commands import TimeCall
from jaxtour.engine.wire.messages import Facts, Peak, Timing, Verdict
from jaxtour.render.text.layout import Line
from jaxtour.render.text.plain import section, text_of, worker_text
from jaxtour.render.timing.roofline import roofline_lines
from jaxtour.render.timing.rows import retrace_lines, timing_footer, timing_lines
from jaxtour.render.timing.timing_details import detail_lines, explanation_lines
from jaxtour.streams import warn

SIZE = re.compile(r"\bn\b")


@dataclass(frozen=True)
class TimeRequest:
    """What the user asked to measure."""

    target: Script
    calls: Sequence[str]
    """If empty, the file's own calls are measured, as for `jaxtour lens`."""
    against: Sequence[str]
    """Calls that are measured too; the first one is the baseline."""
    host: Sequence[str]
    """Calls that are measured too, with their arrays left on the host."""
    sizes: str | None = None
    """Numbers separated by commas; `n` takes each in turn."""
    patience: float = 1.0
    """The factor by which each measurement may take longer than usual."""
    roofline: bool = False
    at: str | None = None
    """Which of the programs to measure that the file compiles when it runs as a program."""


@dataclass(frozen=True)
class _Found:
    facts: Facts
    report: Report
    peaks: tuple[Peak, ...] = ()
    unkept: str = ""
    """Why the peaks could not be saved."""


def time(asked: TimeRequest, config: WorkerConfig, *, as_json: bool, width: int) -> int:
    """Run the file, measure the calls and print; the exit code is 1 if the file fails or a call cannot be measured."""
    path, function = asked.target.path, asked.target.function
    calls = _calls(asked)
    # Calls given by --call need not be found or traced.
    lesson = lesson_of(path, function, asked.calls, asked.target.launch if asked.at is not None else None)
    step = lesson.steps[0]
    assert isinstance(step, Step)
    if asked.calls:
        step = replace(step, trace=())
    found = interrupts.run(_measured(config, lesson, step, asked, calls))
    report = found.report
    told = ended(report, path)
    if told:
        warn(told)
        if not report.timings:
            return 1
    failed = [(trace.label, trace.error) for trace in report.traces if trace.error is not None]
    failed += [(timing.label, timing.error) for timing in report.timings if timing.error is not None]
    for label, error in dict.fromkeys(failed):
        warn(f"{label}: {error}" if label else error)
    if report.timing_error:
        warn(f"measuring stopped early: {report.timing_error}")
    if found.unkept:
        warn(f"cannot save the roofline: {found.unkept}")
    if as_json:
        write_json(timing_records(report))
    elif measured := [timing for timing in report.timings if timing.error is None]:
        report = replace(report, timings=tuple(measured))
        lines = text_lines(report, found.peaks, width, roofline=asked.roofline)
        write(worker_text(found.facts, width, ascii_only(), coloured()) + text_of(lines, ascii_only(), coloured()))
    return int(bool(told or failed or report.timing_error))


def _calls(asked: TimeRequest) -> tuple[TimeCall, ...]:
    """Return the calls to measure besides those that the worker finds, the baseline first."""
    if asked.at is not None and (asked.calls or asked.against or asked.host or asked.sizes):
        raise CourseError(
            "--at times recorded programs, with their own inputs: leave out --call, --vs, --host and --sizes"
        )
    if asked.at is None and asked.target.launched:
        raise CourseError("name what to time in the program, as in --at step or --at train.py:20")
    sizes = _sizes(asked.sizes)
    for option, written in (("--call", asked.calls), ("--vs", asked.against), ("--host", asked.host)):
        if not all(call.strip() for call in written):
            raise CourseError(f"{option} is empty: write a call, as in {option} 'f(x)'")
    others = [
        *(TimeCall(label=call, call=call, sizes=sizes) for call in asked.against),
        *(TimeCall(label=call, call=call, sizes=sizes, on="host") for call in asked.host),
    ]
    named = [TimeCall(label=call, call=call, sizes=sizes) for call in asked.calls]
    every = [*(replace(call, baseline=True) for call in others[:1]), *others[1:], *named]
    if sizes and not any(SIZE.search(call.call) for call in every):
        raise CourseError("--sizes sets n, but no call uses n: write it as --call 'f(jnp.ones(n))'")
    return tuple(every)


def _sizes(written: str | None) -> tuple[int, ...]:
    """Parse `100,1000` into numbers; raises `CourseError`."""
    if written is None:
        return ()
    found = []
    for part in written.split(","):
        if not (part.strip().isdecimal() and int(part)):
            raise CourseError(f"--sizes {written}: {part.strip()!r} is not a size: write whole numbers, as in 100,1000")
        found.append(int(part))
    return tuple(dict.fromkeys(found))


async def _measured(
    config: WorkerConfig, lesson: Lesson, step: Step, asked: TimeRequest, calls: tuple[TimeCall, ...]
) -> _Found:
    async with headless(config) as engine:
        facts = tell_findings(await engine.facts())
        report = await engine.request(lesson, step)
        if asked.at is not None:
            report = await _programs(engine, lesson, step, report, asked.at, asked.patience)
            platforms = {timing.platform for timing in report.timings} - {"host"}
            peaks, unkept = await peaks_of(engine, facts, platforms, measure=asked.roofline)
            return _Found(engine.session.facts or facts, report, peaks, unkept)
        if report.failure or (report.done and report.done.status != "ok"):
            return _Found(facts, report)
        traced = [trace for trace in report.traces if trace.error is None]
        calls = (*calls, *(TimeCall(label=trace.label, call=trace.call.text) for trace in traced))
        if not calls or (not asked.calls and not traced):
            return _Found(facts, report)
        report = await engine.measure(lesson, step, report, calls, patience=asked.patience)
        platforms = {timing.platform for timing in report.timings} - {"host"}
        peaks, unkept = await peaks_of(engine, facts, platforms, measure=asked.roofline)
        return _Found(engine.session.facts or facts, report, peaks, unkept)


async def _programs(engine: Headless, lesson: Lesson, step: Step, report: Report, at: str, patience: float) -> Report:
    """Return the report with timings of its recorded programs; the file runs again for each of them."""
    programs = {program.index: program for program in report.programs}
    for trace in chosen_of(report, at):
        call = program_call(trace, programs[trace.index], report.programs)
        report = await engine.measure(lesson, step, report, (call,), patience=patience)
    return report


async def peaks_of(
    engine: Headless, facts: Facts, platforms: Set[str], *, measure: bool
) -> tuple[tuple[Peak, ...], str]:
    """Return the platforms' peaks, saved or newly measured on request, and why they could not be saved."""
    path = default_path()
    found = kept(facts, path)
    missing = platforms - {each.platform for each in found}
    if not measure or not missing:
        return found, ""
    own = await engine.whole(Report(run=await engine.session.peaks()))
    try:
        keep(facts, own.peaks, path)
    except OSError as error:
        return own.peaks, error.strerror or str(error)
    return own.peaks, ""


def text_lines(report: Report, peaks: Sequence[Peak], width: int, *, roofline: bool = False) -> list[Line]:
    """Return the table, the details of its rows, the meaning of the verdicts, and the retraces."""
    timings = report.timings
    footer = timing_footer(timings)
    lines = section(f"time, {footer}" if footer else "time", timing_lines(_unexplained(timings), width))
    if details := detail_lines(timings, width, peaks=peaks):
        lines += section("each call", details)
    if verdicts := explanation_lines(timings, width):
        lines += section("what the numbers do not mean", verdicts)
    if roofline:
        lines += section("roofline", roofline_lines(timings, peaks, width))
    if again := retrace_lines(report.retraces, width):
        lines += section("traced again, while the file ran", again)
    return lines[1:]


def _unexplained(timings: Sequence[Timing]) -> list[Timing]:
    """Return the timings with only the names of their verdicts: the sentences come with the explanations."""
    return [
        replace(timing, verdicts=tuple(Verdict(code=verdict.code, message="") for verdict in timing.verdicts))
        for timing in timings
    ]
