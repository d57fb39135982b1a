"""What each pane shows, as documents made from a view; no widget is known here."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Literal, TypeAlias

import msgspec

from jaxtour.engine.report import Report
from jaxtour.tui.lines.document import Document
from jaxtour.tui.panes import devices, lesson, result, source, stage, time
from jaxtour.tui.panes.stage_words import NAMES
from jaxtour.tui.tour.view import Shown, StepView

Name: TypeAlias = Literal["lesson", "source", "stage", "result", "time", "devices"]


class PaneSpec(msgspec.Struct, frozen=True):
    """One pane: its name, its words, and how its document is made."""

    name: Name
    label: str
    document: Callable[[StepView, int], Document]
    """The document at a width, in cells."""
    of_view: Callable[[StepView], Any]
    """What the document is made from, of the view; as long as this and `of_report` are equal, so is the document."""
    of_report: Callable[[Report], Any]
    """What it is made from, of the report that there may be."""
    whole: Callable[[StepView, int], Document] | None = None
    """The same where it fills the screen, if that makes a difference."""
    tab: bool = False
    """Whether it shares one place with others where the terminal is narrow."""
    shows: Callable[[StepView], str] = lambda _: ""
    """What of the step it shows, by name: each has a cursor of its own."""
    start: Callable[[StepView], int] = lambda _: 0
    """The line that the cursor is on at first."""
    awaits: Callable[[StepView], bool] = lambda view: view.awaits
    """Whether what it shows is still to come; it does not become lower meanwhile."""

    def made_from(self, view: StepView) -> tuple[Any, Any]:
        """What the document is made from; panes of which it stays equal are not entered."""
        return self.of_view(view), self.of_report(view.report) if view.report else None


PANES: tuple[PaneSpec, ...] = (
    PaneSpec(
        "lesson", "Lesson", lesson.document, tab=True,
        of_view=attrgetter("step", "state.prediction", "state.hints", "state.solution", "ascii", "coloured"),
        of_report=attrgetter("executed", "failure", "answer", "done"),
    ),
    PaneSpec(
        "source", "Source", source.document, shows=source.shows, start=source.start,
        of_view=attrgetter("step", "code", "edited", "state.setup", "failure", "traced", "ascii", "coloured"),
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
        "devices", "Devices", devices.document, whole=devices.whole, tab=True,
        of_view=attrgetter("facts", "state.device", "trouble", "ascii", "stable"),
        of_report=attrgetter("value"),
    ),
)  # fmt: skip


class Tab(msgspec.Struct, frozen=True):
    """A name in the border of the place that panes share; the stages have one each."""

    slot: Name
    label: str
    shown: Shown | None = None
    spare: bool = False
    """Whether it goes, unless it is shown, where there is no room for all."""

    def is_shown(self, slot: Name, view: StepView | None) -> bool:
        """Whether it is the one whose pane is in front."""
        return self.slot == slot and self.shown in (None, view.state.stage if view else "jaxpr")


TABS: tuple[Tab, ...] = (
    Tab("lesson", "Lesson"),
    *(Tab("stage", label, name, spare=name in ("cost", "graph")) for name, label in NAMES.items()),
    Tab("time", "Time"),
    Tab("devices", "Devices"),
)
