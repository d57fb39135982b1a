"""Maps the lines of a document to rows of a view, with folded blocks and wrapped lines."""

from array import array
from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import accumulate

from rich.cells import get_character_cell_size

from jaxtour.tui.lines.document import EMPTY, Columns, Document

GOES_ON = "╰ "
"""What comes before a continued row."""


class Folds:
    """The foldable blocks of a document, and which of them are folded."""

    def __init__(
        self, blocks: Sequence[Columns] = (), closed: Collection[int] = (), *, main_last: bool = False
    ) -> None:
        last: dict[int, int] = {}
        for first, end in blocks:
            if end > first:
                last[first] = max(end, last.get(first, end))
        self._last = dict(sorted(last.items()))
        self.closed = {first for first in closed if first in self._last}
        """First lines of the folded blocks, including nested ones."""
        self._main_last = main_last

    def __bool__(self) -> bool:
        return bool(self._last)

    def starts(self, line: int) -> bool:
        """Return whether a block starts in this line."""
        return line in self._last

    def hidden_behind(self, line: int) -> int:
        """Return how many lines are folded behind this one."""
        return self._last[line] - line if line in self.closed else 0

    def around(self, line: int) -> int | None:
        """Return the first line of the innermost block around this line."""
        return max((first for first, last in self._last.items() if first <= line <= last), default=None)

    def seen(self, line: int) -> int:
        """Return the line, or the first line of the folded block that hides it."""
        return min((first for first in self.closed if first < line <= self._last[first]), default=line)

    def open_around(self, line: int) -> None:
        """Unfold the blocks that hide a line."""
        self.closed -= {first for first in self.closed if first < line <= self._last[first]}

    def close_all(self) -> None:
        """Fold every block except the main one, since nothing would be left to see."""
        self.closed = set(self._last)
        outer = self._outermost()
        if len(self._last) > 1 and (self._main_last or len(outer) == 1):
            self.closed.discard(outer[-1])

    def _outermost(self) -> list[int]:
        """Return the first lines of the blocks that are inside no other."""
        found: list[int] = []
        end = -1
        for first, last in self._last.items():
            if first > end:
                found.append(first)
                end = last
        return found

    def hidden(self) -> list[Columns]:
        """Return the hidden ranges of lines: ascending, disjoint, the end exclusive."""
        ranges: list[Columns] = []
        end = 0
        for first in sorted(self.closed):
            if first >= end:
                end = self._last[first] + 1
                ranges.append((first + 1, end))
        return ranges


class Rows:
    """Maps lines to rows and back, one row for each visible line, by bisecting the folded ranges."""

    room: int | None = None
    """Cells of a row; None where lines are not wrapped."""

    def __init__(self, count: int, hidden: Sequence[Columns] = ()) -> None:
        self.lines = count
        self._starts = [start for start, _ in hidden]
        self._ends = [end for _, end in hidden]
        self._before = list(accumulate((end - start for start, end in hidden), initial=0))
        self._rows = [start - before for start, before in zip(self._starts, self._before, strict=False)]
        """The first row after each folded range."""

    @property
    def count(self) -> int:
        """The number of rows."""
        return self.lines - self._before[-1]

    def top(self, line: int) -> int:
        """Return a line's first row; for a hidden line, the row that it is folded behind."""
        place = bisect_right(self._starts, line)
        if place and line < self._ends[place - 1]:
            return self._rows[place - 1] - 1
        return line - self._before[place]

    def height(self, _line: int) -> int:
        """Return the number of rows that a visible line takes."""
        return 1

    def hides(self, line: int) -> bool:
        """Return whether a line is hidden by a fold."""
        return self.at(self.top(line))[0] != line

    def at(self, row: int) -> tuple[int, int]:
        """Return the line in a row, and which of its rows that is."""
        return row + self._before[bisect_right(self._rows, row)], 0


class WrappedRows(Rows):
    """Maps wrapped lines to rows and back.

    The table of each line's first row takes four bytes a line, and 15 ms for 100 000 lines each time the width changes.
    """

    def __init__(self, texts: Sequence[str], hidden: Sequence[Columns], room: int) -> None:
        super().__init__(len(texts), hidden)
        self.room = room
        heights = [1 if len(text) <= room and text.isascii() else len(breaks(text, room)) for text in texts]
        for start, end in hidden:
            heights[start:end] = [0] * (end - start)
            # The line before them says how many are folded.
            heights[start - 1] = 1
        self._tops = array("I", accumulate(heights, initial=0))

    @property
    def count(self) -> int:
        """The number of rows."""
        return self._tops[-1]

    def top(self, line: int) -> int:
        """Return a line's first row; for a hidden line, the row that it is folded behind."""
        top = self._tops[line]
        return top - 1 if self._tops[line + 1] == top else top

    def height(self, line: int) -> int:
        """Return the number of rows that a visible line takes."""
        return self._tops[line + 1] - self._tops[line]

    def at(self, row: int) -> tuple[int, int]:
        """Return the line in a row, and which of its rows that is."""
        line = bisect_right(self._tops, row) - 1
        return line, row - self._tops[line]


class Plan:
    """Maps the lines of a document to the rows of a view."""

    def __init__(self) -> None:
        self.folds = Folds()
        self.rows = Rows(0)
        self.wrap = False
        """Whether long lines are wrapped."""
        self._made_for: tuple[Document, int | None, list[Columns]] = (EMPTY, None, [])
        """What the rows were made for: the lines of a document, the room to wrap in, and the folded ranges."""

    def adopt(self, document: Document, old: Document, *, fresh: bool) -> None:
        """Take the blocks of another document; folded ones stay folded, unless it is `fresh`."""
        if document.folds != old.folds or fresh:
            closed = document.closed if fresh else self.folds.closed
            self.folds = Folds(document.folds, closed, main_last=document.main_last)

    def fit(self, document: Document, room: int | None) -> None:
        """Make the rows of a document for a view with this room, in cells; None before the first layout."""
        room = room if self.wrap else None
        hidden = self.folds.hidden()
        made_for, *rest = self._made_for
        if document.lines is made_for.lines and rest == [room, hidden]:
            return
        self._made_for = (document, room, hidden)
        self.rows = Rows(len(document.lines), hidden) if room is None else WrappedRows(document.texts, hidden, room)

    def part_at(self, text: str, cell: int) -> int:
        """Return the row of a wrapped line that has a cell of its text."""
        return bisect_right(breaks(text, self.rows.room), cell) - 1 if self.rows.room is not None else 0


def breaks(text: str, room: int) -> Sequence[int]:
    """Return the cells of a text at which its rows start, in a view with this room, in cells."""
    room = max(room, 2 * len(GOES_ON))
    rest = room - len(GOES_ON)
    if text.isascii():
        return [0, *range(room, len(text), rest)]
    found = [0]
    at = 0
    for character in text:
        size = get_character_cell_size(character)
        if at + size > found[-1] + (room if len(found) == 1 else rest):
            found.append(at)
        at += size
    return found
