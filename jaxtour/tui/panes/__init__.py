"""What each pane shows, as documents made from a view; no widget is known here."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec

from jaxtour.tui.lines.document import Document
from jaxtour.tui.panes import devices, lesson, result, source, stage, time
from jaxtour.tui.panes.stage_words import NAMES
from jaxtour.tui.tour.view import Shown, StepView

Name: TypeAlias = Literal["lesson", "source", "stage", "result", "time", "devices"]


class PaneSpec(msgspec.Struct, frozen=True):
    """One pane: its name, its words, and how its document is made."""

    name: Name
    label: str
    depends: Callable[[StepView], tuple[Any, ...]]
    """What the document is made from: as long as it is equal, so is the document."""
    document: Callable[[StepView, int], Document]
    """The document at a width, in cells."""
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


PANES: tuple[PaneSpec, ...] = (
    PaneSpec("lesson", "Lesson", lesson.depends, lesson.document, tab=True),
    PaneSpec("source", "Source", source.depends, source.document, shows=source.shows, start=source.start),
    PaneSpec("stage", "jaxpr", stage.depends, stage.document, tab=True, shows=stage.shows, awaits=stage.awaits),
    PaneSpec("result", "Result", result.depends, result.document),
    PaneSpec("time", "Time", time.depends, time.document, tab=True),
    PaneSpec("devices", "Devices", devices.depends, devices.document, whole=devices.whole, tab=True),
)


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
