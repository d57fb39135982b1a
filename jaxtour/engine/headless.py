"""Running steps without a screen: for the commands that print, and for the checks of a course."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal, Self, TypeAlias

import msgspec

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.engine.commands import StageName, StageRequest, TimeCall
from jaxtour.engine.messages import Event, Facts, RunProgress, State
from jaxtour.engine.report import Report, Request, advance, requested
from jaxtour.engine.requirements import unmet
from jaxtour.engine.session import EngineError, Session
from jaxtour.engine.verify import needs_hlo, status, verify
from jaxtour.text.raw import Raw

Status: TypeAlias = Literal["ok", "raised", "failed", "timeout", "died", "skipped"]

TIMEOUT_S = 120.0
"""For a step that names none: nobody sits in front of these commands to interrupt it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one step."""

    step: Step | Broken
    status: Status
    report: Report | None = None
    problems: tuple[str, ...] = ()
    reason: str = ""
    """Why it was skipped, or how it ended."""


def needs_probe(step: Step) -> bool:
    """Whether something beside its code and its traces belongs to the step."""
    return bool(step.time or step.exercise or (step.ask and step.ask.value) or needs_hlo(step))


HALTS = {"died": "ended the worker", "timeout": "ran out of time", "interrupted": "was interrupted"}
"""How code ends that no later step can be run behind: it would do so again."""


def judged(step: Step, report: Report) -> Outcome:
    """A whole report, held against what the step expects."""
    problems = tuple(verify(step, report))
    found: Status = status(step, report)
    if problems and found in ("ok", "raised"):
        found = "failed"
    return Outcome(step, found, report, problems, report.done.reason if report.done else "")


class Headless:
    """A session and the reading of its events, one run at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._events: AsyncIterator[Event] | None = None
        self._halted: dict[tuple[Raw, str], str] = {}
        """By lesson and step, how a run of it ended that did not come to the end of its code."""

    async def __aenter__(self) -> Self:
        await self.session.start()
        self._events = self.session.events()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def facts(self) -> Facts:
        """What the worker is, as soon as it knows; raises `EngineError` when it cannot start."""
        while self.session.facts is None:
            await self._next()
        return self.session.facts

    async def step(
        self, lesson: Lesson, step: Step | Broken, *, timings: bool = True, code: str | None = None
    ) -> Outcome:
        """Run one step in the state that the steps before it leave, and hold it against what it expects."""
        if isinstance(step, Broken):
            return Outcome(step, "failed", problems=(step.error.message,), reason=step.error.message)
        if reason := await self._why_not(lesson, step):
            return Outcome(step, "skipped", reason=reason)
        run = await self.session.run(
            lesson, step, code, timings=timings, hlo=needs_hlo(step), default_timeout_s=TIMEOUT_S
        )
        report = await self.whole(Report(run=run))
        self._note(lesson, step, report)
        return judged(step, report)

    async def request(
        self, lesson: Lesson, step: Step, requests: tuple[StageRequest, ...] = (), *, ladder: str | None = None
    ) -> Report:
        """Run a step and show stages of its traces with it, without timings and without a time limit.

        What cannot be shown says why: a stage in its `error`, a ladder in the report's `ladder_error`.
        """
        run = await self.session.run(lesson, step, timings=False, requests=requests, ladder=ladder)
        return await self.whole(Report(run=run, request=Request(run, requests, ladder is not None)))

    async def request_more(self, lesson: Lesson, step: Step, report: Report, stage: StageName) -> Report:
        """The report with a stage of each call that was traced; what the step left is looked into as it is."""
        requests = tuple(StageRequest(index=trace.index, stage=stage) for trace in report.traces if trace.error is None)
        if not requests:
            return report
        run = await self.session.request(lesson, step, requests=requests)
        return await self.whole(requested(report, run, requests))

    async def measure(
        self, lesson: Lesson, step: Step, report: Report, calls: tuple[TimeCall, ...], *, patience: float = 1.0
    ) -> Report:
        """The report with timings of calls, made in the state that the step left, without a time limit."""
        run = await self.session.measure(lesson, step, calls=calls, patience=patience)
        return await self.whole(requested(report, run, timings=True))

    def _note(self, lesson: Lesson, step: Step, report: Report) -> None:
        """Remember a step whose own code keeps later ones from running; its probes are not run again for them."""
        own = report.executed is None or not needs_probe(step)
        if own and report.done and report.done.status in HALTS:
            self._halted[lesson.file, step.id] = report.done.status

    async def _why_not(self, lesson: Lesson, step: Step) -> str | None:
        """Why the step is left out, in one line, or None."""
        for earlier in lesson.steps:
            if earlier.id == step.id:
                break
            if how := self._halted.get((lesson.file, earlier.id)):
                return f"it builds on {earlier.id}, which {HALTS[how]}"
        return unmet(lesson, step, await self.facts())

    async def survey(self, lesson: Lesson) -> AsyncIterator[Outcome]:
        """Run every step of a lesson and hold it against what it expects, as fast as that can be done honestly.

        What follows a step's code (compiling, asking, checking, one call of what is timed) could change the state
        that later steps see, and a fresh worker for each costs seconds. So all steps run first, and are probed after.
        A step that does not come out right that way is run once more by itself, and that is what counts.
        """
        found = [await self._for_probe(lesson, step) for step in lesson.steps]
        for outcome in found:
            step, report = outcome.step, outcome.report
            if isinstance(step, Step) and (lesson.file, step.id) in self._halted:
                yield outcome
                continue
            if isinstance(step, Step) and report and outcome.status in ("ok", "raised"):
                if needs_probe(step):
                    report = await self._probed(lesson, step, report)
                outcome = judged(step, report)
            if isinstance(step, Step) and outcome.status not in ("ok", "raised", "skipped"):
                outcome = await self.step(lesson, step)
            yield outcome

    async def _for_probe(self, lesson: Lesson, step: Step | Broken) -> Outcome:
        if isinstance(step, Broken):
            return Outcome(step, "failed", problems=(step.error.message,), reason=step.error.message)
        if reason := await self._why_not(lesson, step):
            return Outcome(step, "skipped", reason=reason)
        run = await self.session.run_for_probe(lesson, step, default_timeout_s=TIMEOUT_S)
        report = await self.whole(Report(run=run))
        found = status(step, report)
        if found == "timeout":
            self._note(lesson, step, report)
            return judged(step, report)
        if report.done and report.done.status in HALTS:
            # Once more and alone, before what comes after it is given up.
            return await self.step(lesson, step)
        return Outcome(step, found, report)

    async def _probed(self, lesson: Lesson, step: Step, report: Report) -> Report:
        """The report with what the probe of its step adds."""
        run = await self.session.probe(lesson, step, hlo=needs_hlo(step), default_timeout_s=TIMEOUT_S)
        more = await self.whole(Report(run=run))
        assert more.done is not None
        done = report.done if more.done.status == "ok" else more.done
        return replace(report, hlo=more.hlo, timings=more.timings, answer=more.answer, checked=more.checked, done=done)

    async def whole(self, report: Report) -> Report:
        """The report with all that comes until its run is done, and the look that is under way.

        It is told which earlier step kept it from its own.
        """
        replayed = ""
        while report.done is None or report.request is not None:
            event = await self._next()
            if isinstance(event, RunProgress) and event.run == report.run and event.phase in ("replaying", "running"):
                replayed = event.label.rpartition("/")[2] if event.phase == "replaying" else ""
            report = advance(report, event)
        done = report.done
        if replayed and done.status in HALTS:
            where = f"in step {replayed}, which runs before it"
            done = msgspec.structs.replace(done, reason=f"{done.reason} {where}".strip())
        return replace(report, done=done)

    async def steps(
        self, lesson: Lesson, steps: Iterable[Step | Broken], *, timings: bool = True
    ) -> AsyncIterator[Outcome]:
        """Run several steps of a lesson, one after the other."""
        for step in steps:
            yield await self.step(lesson, step, timings=timings)

    async def _next(self) -> Event:
        assert self._events is not None, "used outside its context"
        try:
            event = await anext(self._events)
        except StopAsyncIteration:
            raise EngineError(self.session.detail or "the worker is gone") from None
        if isinstance(event, State) and event.state == "dead":
            raise EngineError(event.detail or "the worker cannot run")
        return event
