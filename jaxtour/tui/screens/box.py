"""The base of all boxes over the tour."""

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget

from jaxtour.render.text.layout import Line, in_ascii
from jaxtour.tui.actions import BY_ID, Context, Keys, Scope, in_footer
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import content

KEYS_CELLS = 60
"""The cells for the keys in a lower border."""


class BoxScreen(ModalScreen[ScreenResultType]):
    """One box, with its title in the upper border and its keys in the lower one; the close key calls `dismiss`."""

    CSS_PATH = "modal.tcss"
    LIVE: ClassVar[bool] = False
    """Whether it shows the worker's state, and so refills after each event."""

    def __init__(self, box: Widget, *, lead: Widget | None = None, ascii_only: bool = False) -> None:
        super().__init__(classes="-ascii" if ascii_only else None)
        self.box = box
        self.box.add_class("box")
        self.lead = lead or box
        """The widget with the focus at first."""
        self.ascii = ascii_only
        self._titles: tuple[Line, Line, bool] | None = None

    def compose(self) -> ComposeResult:
        """Yield the box."""
        yield self.box

    def on_mount(self) -> None:
        """Fill the box."""
        self.refill()
        self.lead.focus()

    def on_resize(self) -> None:
        """Fit the content to the new size."""
        self.refill()

    def refill(self) -> None:
        """Fill the box; does nothing if its content never changes."""

    def inside(self, widest: int | None = None) -> int:
        """Return the columns for the text, in a box as wide as the screen or as its style allows."""
        width = self.app.size.width
        return (width if widest is None else min(widest, width)) - FRAME_CELLS

    def entitle(self, title: str | Line, keys: Line) -> None:
        """Write the borders."""
        ansi = self.app.native_ansi_color
        line: Line = ((title, ""),) if isinstance(title, str) else title
        # Setting a title repaints the whole box, even without a change.
        if (line, keys, ansi) != self._titles:
            self._titles = (line, keys, ansi)
            above, below = in_ascii([line, keys], self.ascii)
            self.box.border_title, self.box.border_subtitle = content(above, ansi=ansi), content(below, ansi=ansi)


FRAME_CELLS = 5
"""Columns of a box without text: border, padding and scrollbar."""


def choosing(scope: Scope, label: str, keys: Keys) -> Line:
    """Return the keys of a box with a list: `label` is what Enter does."""
    choose = msgspec.structs.replace(BY_ID["choose"], label=label)
    return keys_line([choose, *in_footer(scope, Context())], keys, KEYS_CELLS)


def closing(keys: Keys) -> Line:
    """Return the key of a box that can only be closed."""
    return ((keys.first("dismiss"), "primitive"), (" close", ""))
