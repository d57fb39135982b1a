"""What each pane shows, as documents made from a step view, without widgets."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any, Literal, TypeAlias

import msgspec

from jaxtour.engine.report import Report
from jaxtour.tui.lines.document import Document
from jaxtour.tui.panes import devices, lesson, result, source, stage, time
from jaxtour.tui.panes.stage import NAMES
from jaxtour.tui.tour.view import Shown, StepView

Name: TypeAlias = Literal["lesson", "source", "stage", "result", "time", "devices"]


class PaneSpec(msgspec.Struct, frozen=True):
    """One pane: its name, its label, and how its document is made."""

    name: Name
    label: str
    document: Callable[[StepView, int], Document]
    """The document at a width, in cells."""
    of_view: Callable[[StepView], Any]
    """The facts of the view that the document depends on; the document stays while these and `of_report` stay."""
    of_report: Callable[[Report], Any]
    """The facts of the report that it depends on, if there is a report."""
    whole: Callable[[StepView, int], Document] | None = None
    """The document when the pane fills the screen, if that is different."""
    tab: bool = False
    """Whether it shares a place with others in a narrow terminal."""
    shows: Callable[[StepView], str] = lambda _: ""
    """A name for what it shows of the step; each keeps its own cursor."""
    start: Callable[[StepView], int] = lambda _: 0
    """The first line of the cursor."""
    awaits: Callable[[StepView], bool] = lambda view: view.awaits
    """Whether its content is still to come; it does not shrink meanwhile."""

    def made_from(self, view: StepView) -> tuple[Any, Any]:
        """What the document depends on; a pane is only entered when this changes."""
        return self.of_view(view), self.of_report(view.report) if view.report else None


PANES: tuple[PaneSpec, ...] = (
    PaneSpec(
        "lesson", "Lesson", lesson.document, tab=True,
        of_view=attrgetter("step", "index", "state.prediction", "state.hints", "state.solution", "ascii", "coloured"),
        of_report=attrgetter("executed", "failure", "answer", "done", "traces", "programs"),
    ),
    PaneSpec(
        "source", "Source", source.document, shows=source.shows, start=source.start,
        of_view=attrgetter(
            "step", "code", "state.file", "edited", "state.setup", "failure", "traced", "ascii", "coloured"
        ),
        of_report=attrgetter("warnings"),
    ),
    PaneSpec(
        "stage", "jaxpr", stage.document, tab=True, shows=stage.shows, awaits=stage.awaits,
        of_view=attrgetter(
            "step", "index", "state.stage", "stage", "state.unfolded", "stalled", "ascii", "state.reason"
        ),
        of_report=attrgetter("traces", "phase", "request", "failure"),
    ),
    PaneSpec(
        "result", "Result", result.document,
        of_view=attrgetter("step", "state.reason", "trouble", "ascii"),
        of_report=attrgetter(
            "stdout", "traced", "stderr", "background", "value", "failure", "warnings", "checked", "done", "phase",
            "run",
        ),
    ),
    PaneSpec(
        "time", "Time", time.document, tab=True,
        of_view=attrgetter("step", "trace", "measuring", "ascii", "stable"),
        of_report=attrgetter("timings", "retraces", "programs", "timing_error", "done"),
    ),
    PaneSpec(
        "devices", "Devices", devices.document, whole=partial(devices.document, whole=True), tab=True,
        of_view=attrgetter("facts", "state.device", "trouble", "ascii", "stable"),
        of_report=attrgetter("value"),
    ),
)  # fmt: skip


class Tab(msgspec.Struct, frozen=True):
    """A name in the border of the panes that share a place; each stage has its own."""

    slot: Name
    label: str
    shown: Shown | None = None
    spare: bool = False
    """Whether it is left out when there is no room for all, unless it is shown."""

    def is_shown(self, slot: Name, view: StepView | None) -> bool:
        """Whether its pane is in front."""
        return self.slot == slot and self.shown in (None, view.state.stage if view else "jaxpr")


TABS: tuple[Tab, ...] = (
    Tab("lesson", "Lesson"),
    *(Tab("stage", label, name, spare=name in ("cost", "graph")) for name, label in NAMES.items()),
    Tab("time", "Time"),
    Tab("devices", "Devices"),
)
