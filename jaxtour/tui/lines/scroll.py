"""Scrolling, folding and wrapping in a view, at once and by whole rows; Textual's own scrolling would animate."""

from collections.abc import Callable

from textual.scroll_view import ScrollView

from jaxtour.tui.lines.document import Columns
from jaxtour.tui.lines.scene import Scene

CONTEXT = 2
"""Lines kept in view above and below the cursor, and columns left of the selection."""
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
        """Scroll by some cells."""
        self._view.scroll_relative(columns, rows, animate=False, force=True, immediate=True)

    def to(self, *, x: int | None = None, y: int | None = None) -> None:
        """Scroll to a column, a row, or both."""
        top = None if y is None else max(0, y)
        self._view.scroll_to(x, top, animate=False, force=True, immediate=True)

    def to_end(self) -> None:
        """Scroll to the last row."""
        self._view.scroll_end(animate=False, force=True, immediate=True, x_axis=False)

    def to_anchor(self) -> None:
        """Scroll to the line before the document's anchor unless everything is in view, or to the end without one."""
        rows, anchor = self._scene.plan.rows, self._scene.document.anchor
        if anchor is None:
            self.to_end()
        elif rows.count > self._view.size.height:
            self.to(y=rows.top(anchor) - 1)

    def keep_row(self, line: int, row: int) -> None:
        """Scroll so that a line is in this row of the view."""
        self.to(y=self._scene.plan.rows.top(line) - row)

    def row_of(self, line: int) -> int:
        """The row of the view where a line begins; negative or past the end if the line is out of view."""
        rows = self._scene.plan.rows
        return rows.top(line) - self.top if rows.count else 0

    def reveal(self, line: int, context: int = CONTEXT) -> None:
        """Scroll so that a line is in view, with `context` rows on either side; a distant line a third from the top."""
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
        """Scroll so that some characters of a line are in view, at least their start."""
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


class Folding:
    """Folds, unfolds and wraps in one view; the current line stays in its row."""

    def __init__(
        self,
        scene: Scene,
        scroller: Scroller,
        refit: Callable[[], None],
        move_to: Callable[[int, Columns | None], None],
    ) -> None:
        self._scene = scene
        self._plan = scene.plan
        self._scroller = scroller
        self._refit = refit
        """Makes the rows again, and paints what changed."""
        self._move_to = move_to

    @property
    def _here(self) -> int:
        return self._scene.here(self._scroller.top)

    def toggle(self) -> bool:
        """Fold or unfold the innermost block around the cursor; return whether there is one."""
        folds = self._plan.folds
        first = folds.around(self._here)
        if first is not None:
            folds.closed ^= {first}
            self._apply(first)
        return first is not None

    def toggle_all(self) -> None:
        """Fold every block, or unfold all if any is folded."""
        if self._plan.folds.closed:
            self.unfold_all()
        else:
            self.fold_all()

    def fold_all(self) -> None:
        """Fold every block except the main one."""
        folds = self._plan.folds
        folds.close_all()
        self._apply(folds.seen(self._here))

    def unfold_all(self) -> None:
        """Unfold every block."""
        self._plan.folds.closed.clear()
        self._apply(self._here)

    def unfold_around(self, line: int) -> None:
        """Unfold the blocks that hide a line."""
        if self._plan.rows.hides(line):
            self._plan.folds.open_around(line)
            self._refit()

    def _apply(self, line: int) -> None:
        """Apply the folds, with the cursor on a visible line that stays in its row."""
        if self._scene.document.lines:
            row = self._scroller.row_of(line)
            self._refit()
            self._scroller.keep_row(line, max(0, row))
            cursor = self._scene.cursor
            self._move_to(line, cursor.selection if line == cursor.line else None)

    @property
    def wrap(self) -> bool:
        """Whether long lines are wrapped."""
        return self._plan.wrap

    @wrap.setter
    def wrap(self, wrap: bool) -> None:
        if wrap == self._plan.wrap:
            return
        here = self._here
        row = self._scroller.row_of(here)
        self._plan.wrap = wrap
        self._scroller.to(x=0)
        self._refit()
        if self._plan.rows.count:
            self._scroller.keep_row(here, row)
            if self._scene.document.cursor:
                self._scroller.reveal(here, 0)
