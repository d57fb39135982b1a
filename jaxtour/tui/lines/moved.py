"""The message that a view posts when its cursor moves."""

from typing import Protocol

from textual.message import Message

from jaxtour.tui.lines.document import Columns


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
