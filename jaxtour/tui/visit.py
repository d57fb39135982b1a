"""What the learner has done at a step, and what a pane is given to show of it."""

import msgspec

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.engine.messages import Facts, WorkerState
from jaxtour.engine.report import Report
from jaxtour.tui.actions import Context, Keys


class Visit(msgspec.Struct):
    """One step's state in this sitting."""

    report: Report | None = None
    prediction: str | None = None
    hints: int = 0
    """How many hints were asked for."""
    solution: bool = False
    """Whether the solution is shown."""
    setup: bool = False
    """Whether the code that runs first is unfolded."""
    trace: int = 0
    """Which of the traces is shown."""
    reason: str = ""
    """Why it cannot run on this worker."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A step at one moment, complete: panes are drawn from this and nothing else."""

    lesson: Lesson
    step: Step | Broken
    number: int
    """Counted from 1."""
    done: tuple[bool, ...] = ()
    """Which steps of the lesson are done."""
    code: str = ""
    edited: bool = False
    report: Report | None = None
    prediction: str | None = None
    hints: int = 0
    solution: bool = False
    setup: bool = False
    trace: int = 0
    reason: str = ""
    worker: WorkerState = "spawning"
    detail: str = ""
    facts: Facts | None = None
    keys: Keys = msgspec.field(default_factory=Keys)
    ascii: bool = False
    coloured: bool = True
    """Whether text and source have their styles: to import what makes them takes longer than the first frame."""
    stable: bool = False
    """Whether times and the machine are left out."""

    @property
    def total(self) -> int:
        """How many steps the lesson has."""
        return len(self.lesson.steps)

    @property
    def cell(self) -> str:
        """The name that the step's code has on the wire."""
        return f"{self.lesson.id}/{self.step.id}"

    @property
    def finished(self) -> bool:
        """Whether the step's run has ended."""
        return self.report is not None and self.report.done is not None

    def key(self, action: str) -> str:
        """The key of an action, in words."""
        return self.keys.first(action)

    def context(self, *, busy: bool, zoomed: bool) -> Context:
        """What decides which keys work."""
        step = self.step
        base = Context(busy=busy, zoomed=zoomed, dead=self.worker == "dead", runnable=False)
        if isinstance(step, Broken):
            return base
        exercise = step.exercise
        return Context(
            runnable=not base.dead,
            editable=True,
            busy=busy,
            ran=self.finished,
            edited=self.edited,
            setup=bool(step.setup.strip()),
            traces=len(self.report.traces) if self.report else 0,
            asks=step.ask is not None,
            answered=self.prediction is not None,
            hints=len(exercise.hints) - self.hints if exercise else 0,
            exercise=exercise is not None and not self.solution,
            zoomed=zoomed,
            dead=base.dead,
        )
