"""Bringing rows of a view into sight, at once and by whole rows; Textual's own scrolling would animate."""

from textual.scroll_view import ScrollView

from jaxtour.tui.lines.document import Columns
from jaxtour.tui.lines.scene import Scene

CONTEXT = 2
"""Lines that stay in view above and below the cursor, and columns left of what is selected."""
WHEEL = 3
"""Lines that a turn of the mouse wheel moves."""
SIDEWAYS = 8
"""Columns that a key moves."""


class Scroller:
    """Scrolls one view by the rows of its scene."""

    def __init__(self, view: ScrollView, scene: Scene) -> None:
        self._view = view
        self._scene = scene

    @property
    def top(self) -> int:
        """The first row in view."""
        return self._view.scroll_offset.y

    def by(self, columns: int, rows: int) -> None:
        """Scroll by so many cells."""
        self._view.scroll_relative(columns, rows, animate=False, force=True, immediate=True)

    def to(self, *, x: int | None = None, y: int | None = None) -> None:
        """Scroll to a column, a row, or both."""
        top = None if y is None else max(0, y)
        self._view.scroll_to(x, top, animate=False, force=True, immediate=True)

    def to_end(self) -> None:
        """Scroll to the last row."""
        self._view.scroll_end(animate=False, force=True, immediate=True, x_axis=False)

    def to_anchor(self) -> None:
        """Scroll to the document's anchor, where not all is in view; the line before says where one is.

        A document without one is followed to its end.
        """
        rows, anchor = self._scene.plan.rows, self._scene.document.anchor
        if anchor is None:
            self.to_end()
        elif rows.count > self._view.size.height:
            self.to(y=rows.top(anchor) - 1)

    def keep_row(self, line: int, row: int) -> None:
        """Scroll so that a line is in the same row of the view as before."""
        self.to(y=self._scene.plan.rows.top(line) - row)

    def row_of(self, line: int) -> int:
        """The row of the view that a line begins in; one out of view where the line is."""
        rows = self._scene.plan.rows
        return rows.top(line) - self.top if rows.count else 0

    def reveal(self, line: int, context: int = CONTEXT) -> None:
        """Scroll so that a line is in view, with so many rows on either side; from far off, a third from the top."""
        rows = self._scene.plan.rows
        first = rows.top(line)
        self._reveal_rows(first, first + max(1, rows.height(line)) - 1, context)

    def _reveal_rows(self, first: int, last: int, context: int = 0) -> None:
        height, top = self._view.size.height, self.top
        context = min(context, max(0, (height - 1) // 2))
        if last + context >= top + height:
            y = min(last + context - height + 1, first)
        elif first - context < top:
            y = first - context
        else:
            return
        if context and abs(y - top) > height:
            y = first - height // 3
        self.to(y=y)

    def reveal_columns(self, line: int, columns: Columns) -> None:
        """Scroll so that some characters of a line are in view, their start at least."""
        scene, rows = self._scene, self._scene.plan.rows
        start, end = scene.document.cells_of(line, columns)
        if rows.room is not None:
            part = scene.plan.part_at(scene.document.text_of(line), start)
            row = rows.top(line) + min(part, max(0, rows.height(line) - 1))
            self._reveal_rows(row, row)
            return
        room = self._view.size.width - scene.gutter - 1
        at = self._view.scroll_offset.x
        if not (at <= start and end < at + room):
            self.to(x=0 if end < room else max(0, min(start - CONTEXT, end - room // 2)))
