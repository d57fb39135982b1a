"""What the cursor of a pane does in its own way."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jaxtour.tui.lines.document import NOTHING, Highlighted, Piece

if TYPE_CHECKING:
    from jaxtour.tui.widgets.pane import Pane


class PaneCursor:
    """The cursor of most panes: it goes from line to line, as it does in any view of lines."""

    pane: "Pane"
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
