"""All that decides how the rows of a view look."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxtour.tui.lines.cursor import Cursor
from jaxtour.tui.lines.document import EMPTY, NOTHING, Columns, Document, Highlight
from jaxtour.tui.lines.rows import Plan
from jaxtour.tui.lines.search import MatchFinder
from jaxtour.tui.styling import HighlightStyle, Mark


class Port(NamedTuple):
    """The part of the rows that is in view."""

    width: int
    """Cells, the last column included, which shows where one is."""
    height: int
    left: int
    """Cells of the text that are scrolled out of view."""
    top: int
    """The first row in view."""
    focused: bool
    """Whether the view has the keyboard."""

    def thumb(self, count: int) -> range:
        """The rows in view that the sign in the last column takes, in a text of so many rows."""
        height = self.height
        if not count > height > 0:
            return range(0)
        length = max(1, height * height // count)
        top = round((height - length) * min(1.0, self.top / (count - height)))
        return range(top, top + length)


class Scene:
    """A document, and the state that it is shown in; each part is an object of its own."""

    def __init__(self, *, ascii_only: bool) -> None:
        self.ascii_only = ascii_only
        self.document = EMPTY
        self.plan = Plan()
        self.cursor = Cursor()
        self.finder = MatchFinder()
        self.highlighted = NOTHING
        self.gutter = 0
        """Cells left of the text, signs included."""
        self.own_gutter = 0
        """Cells of the document's own gutter."""
        self.width = 0
        """Cells of the widest line, with the gutter and the last column."""

    def adopt(self, document: Document, *, fresh: bool) -> bool:
        """Show another document, with the search, the folds and the cursor of before; whether the cursor moved."""
        old, self.document = self.document, document
        if document.lines is not old.lines:
            self.finder.renew(document)
        self.plan.adopt(document, old, fresh=fresh)
        if not document.cursor:
            return False
        moved = self.cursor.adopt(document, old, fresh=fresh)
        self.plan.folds.open_around(self.cursor.line)
        return moved

    def measure(self) -> None:
        """Work out how wide the document is and what stands beside it."""
        document = self.document
        self.own_gutter = document.gutter_width
        sign = document.cursor and not self.own_gutter
        self.gutter = self.own_gutter + bool(document.cursor) + bool(self.plan.folds) + sign
        self.width = document.width + self.gutter + 1

    def here(self, top: int) -> int:
        """The cursor's line; without a cursor, the line in the first row in view."""
        rows = self.plan.rows
        if self.document.cursor or not rows.count:
            return self.cursor.line
        return rows.at(min(top, rows.count - 1))[0]

    def has_cursor(self, line: int) -> bool:
        """Whether the cursor is on a line."""
        return self.document.cursor and line == self.cursor.line

    def marks(self, line: int, *, focused: bool) -> tuple[Mark | None, ...]:
        """What lies under the text of a line."""
        mark = self.document.marks.get(line)
        return (mark, "here" if focused else "here-away") if self.has_cursor(line) else (mark,)

    def highlight(self, line: int) -> Highlight | None:
        """How a line stands out."""
        return self.highlighted.of(line)

    def over_text(self, line: int, text: str, *, flat: bool) -> Iterator[tuple[Columns, HighlightStyle]]:
        """The characters of a line that stand out: by a highlight, the search, and the cursor.

        `flat` where backgrounds cannot be relied on: an underline beneath the indentation would be a line of its own.
        """
        highlight = self.highlight(line)
        if highlight is not None:
            start = len(text) - len(text.lstrip()) if flat else 0
            for columns in ((start, len(text)),) if highlight.ranges is None else highlight.ranges:
                yield columns, highlight.style
        yield from self.finder.in_line(line, text)
        if self.cursor.selection is not None and self.has_cursor(line):
            yield self.cursor.selection, "selection"
