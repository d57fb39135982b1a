"""What the learner has done at a step, and what a pane is given to show of it."""

import copy
import os
from collections.abc import Mapping
from typing import Literal, Self, TypeAlias

import msgspec

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.engine.commands import StageName, StageRequest
from jaxtour.engine.messages import Facts, Failure, RunProgress, Timing, Trace, WorkerState
from jaxtour.engine.report import Report
from jaxtour.engine.stage import StageText
from jaxtour.text.raw import NO_TEXT, Raw
from jaxtour.tui.actions import Context, Keys

Shown: TypeAlias = Literal["jaxpr", "stablehlo", "hlo", "cost", "graph"]
"""What the pane of stages can show."""
BEHIND: Mapping[Shown, StageName] = {
    "jaxpr": "jaxpr", "stablehlo": "stablehlo", "hlo": "hlo", "cost": "hlo", "graph": "jaxpr",
}  # fmt: skip
"""The stage that each is made of."""


class StepState(msgspec.Struct):
    """One step's state in this sitting."""

    report: Report | None = None
    code: str = ""
    """What was run, and the report tells of."""
    prediction: str | None = None
    hints: int = 0
    """How many hints were asked for."""
    solution: bool = False
    """Whether the solution is shown."""
    setup: bool = False
    """Whether the code that runs first is unfolded."""
    trace: int = 0
    """Which of the traces is shown."""
    stage: Shown = "jaxpr"
    """What of the trace is shown."""
    unfolded: frozenset[int] | None = None
    """Lines of the jaxpr whose equations are unfolded in its graph; None for those with which it opens."""
    climbed: Raw = NO_TEXT
    """The call whose ladder the report has."""
    device: tuple[str, int] | None = None
    """The device that is told about: `("cpu", 3)`."""
    reason: str = ""
    """Why it cannot run on this worker."""

    @property
    def timings(self) -> tuple[Timing, ...]:
        """What was measured."""
        return self.report.timings if self.report else ()


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step at one moment, complete: panes are drawn from this and nothing else."""

    lesson: Lesson
    step: Step | Broken
    number: int
    """Counted from 1."""
    state: StepState = msgspec.field(default_factory=StepState)
    """A copy, which nobody changes."""
    done: tuple[bool, ...] = ()
    """Which steps of the lesson are done."""
    code: Raw = NO_TEXT
    edited: bool = False
    worker: WorkerState = "spawning"
    detail: str = ""
    held: bool = False
    """Whether there is no worker since another process holds the accelerator."""
    cpu_helps: bool = False
    """Whether there is no worker, and it is an accelerator that may be the cause."""
    elsewhere: str = ""
    """The step that the worker is busy with, where it is another one."""
    facts: Facts | None = None
    keys: Keys = msgspec.field(default_factory=Keys)
    ascii: bool = False
    coloured: bool = True
    """Whether text and source have their styles: to import what makes them takes longer than the first frame."""
    stable: bool = False
    """Whether times and the machine are left out."""

    @classmethod
    def of(cls, state: StepState, **rest: object) -> Self:
        """The view of a state as it is at this moment."""
        return cls(state=copy.copy(state), **rest)  # type: ignore[arg-type]

    @property
    def report(self) -> Report | None:
        """What the step's last run came to so far."""
        return self.state.report

    @property
    def total(self) -> int:
        """How many steps the lesson has."""
        return len(self.lesson.steps)

    @property
    def stalled(self) -> tuple[object, ...]:
        """What says why a stage is not there yet."""
        return (self.elsewhere, self.worker == "ready") if self.stage is None else ()

    @property
    def trouble(self) -> tuple[object, ...]:
        """What says why there is no worker, or what keeps it from opening its devices."""
        return (self.worker in ("dead", "opening devices") and self.worker, self.detail, self.held, self.cpu_helps)

    @property
    def measuring(self) -> RunProgress | None:
        """How far the measuring is; None where nothing is measured, or nothing that takes time is shown."""
        report = self.report
        if report is None or report.progress is None or self.stable:
            return None
        measures = bool(report.request and report.request.timings)
        return report.progress if measures or (report.done is None and report.progress.phase == "timing") else None

    @property
    def missing(self) -> StageRequest | None:
        """The stage that is to be shown and has not been asked for; one that failed is there, as its error."""
        report, trace = self.report, self.trace
        if report is None or report.done is None or report.request or trace is None or trace.error is not None:
            return None
        # The jaxpr comes with the run.
        return None if self.behind == "jaxpr" or self.stage else StageRequest(index=self.index, stage=self.behind)

    @property
    def cell(self) -> str:
        """The name that the step's code has on the wire."""
        # As the worker makes it: links are not followed.
        file = os.path.abspath(self.lesson.file.text)  # noqa: PTH100
        return Raw(file).line if self.lesson.plain else f"{self.lesson.id}/{self.step.id}"

    @property
    def finished(self) -> bool:
        """Whether the step's run has ended."""
        return self.report is not None and self.report.done is not None

    @property
    def awaits(self) -> bool:
        """Whether the step runs, and what its panes show is still to come."""
        return self.report is not None and self.report.done is None

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The calls that were traced."""
        return self.report.traces if self.report else ()

    @property
    def index(self) -> int:
        """The place of the trace that is shown."""
        return max(0, min(self.state.trace, len(self.traces) - 1))

    @property
    def trace(self) -> Trace | None:
        """The trace that is shown."""
        return self.traces[self.index] if self.traces else None

    @property
    def failure(self) -> Failure | None:
        """What the code raised, or else what tracing the call that is shown did."""
        if self.report and self.report.failure:
            return self.report.failure
        return self.trace.raised if self.trace else None

    @property
    def behind(self) -> StageName:
        """The stage that what is shown is made of."""
        return BEHIND[self.state.stage]

    @property
    def stage(self) -> StageText | None:
        """The stage that what is shown is made of; None while nothing of it has come, or when there is none."""
        return self.report.stage(self.index, self.behind) if self.report and self.traces else None

    @property
    def linked(self) -> StageText | None:
        """The same, where it has lines that can belong to something."""
        stage = self.stage
        whole = stage is not None and stage.complete and stage.error is None
        return stage if whole and self.state.stage != "cost" else None

    @property
    def traced(self) -> StageText | None:
        """The jaxpr of the trace, which knows every expression that something became of."""
        stage = self.report.stage(self.index, "jaxpr") if self.report and self.traces else None
        return stage if stage and stage.complete and stage.error is None else None

    def key(self, action: str) -> str:
        """The key of an action, in words."""
        return self.keys.first(action)

    def context(
        self,
        *,
        busy: bool,
        zoomed: bool,
        searching: bool = False,
        linking: bool = False,
        many: bool = False,
        alone: bool = False,
        on_devices: bool = False,
        on_shard: bool = False,
    ) -> Context:
        """What decides which keys work."""
        step, dead = self.step, self.worker == "dead"
        base = Context(
            busy=busy,
            zoomed=zoomed,
            dead=dead,
            held=self.held,
            cpu_helps=self.cpu_helps,
            runnable=False,
            searching=searching,
            alone=alone,
            on_devices=on_devices,
            on_shard=on_shard,
        )
        if isinstance(step, Broken):
            return base
        exercise = step.exercise
        return msgspec.structs.replace(
            base,
            runnable=not base.dead,
            editable=True,
            ran=self.finished,
            edited=self.edited,
            setup=bool(step.setup.text.strip()),
            traces=len(self.traces),
            times=self.finished and bool(step.time or (self.trace and self.trace.error is None)),
            timed=bool(self.report and self.report.timings),
            flagged=any(timing.verdicts for timing in self.report.timings) if self.report else False,
            asks=step.ask is not None,
            answered=self.state.prediction is not None,
            hints=len(exercise.hints) - self.state.hints if exercise else 0,
            exercise=exercise is not None and not self.state.solution,
            lines=self.linked is not None,
            linking=linking,
            many=many,
        )
