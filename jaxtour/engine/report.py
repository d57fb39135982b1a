"""Records what each run is for, and folds its events into the report."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from jaxtour.course.model import Step, StepKey
from jaxtour.engine.cells import LeftOut
from jaxtour.engine.guards.connection import EngineError
from jaxtour.engine.handle import Handle
from jaxtour.engine.session import Session
from jaxtour.engine.stage import StageText, assembled, failed
from jaxtour.engine.wire.commands import StageName, StageRequest
from jaxtour.engine.wire.messages import (
    Answer,
    Arguments,
    Checked,
    Done,
    Event,
    Executed,
    Failure,
    Figure,
    FromProcess,
    Hlo,
    Level,
    Names,
    Peak,
    Profile,
    Program,
    Recorded,
    Result,
    Retrace,
    RunEvent,
    RunProgress,
    Stage,
    Text,
    Timing,
    Trace,
    Value,
    Warned,
)
from jaxtour.text import NO_TEXT, Raw

Phase: TypeAlias = Literal["waiting", "running", "executed", "done"]
StageTexts: TypeAlias = Mapping[tuple[int, StageName], StageText]


class RunPurpose(NamedTuple):
    """The purpose of a run."""

    purpose: Literal["run", "request", "peaks", "compare", "names"]
    key: StepKey | None = None
    """The step whose report gets its events."""
    step: Step | None = None
    take: Callable[[RunEvent], None] | None = None
    """Takes its events instead of a step's report."""


class Runs:
    """The purpose of each run. A run has its number before it is sent, so its events can always be routed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._owners: dict[int, RunPurpose] = {}
        self._launching: set[int] = set()
        self._early: dict[int, asyncio.Task[None]] = {}
        """What was launched before the guard had started, by run."""
        self.reserved = False
        """Whether several runs follow each other, with nothing else between them."""

    @property
    def current(self) -> RunPurpose | None:
        """The purpose of the current run; None without one, or if it was not launched here."""
        run = max(self._launching, default=self._session.current)
        return self._owners.get(run) if run is not None else None

    async def launch(self, handle: Handle, owner: RunPurpose) -> None:
        """Send a run whose events are for `owner`, once there is a guard; raises `EngineError` if that is gone."""
        self._owners[handle.run] = owner
        self._launching.add(handle.run)
        if not self._session.started.is_set():
            # A guard on another machine takes seconds to start, and a key must not wait for it.
            self._early[handle.run] = asyncio.create_task(self._launch_early(handle), name=f"run {handle.run}")
            return
        await self._send(handle)

    async def _launch_early(self, handle: Handle) -> None:
        with contextlib.suppress(EngineError):  # `drop_early` reports it
            await self._send(handle)
            self._early.pop(handle.run, None)

    def drop_early(self, reason: str) -> list[Done]:
        """Give up what was launched before the guard had started; returns the ends of these runs."""
        early, self._early = self._early, {}
        for task in early.values():
            task.cancel()
        return [Done(run=run, status="interrupted", dirty=True, reason=reason) for run in early]

    async def _send(self, handle: Handle) -> None:
        try:
            await handle.send(handle.run)
        finally:
            self._launching.discard(handle.run)

    def owner(self, event: RunEvent) -> RunPurpose | None:
        """Return the purpose of an event's run; None for a run that was not launched here."""
        return self._owners.get(event.run)


class Request(msgspec.Struct, frozen=True):
    """A pending request: a separate run, whose stages or timings belong to the step's report."""

    run: int
    requests: tuple[StageRequest, ...] = ()
    ladder: bool = False
    timings: bool = False
    profile: int | None = None
    """The index of the trace."""


class Report(msgspec.Struct, frozen=True):
    """One run of one step so far, and the results of later requests."""

    run: int
    without: tuple[LeftOut, ...] = ()
    """Earlier steps that it runs without, since their code ended the worker."""
    phase: Phase = "waiting"
    stdout: Raw = NO_TEXT
    stderr: Raw = NO_TEXT
    traced: tuple[tuple[int, int], ...] = ()
    """The ranges of `stdout` that were written while JAX traced, in characters."""
    dropped: int = 0
    """Bytes of output dropped."""
    background: Raw = NO_TEXT
    """Output written after the step was done."""
    value: Value | None = None
    failure: Failure | None = None
    warnings: tuple[Warned, ...] = ()
    figures: tuple[Figure, ...] = ()
    traces: tuple[Trace, ...] = ()
    arguments: Mapping[int, Arguments] = {}
    """The arguments of each trace, by its index."""
    stages: StageTexts = {}
    """The requested stages, by the trace's index and the stage's name."""
    levels: tuple[Level, ...] = ()
    """The levels of the requested ladder, innermost first."""
    level_stages: StageTexts = {}
    """The stages of levels, by the level's index."""
    ladder_error: str | None = None
    """Why the ladder is incomplete, in one line."""
    request: Request | None = None
    hlo: tuple[Hlo, ...] = ()
    timings: tuple[Timing, ...] = ()
    timing_error: str | None = None
    """Why a requested measurement did not finish, in one line."""
    profiles: Mapping[int, Profile] = {}
    """The requested profiles, by the trace's index."""
    retraces: tuple[Retrace, ...] = ()
    """All traces of the learner's jitted functions while the code ran, including first ones."""
    peaks: tuple[Peak, ...] = ()
    programs: tuple[Program, ...] = ()
    """What the code compiled, the most expensive first, where it was recorded."""
    recorded: Recorded | None = None
    answer: str | None = None
    unanswered: str = ""
    """Why the step's question has no answer."""
    checked: Checked | None = None
    executed: Executed | None = None
    progress: RunProgress | None = None
    checking: RunProgress | None = None
    """The check that began last; None before the first one, and once all of them ended."""
    done: Done | None = None
    processes: "Mapping[int, Report]" = {}
    """What each of several processes reported; for process 0, only what this report does not already have."""

    @property
    def compiles(self) -> int:
        """The number of compilations while the code ran."""
        return self.executed.compiles if self.executed else 0

    @property
    def seconds(self) -> float | None:
        """How long the code ran; None while it runs."""
        if self.executed:
            return self.executed.seconds
        return self.done.seconds if self.done else None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the recorded programs, by index."""
        return tuple(program.key for program in self.programs)

    def stage(self, index: int, stage: StageName) -> StageText | None:
        """Return a stage of a trace; None before its first part."""
        return self.stages.get((index, stage))

    def __eq__(self, other: object) -> bool:
        """Return whether both show the same.

        Progress is shown elsewhere, and must not cause the panes to be redrawn.
        """
        return isinstance(other, Report) and all(getattr(self, name) == getattr(other, name) for name in _SHOWN)

    def takes(self, event: RunEvent) -> bool:
        """Return whether the event belongs to this report: to its run, or to the pending request."""
        return event.run == self.run or (self.request is not None and event.run == self.request.run)


_SHOWN = tuple(name for name in Report.__struct_fields__ if name != "progress")


def requested(
    report: Report,
    run: int,
    requests: tuple[StageRequest, ...] = (),
    ladder: bool = False,
    timings: bool = False,
    profile: int | None = None,
) -> Report:
    """Return the report that takes the stages and timings of another run, replacing the old ones."""
    wanted = {(request.index, request.stage) for request in requests}
    stages = {key: stage for key, stage in report.stages.items() if key not in wanted}
    report = replace(report, stages=stages, request=Request(run, requests, ladder, timings, profile))
    report = replace(report, timing_error=None) if timings else report
    report = replace(report, profiles={key: each for key, each in report.profiles.items() if key != profile})
    return replace(report, levels=(), level_stages={}, ladder_error=None) if ladder else report


def advance(report: Report, event: Event) -> Report:
    """Return the report with one more event; ignores events of other runs."""
    if not isinstance(event, RunEvent) or not report.takes(event):
        return report
    if isinstance(event, FromProcess):
        own = report.processes.get(event.process) or Report(report.run, report.without)
        own = replace(own, request=report.request)
        return replace(report, processes={**report.processes, event.process: advance(own, event.said)})
    if event.run != report.run and not isinstance(event, Stage | Level | Timing | Profile | RunProgress | Done):
        # A request may execute the step again, whose output and value are already known.
        return report
    match event:
        case Text(background=True):
            return replace(report, background=Raw(report.background.text + event.text.text))
        case Text(stream=stream):
            text = (report.stdout if stream == "stdout" else report.stderr).text
            if event.dropped:
                text += f"\n… {event.dropped} bytes left out …\n"
            report = replace(report, dropped=report.dropped + event.dropped, phase=_at_least_running(report))
            if event.tracing and stream == "stdout":
                report = replace(report, traced=_joined(report.traced, len(text), len(text) + len(event.text.text)))
            whole = Raw(text + event.text.text)
            return replace(report, stdout=whole) if stream == "stdout" else replace(report, stderr=whole)
        case RunProgress():
            checking = event if event.phase == "checking" else report.checking
            return replace(report, progress=event, checking=checking, phase=_at_least_running(report))
        case Result():
            return replace(report, value=event.value)
        case Failure():
            return replace(report, failure=event)
        case Warned():
            return replace(report, warnings=(*report.warnings, event))
        case Figure():
            return replace(report, figures=(*report.figures, event))
        case Executed():
            return replace(report, executed=event, phase="executed")
        case Trace():
            return replace(report, traces=(*report.traces, event))
        case Arguments():
            return replace(report, arguments={**report.arguments, event.index: event})
        case Stage():
            return _staged(report, event)
        case Level():
            return replace(report, levels=(*report.levels, event))
        case Hlo():
            return replace(report, hlo=(*report.hlo, event))
        case Timing():
            return replace(report, timings=_timed(report.timings, event))
        case Profile():
            return replace(report, profiles={**report.profiles, event.index: event})
        case Retrace():
            return replace(report, retraces=(*report.retraces, event))
        case Peak():
            return replace(report, peaks=(*report.peaks, event))
        case Program():
            return replace(report, programs=(*report.programs, event))
        case Recorded():
            return replace(report, recorded=event)
        case Answer():
            return replace(report, answer=None if event.error else event.text, unanswered=event.error)
        case Checked():
            return replace(report, checked=event, checking=None)
        case Names():
            return report
        case Done(run=run):
            report = replace(_cut(report, event), progress=None)
            return replace(report, done=event, phase="done") if run == report.run else report


def files_of(report: Report) -> set[Path]:
    """Return the user's files that a report names."""
    failures = [each for each in (report.failure, *(trace.raised for trace in report.traces)) if each]
    names = {frame.file for each in failures for frame in each.frames}
    names |= {frame.file for each in failures for inner in each.inner for frame in inner.frames}
    names |= {program.file for program in report.programs if program.file}
    names |= {site.file for program in report.programs for site in program.called_at}
    for stage in report.stages.values():
        for origin in stage.origins:
            names |= {span.file for span in (*origin.spans, *origin.callers)}
    return {path for name in names if (path := Path(name)).is_absolute()}


def _joined(ranges: tuple[tuple[int, int], ...], start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Return the ranges with one more, merged with the last if they touch."""
    if ranges and ranges[-1][1] == start:
        return (*ranges[:-1], (ranges[-1][0], end))
    return (*ranges, (start, end))


def _at_least_running(report: Report) -> Phase:
    return "running" if report.phase == "waiting" else report.phase


def _timed(timings: tuple[Timing, ...], event: Timing) -> tuple[Timing, ...]:
    """Return the timings with one more, which replaces one of the same call, size and platform."""
    kinds = [_kind(timing) for timing in timings]
    place = kinds.index(_kind(event)) if _kind(event) in kinds else len(timings)
    return (*timings[:place], event, *timings[place + 1 :])


def _kind(timing: Timing) -> tuple[object, ...]:
    return timing.index, timing.label, timing.call, timing.size, timing.platform


def _staged(report: Report, part: Stage) -> Report:
    key = (part.index, part.stage)
    if part.level:
        return replace(report, level_stages={**report.level_stages, key: assembled(report.level_stages.get(key), part)})
    return replace(report, stages={**report.stages, key: assembled(report.stages.get(key), part)})


ENDS = {"died": "the worker died", "timeout": "stopped", "interrupted": "interrupted"}
"""How an incomplete run ended."""


def _cut(report: Report, done: Done) -> Report:
    """Return the report at the end of a run; each missing or incomplete stage gets an error."""
    why = ENDS.get(done.status, "the worker has nothing to show")
    why = f"{why}: {done.reason}" if done.reason not in ("", why) else why
    request = report.request if report.request and report.request.run == done.run else None
    missing = {(each.index, each.stage) for each in request.requests} - report.stages.keys() if request else set()
    cut = {key for key, stage in report.stages.items() if stage.run == done.run and not stage.complete}
    cut_levels = {key for key, stage in report.level_stages.items() if stage.run == done.run and not stage.complete}
    if missing or cut:
        report = replace(report, stages={**report.stages, **_failed(missing | cut, done.run, why)})
    if cut_levels:
        report = replace(report, level_stages={**report.level_stages, **_failed(cut_levels, done.run, why)})
    if request is None:
        return report
    if (index := request.profile) is not None and index not in report.profiles:
        lost = Profile(run=done.run, index=index, label="", call=NO_TEXT, error=why)
        report = replace(report, profiles={**report.profiles, index: lost})
    short = request.ladder and (done.status != "ok" or not report.levels)
    report = replace(report, request=None, ladder_error=why if short else report.ladder_error)
    return replace(report, timing_error=why) if request.timings and done.status != "ok" else report


def _failed(keys: set[tuple[int, StageName]], run: int, why: str) -> StageTexts:
    return {(index, stage): failed(index, stage, run, why) for index, stage in keys}


def joined(events: Iterable[Event]) -> list[Event]:
    """Return the events, with adjacent pieces of the same text joined: folding each piece would copy the whole text."""
    whole: list[Event] = []
    pieces: list[Text] = []

    def flush() -> None:
        if pieces:
            first = pieces[0]
            text = Raw("".join(piece.text.text for piece in pieces))
            whole.append(replace(first, text=text))
            pieces.clear()

    for event in events:
        if isinstance(event, Text):
            if pieces and (event.dropped or _origin_of(event) != _origin_of(pieces[0])):
                flush()
            pieces.append(event)
        else:
            flush()
            whole.append(event)
    flush()
    return whole


def _origin_of(text: Text) -> tuple[int, str, bool, bool]:
    return text.run, text.stream, text.background, text.tracing
