"""A list with a cursor."""

from typing import ClassVar

import msgspec
from textual import events
from textual.binding import BindingType
from textual.message import Message

from jaxtour.tui.actions import bindings
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.styling import Mark


class Chooser(LinesView):
    """Lines of which one is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pane"), *bindings("list")]

    class Chosen(Message):
        """A line was chosen."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Moved(Message):
        """The cursor is on another line."""

    def fill(self, document: Document, cursor: int | None = None) -> None:
        """Show other lines, with the cursor on one of them."""
        last = max(0, len(document.lines) - 1)
        self.scene.cursor.line = min(self.cursor if cursor is None else cursor, last)
        marks: dict[int, Mark] = {self.cursor: "cursor"} if document.lines else {}
        self.show(Document(lines=document.lines, gutter=document.gutter, marks=marks))
        self.call_after_refresh(self.scroller.reveal, self.cursor, 0)

    def _move(self, to: int) -> None:
        to = max(0, min(to, len(self.document.lines) - 1))
        if to != self.cursor:
            self.scene.cursor.line = to
            self.scene.document = msgspec.structs.replace(self.document, marks={to: "cursor"})
            self.repaint()
            self.scroller.reveal(self.cursor, 0)
            self.post_message(self.Moved())

    def action_down(self) -> None:
        """The line below."""
        self._move(self.cursor + 1)

    def action_up(self) -> None:
        """The line above."""
        self._move(self.cursor - 1)

    def action_page_down(self) -> None:
        """A screenful down."""
        self._move(self.cursor + max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        """A screenful up."""
        self._move(self.cursor - max(1, self.size.height - 1))

    def action_top(self) -> None:
        """The first line."""
        self._move(0)

    def action_bottom(self) -> None:
        """The last line."""
        self._move(len(self.document.lines) - 1)

    def action_choose(self) -> None:
        """Choose the line under the cursor."""
        if self.document.lines:
            self.post_message(self.Chosen(self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Choose the line that was clicked."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y + self.scroll_offset.y < len(self.document.lines):
            self._move(offset.y + self.scroll_offset.y)
            self.action_choose()
