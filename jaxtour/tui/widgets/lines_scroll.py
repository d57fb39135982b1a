"""Showing documents, and scrolling in them by lines."""

from collections.abc import Sequence

import msgspec
from textual import events
from textual.geometry import Size

from jaxtour.render.spans import Line
from jaxtour.tui.document import Columns, Document
from jaxtour.tui.styling import Mark
from jaxtour.tui.widgets.lines_repaint import RepaintedLines
from jaxtour.tui.widgets.lines_rows import Folds, Rows, WrappedRows
from jaxtour.tui.widgets.lines_search import Search

WHEEL = 3
"""Lines that a turn of the mouse wheel moves."""
SIDEWAYS = 8
"""Columns that a key moves."""


class ScrolledLines(RepaintedLines):
    """A view that is given documents and scrolls in them."""

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(name, ascii_only=ascii_only)
        self._wrap = False
        self._width = 0
        self._following = True
        """Whether the end, or the anchor, is brought into view when it moves."""
        self._rows_lines: Sequence[Line] | None = None
        self._rows_of: tuple[int | None, list[Columns]] = (None, [])
        """What the rows were made for: the lines, the width that they are wrapped at, and the folded ranges."""

    def show(self, document: Document, *, fresh: bool = False, room: Size | None = None) -> None:
        """Show another document; `fresh` starts it at its anchor, otherwise the place in it is kept.

        `room` is the size to come, where there is no layout yet.
        """
        old = self.document
        if not self.max_scroll_y:
            self._following = True
        self.document = document
        self._coloured.clear()
        self._adopt(old, fresh=fresh)
        self._measure()
        self._fit(room)
        if fresh:
            self.scroll_to(0, 0, animate=False, force=True, immediate=True)
            # Only now: going to the start looks like scrolling back.
            self._following = True
            if document.anchor is not None or document.follow:
                self.call_after_refresh(self._reveal, document)
        elif self._following and (document.follow or document.anchor != old.anchor):
            self.call_after_refresh(self._reveal, document)
        self.repaint()

    def _adopt(self, old: Document, *, fresh: bool) -> None:
        """Carry over to the new document what the old one's lines were given."""
        document = self.document
        if document.lines is not old.lines:
            self.unlight()
            if self._search is not None:
                self._search = Search(self._search.pattern, document.texts)
                self._match = None
        if document.folds != old.folds or fresh:
            self._folds = Folds(document.folds, () if fresh else self._folds.closed, main_last=document.main_last)

    def unlight(self) -> None:
        """Forget the lights: they were of other lines."""
        raise NotImplementedError

    def _measure(self) -> None:
        """Take on how wide the document is."""
        document = self.document
        self._width = document.width
        self._text_gutter = document.gutter_width
        light = document.cursor and not self._text_gutter
        self._gutter = self._text_gutter + bool(document.cursor) + bool(self._folds) + light

    def mark(self, index: int, mark: Mark | None) -> None:
        """Change how one line stands out."""
        marks = dict(self.document.marks)
        marks.pop(index, None)
        if mark:
            marks[index] = mark
        self.document = msgspec.structs.replace(self.document, marks=marks)
        self.repaint()

    def reveal(self, index: int, context: int = 0) -> None:
        """Scroll so that a line is in view, with so many rows on either side; from far off, a third from the top."""
        first = self._rows.top(index)
        self.reveal_rows(first, first + max(1, self._rows.height(index)) - 1, context)

    def reveal_rows(self, first: int, last: int, context: int = 0) -> None:
        """Scroll so that some rows are in view, the first one at least."""
        height = self.size.height
        top = self.scroll_offset.y
        context = min(context, max(0, (height - 1) // 2))
        if last + context >= top + height:
            y = min(last + context - height + 1, first)
        elif first - context < top:
            y = first - context
        else:
            return
        if context and abs(y - top) > height:
            y = first - height // 3
        self._to_row(y)

    def _to_row(self, y: int) -> None:
        self.scroll_to(y=max(0, y), animate=False, force=True, immediate=True)

    def _reveal(self, document: Document) -> None:
        if document is not self.document:
            # The next one will be revealed.
            return
        if document.anchor is not None:
            if self._rows.count > self.size.height:
                # The line before what matters says where one is.
                self._to_row(self._rows.top(document.anchor) - 1)
        else:
            self.scroll_end(animate=False, force=True, immediate=True, x_axis=False)

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:  # noqa: ARG002 - as Textual calls it
        """Repaint the rows that look otherwise; the class above would repaint all."""
        self.repaint()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:  # noqa: ARG002
        """Who scrolls back from the end is left there; who returns to it follows again."""
        self._following = new_value >= self.max_scroll_y
        self.repaint()

    def _fit(self, room: Size | None = None) -> None:
        # Never smaller than the view: then short texts come and go without a new layout.
        room = room or self.size
        text_room = room.width - self._gutter - 1
        wrapped = text_room if self._wrap and room.width else None
        hidden = self._folds.hidden()
        lines = self.document.lines
        if lines is not self._rows_lines or (wrapped, hidden) != self._rows_of:
            self._rows_lines, self._rows_of = lines, (wrapped, hidden)
            self._rows = (
                Rows(len(lines), hidden) if wrapped is None else WrappedRows(self.document.texts, hidden, wrapped)
            )
        width = room.width if self._wrap else max(self._width + self._gutter + 1, room.width)
        self.virtual_size = Size(width, max(self._rows.count, room.height))
        if room:
            x, y = self.scroll_offset
            end = Size(width, self.virtual_size.height) - room
            if x > end.width or y > end.height:
                # Textual leaves the view beyond the end of what became smaller.
                self.scroll_to(min(x, end.width), min(y, end.height), animate=False, force=True, immediate=True)

    def on_resize(self, _: events.Resize | None = None) -> None:
        """Cut the lines anew."""
        self._fit()
        self.repaint()

    # By keys and by the wheel; Textual's own would animate.

    def _by(self, dx: int, dy: int) -> None:
        self.scroll_relative(dx, dy, animate=False, force=True, immediate=True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three lines down."""
        event.stop()
        self._by(0, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three lines up."""
        event.stop()
        self._by(0, -WHEEL)

    def action_pan_right(self) -> None:
        """Eight columns to the right."""
        self._by(SIDEWAYS, 0)

    def action_pan_left(self) -> None:
        """Eight columns to the left."""
        self._by(-SIDEWAYS, 0)
