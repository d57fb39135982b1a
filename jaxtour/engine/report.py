"""What is known of a step's run so far: events folded into one frozen value."""

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from jaxtour.engine.messages import (
    Answer,
    Checked,
    Done,
    Event,
    Executed,
    Failure,
    Hlo,
    Progress,
    Result,
    RunEvent,
    Text,
    Timing,
    Trace,
    Value,
    Warned,
)

Phase: TypeAlias = Literal["waiting", "running", "executed", "done"]


@dataclass(frozen=True, slots=True)
class Report:
    """One run of one step, as far as it got."""

    run: int
    phase: Phase = "waiting"
    stdout: str = ""
    stderr: str = ""
    dropped: int = 0
    """Bytes of output that were left out."""
    background: str = ""
    """Output that came after the step was done."""
    value: Value | None = None
    failure: Failure | None = None
    warnings: tuple[Warned, ...] = ()
    traces: tuple[Trace, ...] = ()
    hlo: tuple[Hlo, ...] = ()
    timings: tuple[Timing, ...] = ()
    answer: str | None = None
    checked: Checked | None = None
    executed: Executed | None = None
    progress: Progress | None = field(default=None, compare=False)
    done: Done | None = None

    @property
    def compiles(self) -> int:
        """How often XLA compiled while the code ran."""
        return self.executed.compiles if self.executed else 0

    @property
    def seconds(self) -> float | None:
        """How long the code itself ran, or None while it does."""
        if self.executed:
            return self.executed.seconds
        return self.done.seconds if self.done else None


def advance(report: Report, event: Event) -> Report:
    """The report with one more event; events of other runs change nothing."""
    if not isinstance(event, RunEvent) or event.run != report.run:
        return report
    match event:
        case Text(background=True):
            return replace(report, background=report.background + event.text)
        case Text(stream=stream):
            text = getattr(report, stream)
            if event.dropped:
                text += f"\n… {event.dropped} bytes left out …\n"
            dropped = report.dropped + event.dropped
            return replace(report, **{stream: text + event.text}, dropped=dropped, phase=_at_least_running(report))
        case Progress():
            return replace(report, progress=event, phase=_at_least_running(report))
        case Result():
            return replace(report, value=event.value)
        case Failure():
            return replace(report, failure=event)
        case Warned():
            return replace(report, warnings=(*report.warnings, event))
        case Executed():
            return replace(report, executed=event, phase="executed")
        case Trace():
            return replace(report, traces=(*report.traces, event))
        case Hlo():
            return replace(report, hlo=(*report.hlo, event))
        case Timing():
            return replace(report, timings=(*report.timings, event))
        case Answer():
            return replace(report, answer=event.text)
        case Checked():
            return replace(report, checked=event)
        case Done():
            return replace(report, done=event, progress=None, phase="done")


def _at_least_running(report: Report) -> Phase:
    return "running" if report.phase == "waiting" else report.phase
