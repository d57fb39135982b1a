"""Running steps without a screen: for the commands that print, and for the checks of a course."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self, TypeAlias

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.engine.messages import Event, Facts, State
from jaxtour.engine.report import Report, advance
from jaxtour.engine.requirements import unmet
from jaxtour.engine.session import EngineError, Session
from jaxtour.engine.verify import needs_hlo, status, verify

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


class Headless:
    """A session and the reading of its events, one run at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._events: AsyncIterator[Event] | None = None

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
        reason = unmet(lesson, step, await self.facts())
        if reason:
            return Outcome(step, "skipped", reason=reason)
        report = Report(
            run=await self.session.run(
                lesson, step, code, timings=timings, hlo=needs_hlo(step), default_timeout_s=TIMEOUT_S
            )
        )
        while report.done is None:
            report = advance(report, await self._next())
        problems = tuple(verify(step, report))
        found: Status = status(step, report)
        if problems and found in ("ok", "raised"):
            found = "failed"
        return Outcome(step, found, report, problems, report.done.reason)

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
