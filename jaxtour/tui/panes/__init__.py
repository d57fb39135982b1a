"""What each pane shows, as documents made from a view; no widget is known here."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec

from jaxtour.tui.document import Document
from jaxtour.tui.panes import devices, ir, lesson, result, source, time
from jaxtour.tui.visit import View

Name: TypeAlias = Literal["lesson", "source", "jaxpr", "result", "time", "devices"]


class PaneSpec(msgspec.Struct, frozen=True):
    """One pane: its name, its words, and how its document is made."""

    name: Name
    label: str
    depends: Callable[[View], tuple[Any, ...]]
    """What the document is made from: as long as it is equal, so is the document."""
    document: Callable[[View, int], Document]
    """The document at a width, in cells."""
    tab: bool = False
    """Whether it shares one place with others where the terminal is narrow."""


PANES: tuple[PaneSpec, ...] = (
    PaneSpec("lesson", "Lesson", lesson.depends, lesson.document, tab=True),
    PaneSpec("source", "Source", source.depends, source.document),
    PaneSpec("jaxpr", "jaxpr", ir.depends, ir.document, tab=True),
    PaneSpec("result", "Result", result.depends, result.document),
    PaneSpec("time", "Time", time.depends, time.document, tab=True),
    PaneSpec("devices", "Devices", devices.depends, devices.document, tab=True),
)
TABS: tuple[PaneSpec, ...] = tuple(spec for spec in PANES if spec.tab)
