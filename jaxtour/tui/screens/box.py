"""What all boxes over a step share."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget

from jaxtour.render.text.layout import in_ascii
from jaxtour.render.text.spans import Line
from jaxtour.tui.actions import Keys
from jaxtour.tui.styling import content


class BoxScreen(ModalScreen[ScreenResultType]):
    """One box, with a title in its upper border and its keys in the lower one; its close key calls `dismiss`."""

    CSS_PATH = "modal.tcss"
    LIVE: ClassVar[bool] = False
    """Whether it shows what the worker says, and is filled again with every word of it."""

    def __init__(self, box: Widget, *, lead: Widget | None = None, ascii_only: bool = False) -> None:
        super().__init__(classes="-ascii" if ascii_only else None)
        self.box = box
        self.box.add_class("box")
        self.lead = lead or box
        """What keys go to at first."""
        self.ascii = ascii_only
        self._titles: tuple[Line, Line, bool] | None = None

    def compose(self) -> ComposeResult:
        """The box."""
        yield self.box

    def on_mount(self) -> None:
        """Fill the box."""
        self.refill()
        self.lead.focus()

    def on_resize(self) -> None:
        """Fit what is in it."""
        self.refill()

    def refill(self) -> None:
        """Show what is known; a box whose content never changes has nothing to do."""

    def inside(self, widest: int | None = None) -> int:
        """Columns for the text: the box is as wide as the screen, or as its style allows."""
        width = self.app.size.width
        return (width if widest is None else min(widest, width)) - FRAME_CELLS

    def entitle(self, title: str | Line, keys: Line) -> None:
        """Write the borders."""
        ansi = self.app.native_ansi_color
        line: Line = ((title, ""),) if isinstance(title, str) else title
        # Not where nothing differs: to set a title repaints the whole box.
        if (line, keys, ansi) != self._titles:
            self._titles = (line, keys, ansi)
            above, below = in_ascii([line, keys], self.ascii)
            self.box.border_title, self.box.border_subtitle = content(above, ansi=ansi), content(below, ansi=ansi)


FRAME_CELLS = 5
"""Columns of a box that are not text: border, padding, and where a bar to scroll with may be."""


def closing(keys: Keys) -> Line:
    """The words of a box that can only be read and closed."""
    return ((keys.first("dismiss"), "primitive"), (" close", ""))
