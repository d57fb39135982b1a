"""The cursor of a view, and the message that the view posts when it moves."""

from typing import Protocol

from textual.message import Message

from jaxtour.tui.lines.document import EMPTY, Columns, Document

SCAN = 1000
"""Lines that left and right search for a selectable piece before they give up."""


class Cursor:
    """The cursor of a view: its line, and the selected piece of that line. It stays while a document has no cursor."""

    def __init__(self) -> None:
        self.line = 0
        self.selection: Columns | None = None
        """The selected piece of the line."""

    def adopt(self, document: Document, old: Document, *, fresh: bool) -> bool:
        """Find a place in another document: its anchor if `fresh`, else the same line. Return whether it moved."""
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
        """Go to a line and a piece in it; return whether that is another place."""
        moved = (line, selection) != (self.line, self.selection)
        self.line, self.selection = line, selection
        return moved

    def beside(self, document: Document, by: int) -> tuple[int, Columns] | None:
        """Return the line and the piece after the selection, or before it; the selection itself at the end.

        None where the line has nothing to select.
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


class CursorView(Protocol):
    """A view with a cursor."""

    @property
    def id(self) -> str | None:
        """The name of its widget."""

    @property
    def led(self) -> bool:
        """Whether the receiver calls `settle`."""

    @property
    def cursor(self) -> int:
        """The line with the cursor."""

    @property
    def selection(self) -> Columns | None:
        """The selection in that line."""

    def settle(self, line: int, selection: Columns | None = None) -> None:
        """Bring a line into view, and paint what changed."""


class CursorMoved(Message):
    """The cursor or the selection of a view has moved, or its lines were drawn again."""

    def __init__(self, view: CursorView, line: int, selection: Columns | None, *, moved: bool = True) -> None:
        super().__init__()
        self.view = view
        self.line = line
        self.selection = selection
        self.moved = moved
        """Whether the cursor itself has moved."""

    def can_replace(self, message: Message) -> bool:
        """Return True: only the last of several messages matters."""
        return isinstance(message, CursorMoved) and message.view is self.view and (message.moved or not self.moved)
