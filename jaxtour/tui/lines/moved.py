"""The message that a view posts when its cursor moves."""

from typing import TYPE_CHECKING

from textual.message import Message

from jaxtour.tui.lines.document import Columns

if TYPE_CHECKING:
    from jaxtour.tui.lines.view import LinesView


class CursorMoved(Message):
    """The cursor or the selection of a view has moved, or its lines were drawn again."""

    def __init__(self, view: "LinesView", line: int, selection: Columns | None, *, moved: bool = True) -> None:
        super().__init__()
        self.view = view
        self.line = line
        self.selection = selection
        self.moved = moved
        """Whether the cursor itself has moved."""

    def can_replace(self, message: Message) -> bool:
        """Only the last of several messages matters."""
        return isinstance(message, CursorMoved) and message.view is self.view and (message.moved or not self.moved)
