"""The step view, which panes draw."""

import copy
from typing import Any, Self

import msgspec

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.course.progress import SavedStep
from jaxtour.engine.cells import program_call, stage_request, time_calls
from jaxtour.engine.compare.apart import of_process
from jaxtour.engine.report import Report
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.commands import StageName, StageRequest, TimeCall
from jaxtour.engine.wire.messages import (
    Arguments,
    Facts,
    Failure,
    Profile,
    Program,
    RunProgress,
    Span,
    Trace,
    WorkerState,
)
from jaxtour.paths import absolute
from jaxtour.text import NO_TEXT, Raw
from jaxtour.tui.actions import Context, Keys
from jaxtour.tui.tour.practice import SAID, Judged, Prediction, Tried
from jaxtour.tui.tour.state import BEHIND, SIGHTS, Sight, StepState
from jaxtour.tui.widgets.arrange import Slot


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step at one moment; panes are drawn from this alone."""

    lesson: Lesson
    step: Step | Broken
    number: int
    """Counted from 1."""
    scratch: bool = False
    """Whether the step is a scratch step."""
    state: StepState = msgspec.field(default_factory=StepState)
    """A copy, which does not change."""
    withheld: bool = False
    """Whether results are kept that do not show, since the step is broken now."""
    saved: SavedStep = msgspec.field(default_factory=SavedStep)
    """What the learner's progress has about the step; read-only."""
    done: tuple[bool, ...] = ()
    tried: Tried = Tried()
    code: Raw = NO_TEXT
    edited: bool = False
    undone: bool = False
    """Whether there is an edit that can come back."""
    outdated: bool = False
    """Whether the lesson's code has changed since the edit was made."""
    worker: WorkerState = "spawning"
    detail: str = ""
    held: bool = False
    """Whether the worker is dead because another process holds the accelerator."""
    lost: bool = False
    """Whether the worker is dead because the connection to its machine is lost."""
    cpu_helps: bool = False
    """Whether the worker is dead and an accelerator may be the cause."""
    connects: bool = False
    """Whether the worker is on another machine, which has not responded yet."""
    elsewhere: str = ""
    """The other step that the worker is busy with."""
    facts: Facts | None = None
    keys: Keys = msgspec.field(default_factory=Keys)
    ascii: bool = False
    coloured: bool = True
    """Whether text and source are highlighted: importing the highlighters takes longer than the first frame."""
    stable: bool = False
    """Whether to leave out times and the machine, for snapshots."""
    editing: bool = False
    """Whether the code is in the editor, which has its own keys."""

    @classmethod
    def of(cls, state: StepState, **rest: Any) -> Self:
        """Return the view of the current state; a broken step shows nothing of what ran."""
        shown = state.bare() if isinstance(rest["step"], Broken) else copy.copy(state)
        return cls(state=shown, withheld=shown.report is not state.report, **rest)

    @property
    def dead(self) -> bool:
        """Whether there is no worker, and none is being started."""
        return self.worker == "dead"

    @property
    def report(self) -> Report | None:
        """The report of the step's last run, or one process's part of it."""
        report, process = self.state.report, self.state.process
        return of_process(report, process) if report and process is not None else report

    @property
    def stale(self) -> bool:
        """Whether the code shown has changed since it ran, so that the results are about other lines."""
        if self.report is None or self.state.file or isinstance(self.step, Broken):
            return False
        ran_setup = self.state.ran_setup
        return self.state.code not in ("", self.code.text) or ran_setup not in (None, self.step.setup.text)

    @property
    def processes(self) -> int:
        """How many processes made the last run, or run the next."""
        known = self.state.report.processes if self.state.report else {}
        return 1 + max(known, default=(self.facts.processes if self.facts else 1) - 1)

    @property
    def total(self) -> int:
        """The number of steps in the lesson."""
        return len(self.lesson.steps)

    @property
    def stalled(self) -> tuple[object, ...]:
        """The facts that explain why a stage is not there yet."""
        report = self.report
        if report is None or (self.stage and self.stage.complete):
            return ()
        return (self.elsewhere, self.worker == "ready", report.phase, report.request, report.failure)

    @property
    def trouble(self) -> tuple[object, ...]:
        """The facts that explain why there is no worker, or what keeps it from opening its devices; usually none."""
        if not (self.dead or (self.worker == "opening devices" and self.detail)):
            return ()
        return (self.worker, self.detail, self.held, self.lost, self.cpu_helps)

    @property
    def against(self) -> tuple[object, ...]:
        """The run of the lesson's own code that the result is compared with, and the times of the last one."""
        own, last = self.state.own, self.state.report
        return () if own is None or last is None or own is last else (own, last.timings)

    @property
    def measuring(self) -> RunProgress | None:
        """The progress of a measurement; None without one, or in a stable view."""
        report = self.report
        if report is None or report.progress is None or self.stable:
            return None
        measures = bool(report.request and report.request.timings)
        return report.progress if measures or (report.done is None and report.progress.phase == "timing") else None

    @property
    def missing(self) -> StageRequest | None:
        """The request for the stage to show, if it is missing; a failed stage is there, as its error."""
        report, trace = self.report, self.trace
        if report is None or report.done is None or report.request or trace is None or trace.error is not None:
            return None
        # The jaxpr comes with the run.
        if self.behind == "jaxpr" or self.stage:
            return None
        return stage_request(self.index, self.behind, report.keys)

    @property
    def cell(self) -> str:
        """The name of the code in the source pane on the wire."""
        return self.state.file or self.own

    @property
    def own(self) -> str:
        """The name of the step's own code on the wire."""
        if self.lesson.plain:
            return Raw(absolute(self.lesson.file.text)).line
        return f"{self.lesson.id}/{self.step.id}"

    @property
    def finished(self) -> bool:
        """Whether the step's run has ended."""
        return self.report is not None and self.report.done is not None

    @property
    def comparable(self) -> bool:
        """Whether the current edit has run and made the call shown, which is not a recorded program."""
        ran = self.edited and self.finished and self.state.code == self.code.text
        if isinstance(self.step, Broken) or self.step.exercise or self.scratch:
            return False  # an exercise is compared with the solution
        return ran and self.trace is not None and self.trace.error is None and self.program is None

    @property
    def awaits(self) -> bool:
        """Whether the step is running, and more will come."""
        return self.report is not None and self.report.done is None

    @property
    def traces(self) -> tuple[Trace, ...]:
        """The calls that were traced."""
        return self.report.traces if self.report else ()

    @property
    def index(self) -> int:
        """The number of the trace shown, from 0."""
        return max(0, min(self.state.trace, len(self.traces) - 1))

    @property
    def trace(self) -> Trace | None:
        """The trace shown."""
        return self.traces[self.index] if self.traces else None

    @property
    def arguments(self) -> Arguments | None:
        """The arguments and results of the trace shown."""
        return self.report.arguments.get(self.index) if self.report and self.traces else None

    @property
    def program(self) -> Program | None:
        """The recorded program that is shown."""
        programs = self.report.programs if self.report and self.trace else ()
        return next((each for each in programs if self.trace and each.index == self.trace.index), None)

    @property
    def profile(self) -> Profile | None:
        """The profile of the trace shown, or why there is none."""
        return self.report.profiles.get(self.trace.index) if self.report and self.trace else None

    @property
    def profiled(self) -> Profile | None:
        """The profile of the trace shown, if it has one."""
        return self.profile if self.profile is not None and self.profile.error is None else None

    @property
    def timed_calls(self) -> tuple[TimeCall, ...]:
        """The calls to measure on request: those that the step times, or else the traced call shown."""
        if isinstance(self.step, Broken) or self.report is None:
            return ()
        if self.trace and self.program:
            return (program_call(self.trace, self.program, self.report.programs),)
        if self.report.failure:
            return ()
        trace = self.trace
        shown = (TimeCall(label=trace.label, call=trace.call.text),) if trace and trace.error is None else ()
        return time_calls(self.step) or shown

    @property
    def judged(self) -> Judged:
        """What the run means for the learner, judged again only when the run has reported more about that."""
        report, state, last = self.report, self.state, self.state.last_judged
        said = (SAID(report), bool(report.timings)) if report else None
        facts = (state.prediction, state.code, self.saved, self.step, said)
        if facts != last.made_from:
            last.judged = Judged.of(self.step, report, state.prediction, self.saved, state.code)
            last.made_from = facts
        return last.judged

    @property
    def prediction(self) -> Prediction | None:
        """What there is to say about the step's question; None without one."""
        return self.judged.prediction

    @property
    def asks(self) -> bool:
        """Whether a question can be answered, so that the digits choose."""
        asked = self.prediction
        return asked is not None and asked.open

    @property
    def sights(self) -> tuple[Sight, ...]:
        """What to look at after the run, besides the text."""
        return tuple(SIGHTS[each] for each in self.judged.sights)

    @property
    def sight(self) -> Sight | None:
        """The first of these: what proves the answer, if anything does."""
        return next(iter(self.sights), None)

    def mark(self, slot: Slot) -> str:
        """Return the word in a pane that proves the answer; empty for none."""
        seen = self.sight
        shown = seen is not None and seen.slot == slot and seen.shown in (None, self.state.stage)
        return self.judged.word if shown else ""

    @property
    def solved(self) -> bool:
        """Whether the current code passed, or passed before and has not run since."""
        report = self.report
        if report is None:
            return bool(self.done) and self.done[self.number - 1]
        return report.checked is not None and report.checked.passed and self.state.code == self.code.text

    @property
    def pointed(self) -> Span | None:
        """The place in the code shown that the failed check points at."""
        report = self.report
        if report is None or report.checked is None or report.checked.passed or self.state.code != self.code.text:
            return None
        spans = (span for outcome in report.checked.outcomes if outcome.passed is False for span in outcome.spans)
        return next((span for span in spans if span.file == self.own), None)

    @property
    def first_keys(self) -> tuple[str, ...]:
        """The actions that come first in the bottom line of an exercise, starting with the next thing to do."""
        step = self.step
        if isinstance(step, Broken) or step.exercise is None or self.awaits or self.dead:
            return ()
        if self.solved:
            return ("next_step", "solution")
        changed = self.code.text != (self.state.code if self.report else step.shown_code.text)
        return ("run", "edit", "hint") if changed else ("edit", "hint", "run")

    @property
    def failure(self) -> Failure | None:
        """The failure of the code, or else of tracing the call shown."""
        if self.report and self.report.failure:
            return self.report.failure
        return self.trace.raised if self.trace else None

    @property
    def behind(self) -> StageName:
        """The name of the stage that the stage pane needs."""
        return BEHIND[self.state.stage]

    @property
    def stage(self) -> StageText | None:
        """That stage; None before its first part, or without a trace."""
        return self.report.stages.get((self.index, self.behind)) if self.report and self.traces else None

    @property
    def linked(self) -> StageText | None:
        """That stage, if its lines can be linked."""
        stage = self.stage
        whole = stage is not None and stage.complete and stage.error is None
        return stage if whole and self.state.stage != "cost" else None

    @property
    def traced(self) -> StageText | None:
        """The jaxpr of the trace, which knows all linked expressions."""
        stage = self.report.stages.get((self.index, "jaxpr")) if self.report and self.traces else None
        return stage if stage and stage.complete and stage.error is None else None

    def key(self, action: str) -> str:
        """Return the name of an action's key; `Esc e` from the editor."""
        return self.keys.reach(action) if self.editing else self.keys.first(action)

    def context(self, **screen: bool) -> Context:
        """Return the facts that decide which keys work; `screen` has those that only the screen knows."""
        step, dead = self.step, self.dead
        base = Context(dead=dead, held=self.held, cpu_helps=self.cpu_helps, runnable=False, **screen)
        if isinstance(step, Broken):
            return msgspec.structs.replace(base, linking=False, many=False)
        exercise, asked = step.exercise, self.prediction
        passed = self.report is not None and self.report.checked is not None and self.report.checked.passed
        return msgspec.structs.replace(
            base,
            runnable=not dead or self.lost,
            editable=not self.state.file,
            files=bool(self.state.files),
            edited=self.edited,
            undone=self.undone,
            outdated=self.outdated,
            tries=0 if self.state.file else len(step.tries),
            plain=self.lesson.plain,
            scratch=self.scratch,
            comparable=self.comparable,
            setup=bool(step.setup.text.strip()),
            traces=len(self.traces),
            programs=bool(self.report and self.report.programs),
            times=self.finished and bool(step.time or (self.trace and self.trace.error is None)),
            timed=bool(self.report and self.report.timings),
            profiles=self.finished and self.trace is not None and self.trace.error is None,
            profiled=self.profiled is not None,
            flagged=any(timing.verdicts for timing in self.report.timings) if self.report else False,
            asks=self.asks,
            choices=len(asked.ask.choices) if asked and asked.open else 0,
            answered=asked is not None and asked.said is not None,
            looks=self.sight is not None,
            processes=self.processes,
            hints=len(exercise.hints) - self.tried.hints if exercise and not passed else 0,
            exercise=exercise is not None,
            arguments=self.arguments is not None,
            lines=self.linked is not None,
        )
