"""The box at the end of a lesson or of a review."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
from textual.binding import BindingType

from jaxtour.render.text.layout import Line, in_ascii
from jaxtour.tui.actions import BY_ID, Keys, bindings
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line

WIDEST = 78


class EndScreen(BoxScreen[bool]):
    """Says what was done; returns whether to continue. `onwards` and `back` name the destinations."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("end"), *bindings("pane")]

    def __init__(
        self,
        title: str,
        lines: Callable[[int], list[Line]],
        keys: Keys,
        *,
        onwards: str,
        back: str,
        ascii_only: bool = False,
    ) -> None:
        self._lines = LinesView("end", ascii_only=ascii_only)
        super().__init__(self._lines, ascii_only=ascii_only)
        self._title = title
        self._made = lines
        """The lines for a width."""
        labels = {"go_on": onwards, "stay": back}
        actions = [msgspec.structs.replace(BY_ID[name], label=label) for name, label in labels.items()]
        self._words = keys_line(actions, keys, WIDEST)

    def refill(self) -> None:
        """Show what was done."""
        self._lines.show(Document(lines=in_ascii(self._made(self.inside(WIDEST)), self.ascii)))
        self.entitle(self._title, self._words)
