"""What the tour keeps while it is open: the state of each step and of the worker, and names for what is on display."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, Self, TypeAlias

import msgspec

from jaxtour.course.edits import Edits
from jaxtour.course.model import Broken, Lesson, Proof, Step, StepKey
from jaxtour.course.progress import Progress, SavedStep
from jaxtour.engine.report import Report
from jaxtour.engine.session import Session
from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.messages import RunProgress, Timing, WorkerState
from jaxtour.text import Raw
from jaxtour.tui.tour.practice import LastJudged, sights
from jaxtour.tui.widgets.arrange import Slot

Shown: TypeAlias = Literal["jaxpr", "stablehlo", "hlo", "cost", "memory", "values", "graph", "arguments"]
"""What the stage pane can show."""
BEHIND: Mapping[Shown, StageName] = {
    "jaxpr": "jaxpr", "stablehlo": "stablehlo", "hlo": "hlo", "cost": "hlo", "memory": "hlo", "values": "values",
    "graph": "jaxpr",
    "arguments": "jaxpr",
}  # fmt: skip
"""The stage that each is made from."""


class Sight(NamedTuple):
    """Something to look at: a pane, or a view of the stage pane."""

    slot: Slot
    name: str
    """What the tab is called."""
    shown: Shown | None = None


SIGHTS: Mapping[Proof, Sight] = {
    "jaxpr": Sight("stage", "jaxpr", "jaxpr"),
    "stablehlo": Sight("stage", "StableHLO", "stablehlo"),
    "hlo": Sight("stage", "HLO", "hlo"),
    "cost": Sight("stage", "cost", "cost"),
    "memory": Sight("stage", "memory", "memory"),
    "values": Sight("stage", "values", "values"),
    "result": Sight("result", "Result"),
    "time": Sight("time", "Time"),
    "devices": Sight("devices", "Devices"),
}
"""Where each proof of an answer is visible."""

PREPARING = "preparing the next step"


class Activity(msgspec.Struct, frozen=True):
    """What the worker is doing, and since when."""

    words: str = ""
    """`tracing predict`, `timing NumPy 3/15`; empty when it is idle."""
    since: float = 0.0
    key: StepKey | None = None


def doing(event: RunProgress) -> str:
    """Return a run's progress as text: `compiling jit(f)`, `timing NumPy 3/15`."""
    count = f"{event.done}/{event.of}" if event.of else ""
    label = "" if event.phase == "running" else event.label
    return " ".join(part for part in (event.phase, label, count) if part)


class StepState(msgspec.Struct):
    """What the screen keeps of one step until the tour closes."""

    report: Report | None = None
    code: str = ""
    """The code that ran; the report is about it."""
    ran_setup: str | None = None
    """The setup that ran before it; None before a run."""
    own: Report | None = None
    """The report of the last run of the lesson's own code."""
    prediction: str | None = None
    setup: bool = False
    """Whether the setup is unfolded."""
    trace: int = 0
    """The number of the trace shown, from 0."""
    sought: tuple[str, int] | None = None
    """The label of the trace shown before the run, and how many before it had that too: the run may reorder them."""
    stage: Shown = "jaxpr"
    """What the stage pane shows of the trace."""
    unfolded: frozenset[int] | None = None
    """Lines of the jaxpr whose equations are unfolded in the graph; None for the ones it opens with."""
    place: int | None = None
    """The place in the schedule whose memory is shown; None for the peak."""
    climbed: tuple[int, Raw] | None = None
    """The trace whose ladder the report has, by its index, and its call."""
    device: tuple[str, int] | None = None
    """The selected device: `("cpu", 3)`."""
    process: int | None = None
    """The process whose results are shown, of several; None means all together."""
    file: str = ""
    """Another file of the program that the source pane shows; empty for the step's own code."""
    files: tuple[str, ...] = ()
    """The other files of the program."""
    reason: str = ""
    """Why the step cannot run on this worker."""
    last_judged: LastJudged = msgspec.field(default_factory=LastJudged)

    def bare(self) -> Self:
        """Return the state without what ran, as a broken step shows it; what ran comes back with the step."""
        return msgspec.structs.replace(self, report=None, own=None, last_judged=LastJudged())

    def know(self, report: Report | None) -> None:
        """Take in more about the last run; if that was of the lesson's own code, `own` takes it in too."""
        if self.own is not None and self.own is self.report:
            self.own = report
        self.report = report

    @property
    def timings(self) -> tuple[Timing, ...]:
        """The timings of the step."""
        return self.report.timings if self.report else ()


def stage_after(step: Step, state: StepState) -> Shown:
    """Return the stage to show after the run: with a prediction, the one that proves the answer."""
    seen = sights(step, state.report) if state.prediction is not None else ()
    return (SIGHTS[seen[0]].shown if seen else None) or state.stage


class Kept(NamedTuple):
    """What the learner's progress keeps about a step, as it was read."""

    step: Step | Broken
    changes: int
    """How often the progress had changed when it was read."""
    saved: SavedStep
    done: tuple[bool, ...]
    """Which steps of the lesson are done."""
    code: Raw
    """The code to show: the learner's edit, or the lesson's own."""
    edited: bool
    undone: bool
    """Whether there is an edit that can come back."""
    outdated: bool
    """Whether the lesson's code has changed since the edit was made."""

    def facts(self, file: Raw | None) -> dict[str, Any]:
        """Return the fields of a `StepView` about it; `file` is shown in place of the step's code."""
        own = file is None
        return {
            "step": self.step, "saved": self.saved, "done": self.done, "code": self.code if file is None else file,
            "edited": self.edited and own, "undone": self.undone and own, "outdated": self.outdated,
        }  # fmt: skip

    @classmethod
    def of(cls, lesson: Lesson, step: Step | Broken, progress: Progress, done: Callable[[str, str], bool]) -> Self:
        """Read what the progress keeps about a step."""
        key, edits, changes = (lesson.id, step.id), Edits(progress), progress.changes
        return cls(
            step=step,
            changes=changes,
            saved=progress.saved(*key),
            done=tuple(done(lesson.id, each.id) for each in lesson.steps),
            code=Raw(edits.code(key, step)) if isinstance(step, Step) else Raw(),
            edited=edits.text(key) is not None,
            undone=edits.undone(key),
            outdated=isinstance(step, Step) and edits.changed(key, step),
        )


class Worker:
    """What the tour knows about its worker, here or on another machine."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.gone = ""
        """Why there is no guard; empty while there is one."""
        self.dirty = False
        """Whether a request has left the runner dirty."""
        self.requested: StepKey | None = None
        """The step that the runner last served requests about; it can serve more in this state."""
        self._prepares: int | None = None
        """The last run that only replayed, to prepare for the next step."""

    def left(self, *, dirty: bool, of: StepKey | None = None) -> None:
        """Note the state in which the runner was left, and whether by requests about a step."""
        self.dirty, self.requested = dirty, of

    async def prepare(self, lesson: Lesson, step: Step) -> None:
        """Replay in advance to where a step starts."""
        self._prepares = await self._session.prepare(lesson, step)

    @property
    def free(self) -> bool:
        """Whether it would serve the next request at once, or after preparing."""
        return self.preparing or (self.state == "ready" and self._session.current is None)

    @property
    def preparing(self) -> bool:
        """Whether it starts in order to replay in advance; the learner's next request takes precedence over that.

        A replay that has begun is not stopped for a request, which needs the same state.
        """
        starts = self.state not in ("dead", "running")
        return starts and self._prepares is not None and self._session.current == self._prepares

    def facts(self, *, ready: bool) -> dict[str, Any]:
        """Return the fields of a `StepView` about it; `ready` if what it does keeps nobody waiting."""
        return {
            "worker": "ready" if ready else self.state, "detail": self.detail, "held": self.held, "lost": self.lost,
            "connects": self.connects, "cpu_helps": self.cpu_helps, "facts": self._session.facts,
        }  # fmt: skip

    @property
    def dead(self) -> bool:
        """Whether there is no worker, and none is being started."""
        return self.state == "dead"

    @property
    def state(self) -> WorkerState:
        """Its state."""
        return "dead" if self.gone and self._session.started.is_set() else self._session.state

    @property
    def detail(self) -> str:
        """More about that state, as text."""
        return self.gone or self._session.detail

    @property
    def lost(self) -> bool:
        """Whether the connection to another machine is lost, or could not be made; a run connects again."""
        return bool(self.gone and self._session.config.worker)

    @property
    def connects(self) -> bool:
        """Whether it is on another machine, which has not responded yet."""
        return bool(self._session.config.worker and not self.gone and not self._session.started.is_set())

    @property
    def held(self) -> bool:
        """Whether the worker is dead because another process holds the accelerator."""
        return self.dead and self._session.code == "tpu busy"

    @property
    def cpu_helps(self) -> bool:
        """Whether the worker is dead and an accelerator may be the cause."""
        facts, config = self._session.facts, self._session.config
        tried = config.platform or (facts.platforms[0] if facts and facts.platforms else "")
        return self.dead and tried != "cpu" and bool(tried or self._session.code)
