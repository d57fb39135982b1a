"""Looks into what a step that has run left: which stage is missing, and whose report an answer belongs to."""

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.commands import Look, TimeCall
from jaxtour.engine.messages import RunEvent
from jaxtour.engine.report import Looking, looking
from jaxtour.engine.session import Session
from jaxtour.tui.incoming import Key
from jaxtour.tui.tour.view import StepState, StepView


def missing(view: StepView) -> Look | None:
    """The stage that is to be shown and has not been asked for; one that failed is there, as its error."""
    report, trace = view.report, view.trace
    if report is None or report.done is None or report.looking or trace is None or trace.error is not None:
        return None
    # The jaxpr comes with the run.
    return None if view.behind == "jaxpr" or view.stage else Look(index=view.index, stage=view.behind)


class Looks:
    """The looks of this sitting."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._runs: dict[int, tuple[Key, StepState]] = {}
        self._asking: tuple[Key, StepState, Looking] | None = None

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return self._asking is not None or self._session.current in self._runs

    async def ask(
        self,
        key: Key,
        lesson: Lesson,
        step: Step,
        state: StepState,
        looks: tuple[Look, ...] = (),
        ladder: str | None = None,
    ) -> None:
        """Ask for stages, or for a ladder; what comes belongs to the report that the state has."""
        self._asking = (key, state, Looking(0, looks, ladder is not None))
        try:
            self._adopt(await self._session.look(lesson, step, state.code, looks=looks, ladder=ladder))
        finally:
            self._asking = None

    async def measure(
        self, key: Key, lesson: Lesson, step: Step, state: StepState, calls: tuple[TimeCall, ...], patience: float
    ) -> None:
        """Ask for timings; they belong to the report that the state has."""
        self._asking = (key, state, Looking(0, timings=True))
        try:
            self._adopt(await self._session.measure(lesson, step, state.code, calls=calls, patience=patience))
        finally:
            self._asking = None

    def of(self, event: RunEvent) -> tuple[Key, StepState] | None:
        """The step that an event is for, if a look brought it; it may come before the look has its number."""
        if self._asking and event.run == self._session.current:
            self._adopt(event.run)
        return self._runs.get(event.run)

    def _adopt(self, run: int) -> None:
        if run in self._runs or self._asking is None:
            return
        key, state, asked = self._asking
        self._runs[run] = (key, state)
        if state.report is not None:
            state.report = looking(state.report, run, asked.looks, asked.ladder, asked.timings)
