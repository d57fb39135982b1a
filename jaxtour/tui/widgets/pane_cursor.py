"""What the cursor of a pane does in its own way."""

from collections.abc import Sequence
from typing import Protocol

from textual.message import Message

from jaxtour.tui.lines.document import NOTHING, Columns, Document, Highlighted, Piece
from jaxtour.tui.tour.view import StepView


class Steered(Protocol):
    """The pane, as far as its cursor knows it."""

    view: StepView | None

    @property
    def document(self) -> Document:
        """What is shown."""

    @property
    def cursor(self) -> int:
        """The line with the cursor."""

    @property
    def selection(self) -> Columns | None:
        """The selected piece of that line."""

    @property
    def has_focus(self) -> bool:
        """Whether it has the keyboard."""

    def move_to(self, line: int, selection: Columns | None = None) -> None:
        """Put the cursor on a line, and select a piece of it."""

    def highlight(self, highlighted: Highlighted, *, follow: bool = True) -> None:
        """Highlight lines, and bring the first into view where none is."""

    def post_message(self, message: Message) -> bool:
        """Post a message."""


class PaneCursor:
    """The cursor of most panes: it goes from line to line, as it does in any view of lines."""

    pane: Steered
    """Set by the pane that it is given to."""

    def step(self, count: int) -> bool:  # noqa: ARG002 - for others
        """Go down by so many rows, or up; False to go by lines."""
        return False

    def fold(self) -> bool:
        """Fold or unfold what the cursor is on; False to fold the block of lines around it."""
        return False

    def fold_all(self) -> bool:
        """Fold or unfold everything; False to fold the blocks of lines."""
        return False

    def arrive(self) -> None:
        """Choose where to be in what is shown for the first time, when the pane has put the cursor on a line."""

    @property
    def pieces(self) -> Sequence[Piece]:
        """What the cursor is on, of all that is linked with devices."""
        return ()

    def stay_with(self, pieces: Sequence[Piece]) -> None:
        """Go on being on these pieces, when lines came or went above them."""

    def highlighted_anew(self) -> Highlighted:
        """What stands out in lines that are shown in place of others."""
        return NOTHING
