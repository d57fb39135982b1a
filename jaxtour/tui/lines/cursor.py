"""The cursor in a document: its line, and the piece of the line that is selected."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from jaxtour.tui.lines.document import EMPTY, Columns, Document

SCAN = 1000
"""Lines that are asked for what can be selected in them before left and right give up."""


class Cursor:
    """Where the cursor of a view is; where its document has none, it waits for one that has."""

    def __init__(self) -> None:
        self.line = 0
        self.selection: Columns | None = None
        """The selected piece of the line."""

    def adopt(self, document: Document, old: Document, *, fresh: bool) -> bool:
        """Find a place in another document: its anchor if it is fresh, else the line of before; whether it moved."""
        line, selection = self.line, self.selection
        if fresh or old is EMPTY:
            line, selection = document.anchor or 0, None
        line = max(0, min(line, len(document.lines) - 1))
        if selection is not None and selection not in document.selectable_in(line):
            selection = None
        moved = line != self.line
        self.line, self.selection = line, selection
        return moved

    def put(self, line: int, selection: Columns | None) -> bool:
        """Go to a line and a piece of it; whether that is another place."""
        moved = (line, selection) != (self.line, self.selection)
        self.line, self.selection = line, selection
        return moved

    def beside(self, document: Document, by: int) -> tuple[int, Columns] | None:
        """The line and the piece after the selected one, or before it; itself at the end.

        None where nothing in the line can be selected.
        """
        pieces = document.selectable_in(self.line)
        if not pieces:
            return None
        entry = 0 if by > 0 else -1
        place = pieces.index(self.selection) + by if self.selection in pieces else entry
        if self.selection not in pieces or 0 <= place < len(pieces):
            return self.line, pieces[place]
        for line in range(self.line + by, self.line + by * SCAN, by):
            if not 0 <= line < len(document.lines):
                break
            if pieces := document.selectable_in(line):
                return line, pieces[entry]
        assert self.selection is not None
        return self.line, self.selection


def innermost(document: Document, line: int, cell: int) -> Columns | None:
    """The smallest piece of a line that takes a cell of its text and can be selected."""
    found = None
    for piece in document.selectable_in(line):
        start, end = document.cells_of(line, piece)
        if start <= cell < end and (found is None or piece[1] - piece[0] < found[1] - found[0]):
            found = piece
    return found


def next_match(matches: Sequence[int], line: int, by: int) -> int | None:
    """The next of some lines after this one, or the one before it, round the ends; None where there are none."""
    if not matches:
        return None
    place = bisect_right(matches, line) - 1 + by if by > 0 else bisect_left(matches, line) + by
    return matches[place % len(matches)]
