"""Runs steps without a screen, for the commands that print or check."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self, TypeAlias

from msgspec.structs import replace

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.engine.cells import HOW, asked_of, cell, profile_request, stage_request, unmet
from jaxtour.engine.compare.verify import WELL, Mismatch, mismatches, needs_hlo, status
from jaxtour.engine.report import Report, Request, advance, requested
from jaxtour.engine.session import EngineError, Session
from jaxtour.engine.wire.commands import StageName, StageRequest, TimeCall
from jaxtour.engine.wire.messages import Done, Event, Facts, RunProgress, State, Trace

StepStatus: TypeAlias = Literal["ok", "raised", "failed", "timeout", "died", "skipped"]

TIMEOUT_S = 120.0
"""The default time limit: no user is present to interrupt a step."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step ended."""

    step: Step | Broken
    status: StepStatus
    report: Report | None = None
    problems: tuple[Mismatch, ...] = ()
    reason: str = ""
    """Why it was skipped, or how it ended."""


def needs_probe(step: Step) -> bool:
    """Return whether the step requests more than its code and traces."""
    return bool(step.time or step.exercise or (step.ask and step.ask.value) or needs_hlo(step))


def judged(step: Step, report: Report) -> Outcome:
    """Compare a whole report with what the step expects; returns the outcome."""
    problems = tuple(mismatches(step, report))
    found: StepStatus = status(step, report)
    if problems and found in WELL:
        found = "failed"
    return Outcome(step, found, report, problems, report.done.reason if report.done else "")


class Headless:
    """A session whose events are read for one run at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._events: AsyncIterator[Event] | None = None
        self._ended = False
        """Whether a step has ended the worker."""
        self.heard: Callable[[Event], None] | None = None
        """Called with every event, before it is folded into a report."""

    async def __aenter__(self) -> Self:
        await self.session.start()
        self._events = self.session.events()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def facts(self) -> Facts:
        """Wait for the worker's facts; raises `EngineError` if it cannot start."""
        while self.session.facts is None:
            await self._next()
        return self.session.facts

    async def step(
        self,
        lesson: Lesson,
        step: Step | Broken,
        *,
        timings: bool = True,
        code: str | None = None,
        limit_s: float | None = None,
    ) -> Outcome:
        """Run one step in the state that the steps before it leave, and judge it.

        `limit_s` is the time limit of a step without its own timeout.
        """
        if isinstance(step, Broken):
            return Outcome(step, "failed", problems=(Mismatch(step.error.message),), reason=step.error.message)
        if reason := await self._why_not(lesson, step):
            return Outcome(step, "skipped", reason=reason)
        while True:
            without = self.session.left_out(lesson, step)
            run = await self.session.run(
                lesson, step, code, timings=timings, hlo=needs_hlo(step), default_timeout_s=limit_s or TIMEOUT_S
            )
            report = await self.whole(Report(run, without))
            self._note(lesson, step, report)
            # An earlier step may have ended the worker, before this one began.
            if self.session.left_out(lesson, step) == without or self.session.state == "dead":
                return judged(step, report)

    async def request(
        self, lesson: Lesson, step: Step, requests: tuple[StageRequest, ...] = (), *, ladder: str | None = None
    ) -> Report:
        """Run a step with requests for stages or a ladder, without timings and without a time limit.

        A stage that fails has an `error`; a ladder that fails sets the report's `ladder_error`.
        """
        run = await self.session.run(lesson, step, timings=False, requests=requests, ladder=ladder)
        return await self.whole(Report(run=run, request=Request(run, requests, ladder is not None)))

    async def request_more(
        self, lesson: Lesson, step: Step, report: Report, traces: Iterable[Trace], stages: Iterable[StageName]
    ) -> Report:
        """Return the report with stages of these traces, made in the state that the step left."""
        below = [stage for stage in stages if stage != "jaxpr"]  # those come with every run
        good = [trace for trace in traces if trace.error is None]
        requests = tuple(stage_request(trace.index, stage, report.keys) for trace in good for stage in below)
        if not requests:
            return report
        run = await self.session.request(lesson, step, requests=requests, programs=report.keys)
        return await self.whole(requested(report, run, requests))

    async def measure(
        self, lesson: Lesson, step: Step, report: Report, calls: tuple[TimeCall, ...], *, patience: float = 1.0
    ) -> Report:
        """Return the report with timings of calls, measured in the state that the step left, without a time limit."""
        run = await self.session.request(lesson, step, calls=calls, patience=patience, programs=report.keys)
        return await self.whole(requested(report, run, timings=True))

    async def profile(
        self, lesson: Lesson, step: Step, report: Report, trace: Trace, *, patience: float = 1.0
    ) -> Report:
        """Return the report with a traced call's profile, in the state that the step left, and without a time limit."""
        wanted, keys = profile_request(trace, report.programs), report.keys
        run = await self.session.request(lesson, step, profile=wanted, patience=patience, programs=keys)
        return await self.whole(requested(report, run, profile=trace.index))

    async def _why_not(self, lesson: Lesson, step: Step) -> str | None:
        """Return why the step is skipped, in one line, or None."""
        facts = await self.facts()
        return (
            self.session.detail or "the worker is gone" if self.session.state == "dead" else unmet(lesson, step, facts)
        )

    def _note(self, lesson: Lesson, step: Step, report: Report) -> None:
        """Remember a step that interrupts itself: nothing else interrupts one here."""
        if report.executed is None and report.done and report.done.status == "interrupted":
            self.session.halted.mark(cell(lesson, step), HOW["interrupted"])

    async def survey(self, lesson: Lesson, steps: Sequence[Step | Broken] | None = None) -> AsyncIterator[Outcome]:
        """Run and judge the steps of a lesson: every one, or only `steps`, in their order.

        Probes (compiling, asking, checking, calling what is timed) could change the state that later steps see, and a
        fresh worker for each step costs seconds. So all steps run first and are probed afterwards; before a step that
        ends the worker or needs one with other devices, those before it are. A step that fails that way runs once more
        on its own, and only that result counts.
        """
        found: list[Outcome] = []
        for step in lesson.steps if steps is None else steps:
            if isinstance(step, Step) and (step.runs_out or self.session.reopens(lesson, step)):
                async for outcome in self._surveyed(lesson, found):
                    yield outcome
                found = []
            found.append(await self._for_probe(lesson, step))
        async for outcome in self._surveyed(lesson, found):
            yield outcome

    async def _surveyed(self, lesson: Lesson, found: Iterable[Outcome]) -> AsyncIterator[Outcome]:
        """Probe and judge steps that have run."""
        for outcome in found:
            step, report = outcome.step, outcome.report
            if isinstance(step, Step) and self.session.halted.among([cell(lesson, step)]):
                yield outcome
                continue
            if isinstance(step, Step) and report and outcome.status in WELL:
                probed = await self._probed(lesson, step, report) if needs_probe(step) else report
                outcome = judged(step, probed) if probed else Outcome(step, "failed")
            if isinstance(step, Step) and outcome.status not in (*WELL, "skipped"):
                outcome = await self.step(lesson, step)
            yield outcome

    async def _for_probe(self, lesson: Lesson, step: Step | Broken) -> Outcome:
        if isinstance(step, Broken):
            return Outcome(step, "failed", problems=(Mismatch(step.error.message),), reason=step.error.message)
        if reason := await self._why_not(lesson, step):
            return Outcome(step, "skipped", reason=reason)
        without = self.session.left_out(lesson, step)
        run = await self.session.run_for_probe(lesson, step, default_timeout_s=TIMEOUT_S)
        report = await self.whole(Report(run, without))
        found = status(step, report)
        if found == "timeout":
            return judged(step, report)
        if report.done and report.done.status in HOW:
            # It runs once more on its own before later steps run without it.
            return await self.step(lesson, step)
        return Outcome(step, found, report)

    async def _probed(self, lesson: Lesson, step: Step, report: Report) -> Report | None:
        """Return the report with what the probe found; None if the worker has lost the state that the step left."""
        asked = asked_of(step, hlo=needs_hlo(step), default_timeout_s=TIMEOUT_S)
        run = await self.session.probe(lesson, step, asked)
        more = await self.whole(Report(run=run))
        assert more.done is not None
        if more.done.status == "error":
            return None
        done = report.done if more.done.status == "ok" else more.done
        answer = {"answer": more.answer, "unanswered": more.unanswered}
        return replace(report, hlo=more.hlo, timings=more.timings, **answer, checked=more.checked, done=done)

    async def whole(self, report: Report) -> Report:
        """Return the report once its run and its request are done.

        If a replayed step halted the run, the reason names that step.
        """
        replayed = ""
        while report.done is None or report.request is not None:
            try:
                event = await self._next()
            except EngineError as error:
                if not self._ended:
                    raise
                # The worker did not come back after a step had ended it.
                done = Done(run=report.run, status="died", reason=str(error))
                return replace(report, done=done, request=None)
            if isinstance(event, RunProgress) and event.run == report.run and event.phase in ("replaying", "running"):
                replayed = event.label.rpartition("/")[2] if event.phase == "replaying" else ""
            report = advance(report, event)
        done = report.done
        if replayed and done.status in HOW:
            where = f"in step {replayed}, which runs before it"
            done = replace(done, reason=f"{done.reason} {where}".strip())
        return replace(report, done=done)

    async def _next(self) -> Event:
        assert self._events is not None, "used outside its context"
        try:
            event = await anext(self._events)
        except StopAsyncIteration:
            raise EngineError(self.session.detail or "the worker is gone") from None
        if self.heard is not None:
            self.heard(event)
        self._ended |= isinstance(event, Done) and event.status == "died"
        if isinstance(event, State) and event.state == "dead":
            raise EngineError(event.detail or "the worker cannot run")
        return event
