"""Holds a document and the state of its view: what decides how each row looks, and scrolling, folding and wrapping.

Views scroll at once and by whole rows; Textual's own scrolling would animate.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from textual.geometry import Offset, Size
from textual.scroll_view import ScrollView

from jaxtour.tui.lines.cursor import Cursor
from jaxtour.tui.lines.document import EMPTY, NOTHING, Columns, Document, Highlight
from jaxtour.tui.lines.rows import GOES_ON, Plan, breaks
from jaxtour.tui.lines.search import MatchFinder
from jaxtour.tui.styling import HighlightStyle, Mark


class Port(NamedTuple):
    """The part of the rows that is in view."""

    width: int
    """Cells, including the last column, which shows the position in the text."""
    height: int
    left: int
    """Cells of the text scrolled out of view."""
    top: int
    """The first row in view."""
    focused: bool
    """Whether the view has the keyboard."""

    def thumb(self, count: int) -> range:
        """Return the rows in view that the thumb in the last column takes, in a text of `count` rows."""
        height = self.height
        if not count > height > 0:
            return range(0)
        length = max(1, height * height // count)
        top = round((height - length) * min(1.0, self.top / (count - height)))
        return range(top, top + length)


class Scene:
    """A document, and the state of its view, each in its own object."""

    def __init__(self, *, ascii_only: bool) -> None:
        self.ascii_only = ascii_only
        self.document = EMPTY
        self.plan = Plan()
        self.cursor = Cursor()
        self.finder = MatchFinder()
        self.highlighted = NOTHING
        self.gutter = 0
        """Cells left of the text, including signs."""
        self.own_gutter = 0
        """Cells of the document's own gutter."""
        self.width = 0
        """Cells of the widest line, with the gutter and the last column."""

    def adopt(self, document: Document, *, fresh: bool) -> bool:
        """Show another document, keeping search, folds and cursor; return whether the cursor moved."""
        old, self.document = self.document, document
        if self.finder.search and document.lines is not old.lines:
            self.finder.renew(document)
        self.plan.adopt(document, old, fresh=fresh)
        if not document.cursor:
            return False
        moved = self.cursor.adopt(document, old, fresh=fresh)
        self.plan.folds.open_around(self.cursor.line)
        return moved

    def measure(self) -> None:
        """Measure the document and its gutter."""
        document = self.document
        self.own_gutter = document.gutter_width
        sign = document.cursor and not self.own_gutter
        self.gutter = self.own_gutter + bool(document.cursor) + bool(self.plan.folds) + sign
        self.width = document.width + self.gutter + 1

    def here(self, top: int) -> int:
        """Return the cursor's line; without a cursor, the line in the first row in view."""
        rows = self.plan.rows
        if self.document.cursor or not rows.count:
            return self.cursor.line
        return rows.at(min(top, rows.count - 1))[0]

    def has_cursor(self, line: int) -> bool:
        """Return whether the cursor is on a line."""
        return self.document.cursor and line == self.cursor.line

    def marks(self, line: int, *, focused: bool) -> tuple[Mark | None, ...]:
        """Return the marks under the text of a line."""
        mark = self.document.marks.get(line)
        return (mark, "here" if focused else "here-away") if self.has_cursor(line) else (mark,)

    def highlight(self, line: int) -> Highlight | None:
        """Return the highlight of a line."""
        return self.highlighted.of(line)

    def proof(self, line: int) -> tuple[Columns, ...]:
        """Return the characters of a line that prove an answer."""
        proof = self.document.proof
        return tuple(match.span() for match in proof.finditer(self.document.text_of(line))) if proof else ()

    def found_in(self, line: int, text: str) -> Iterable[tuple[Columns, HighlightStyle]]:
        """Return the matches of the search in a line."""
        return self.finder.in_line(line, text) if self.finder.search else ()

    def over_text(self, line: int, text: str, *, flat: bool) -> Iterator[tuple[Columns, HighlightStyle]]:
        """Yield the characters of a line that a highlight, the search or the selection marks.

        `flat` where there are no backgrounds: an underline below the indentation would look like a separate line.
        """
        highlight = self.highlight(line)
        if highlight is not None:
            start = len(text) - len(text.lstrip()) if flat else 0
            for columns in ((start, len(text)),) if highlight.ranges is None else highlight.ranges:
                yield columns, highlight.style
        for columns in self.proof(line):
            yield columns, "proof"
        yield from self.found_in(line, text)
        if self.cursor.selection is not None and self.has_cursor(line):
            yield self.cursor.selection, "selection"

    def rows_on(self, port: Port, count: int) -> int | None:
        """Return the line `count` rows below the cursor, or above it if negative, past what is folded.

        None where the view should scroll first: only a part of a wrapped line may be in view.
        """
        rows, line = self.plan.rows, self.cursor.line
        top = rows.top(line)
        last = top + max(1, rows.height(line)) - 1
        above, below = port.top, port.top + port.height
        if (count == 1 and top < below <= last) or (count == -1 and top < above <= last):
            return None
        start = last if count > 0 else top
        return rows.at(max(0, min(start + count, rows.count - 1)))[0]

    def clicked(self, port: Port, at: Offset) -> tuple[int, Columns | None] | None:
        """Return the line at a place in the view, and the smallest selectable piece there; None below the text."""
        rows = self.plan.rows
        row = at.y + port.top
        if row >= rows.count:
            return None
        line, part = rows.at(row)
        cell = at.x - self.gutter + port.left
        if part and rows.room is not None:
            cell += breaks(self.document.text_of(line), rows.room)[part] - len(GOES_ON)
        return line, innermost(self.document, line, cell)


def innermost(document: Document, line: int, cell: int) -> Columns | None:
    """Return the smallest selectable piece of a line that covers a cell of its text."""
    found = None
    for piece in document.selectable_in(line):
        start, end = document.cells_of(line, piece)
        if start <= cell < end and (found is None or piece[1] - piece[0] < found[1] - found[0]):
            found = piece
    return found


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
        here = self._view.scroll_offset
        # Most views stay at their beginning when another step comes, and Textual takes as long to stay as to go.
        if (x, top) != (None if x is None else here.x, None if top is None else here.y):
            self._view.scroll_to(x, top, animate=False, force=True, immediate=True)

    def come_back(self, room: Size) -> None:
        """Scroll back from beyond the end of lines that became fewer, where Textual leaves the view."""
        x, y = self._view.scroll_offset
        end = self._view.virtual_size - room
        if x > end.width or y > end.height:
            self.to(x=min(x, end.width), y=min(y, end.height))

    def to_end(self) -> None:
        """Scroll to the last row."""
        self._view.scroll_end(animate=False, force=True, immediate=True, x_axis=False)

    def to_anchor(self) -> None:
        """Scroll to the line before the document's anchor unless everything is in view, or to the end without one.

        Where only two rows are in view, they begin with the anchor.
        """
        rows, anchor = self._scene.plan.rows, self._scene.document.anchor
        height = self._view.size.height
        if anchor is None:
            self.to_end()
        elif rows.count > height:
            self.to(y=rows.top(anchor) - (height > 2))

    def keep_row(self, line: int, row: int) -> None:
        """Scroll so that a line is in this row of the view."""
        self.to(y=self._scene.plan.rows.top(line) - row)

    def row_of(self, line: int) -> int:
        """Return the row of the view where a line begins; negative or past the end if the line is out of view."""
        rows = self._scene.plan.rows
        return rows.top(line) - self.top if rows.count else 0

    def seen(self, line: int, go_to: Callable[[int], None]) -> None:
        """Call `go_to` with a line that is out of view."""
        row = self._scene.plan.rows.top(line) if line < len(self._scene.document.lines) else self.top
        if not self.top <= row < self.top + self._view.size.height:
            go_to(line)

    def reveal(self, line: int, context: int = CONTEXT) -> None:
        """Scroll so that a line is in view, with `context` rows on either side; a distant line a third from the top."""
        rows = self._scene.plan.rows
        first = rows.top(line)
        self._reveal_rows(first, first + max(1, rows.height(line)) - 1, context)

    def reveal_lines(self, first: int, last: int) -> None:
        """Scroll so that all of these lines are in view, or the first of them if they do not fit."""
        rows, height = self._scene.plan.rows, self._view.size.height
        begin, end = rows.top(first), rows.top(last) + max(1, rows.height(last)) - 1
        if end - begin >= height:
            self.reveal(first)
        elif not self.top <= begin <= end < self.top + height:
            self._reveal_rows(begin, end, CONTEXT)

    def _reveal_rows(self, first: int, last: int, context: int = 0) -> None:
        height, top = self._view.size.height, self.top
        context = min(context, max(0, (height - 1 - (last - first)) // 2))
        if last + context >= top + height:
            y = min(last + context - height + 1, first)
        elif first - context < top:
            y = first - context
        else:
            return
        if context and abs(y - top) > height:
            y = max(first - height // 3, last + 1 - height)
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
        """Whether long lines are wrapped."""
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
