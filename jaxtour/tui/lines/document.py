"""Describes the document of a view: its lines, made on demand, its gutter, and the words in its border."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, overload

import msgspec
from rich.cells import cell_len

from jaxtour.render.text.layout import Line, plain
from jaxtour.tui.styling import HighlightStyle, Mark

if TYPE_CHECKING:
    from jaxtour.engine.wire.messages import Figure
    from jaxtour.render.chart import Chart, ChartBlock

Columns: TypeAlias = tuple[int, int]
"""Characters of a line's text, from 0, the end exclusive."""


class MadeLines(Sequence[Line]):
    """Lines made when they are drawn: the gutter of a text of 100 000 lines costs nothing."""

    def __init__(self, count: int, width: int, make: Callable[[int], Line]) -> None:
        self._numbers = range(count)
        # Every key that moves the cursor compares all rows in view.
        self._make = lru_cache(maxsize=256)(make)
        self.width = width
        """Cells of the widest line."""

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return [self._make(each) for each in self._numbers[index]]
        return self._make(self._numbers[index])


class LazyLines(MadeLines):
    """Lines of text, coloured when they are drawn."""

    def __init__(self, texts: Sequence[str], highlight: Callable[[str], Line]) -> None:
        super().__init__(len(texts), max(map(cells, texts), default=0), lambda line: highlight(texts[line]))
        self.texts = texts
        self.highlight = highlight


class Highlight(msgspec.Struct, frozen=True):
    """The marked columns of a line that belongs to the cursor's line in another pane."""

    style: HighlightStyle = "link"
    ranges: tuple[Columns, ...] | None = None
    """The characters to mark; None for the whole line."""


Highlights: TypeAlias = Callable[[int], Highlight | None]
"""The highlight of a line, by its number; only called for lines in view."""


class Highlighted(NamedTuple):
    """The highlighted lines of a view."""

    highlights: Highlights | None = None
    matches: Sequence[int] = ()
    """The lines that a walk visits, ascending: the first line of each equation."""

    def of(self, line: int) -> Highlight | None:
        """Return the highlight of a line."""
        return self.highlights(line) if self.highlights else None

    def next_match(self, line: int, by: int) -> int | None:
        """Return the match after a line, or before it, wrapping around; None without matches."""
        matches = self.matches
        if not matches:
            return None
        place = bisect_right(matches, line) - 1 + by if by > 0 else bisect_left(matches, line) + by
        return matches[place % len(matches)]


NOTHING = Highlighted()


def in_rows(highlights: Mapping[int, Highlight]) -> Highlighted:
    """Highlight a few lines."""
    return Highlighted(highlights.get, sorted(line for line, each in highlights.items() if each.style == "link"))


class DevicePiece(msgspec.Struct, frozen=True):
    """Characters that represent devices, or the part of a value that they hold."""

    line: int
    columns: Columns
    devices: frozenset[str]
    """`cpu:0`"""


class Picture(msgspec.Struct, frozen=True):
    """A chart or a figure in place of some empty lines."""

    line: int
    """The first of them."""
    rows: int
    content: "Chart | Figure"


class Document(msgspec.Struct, frozen=True):
    """Everything that a view shows at one moment."""

    lines: Sequence[Line] = ()
    gutter: Sequence[Line] = ()
    """What is left of each line and does not scroll sideways; empty, or as long as `lines`.

    A highlight's sign replaces its last cell if that is blank.
    """
    marks: Mapping[int, Mark] = {}
    title: Line = ()
    subtitle: Line = ()
    anchor: int | None = None
    """The line to bring into view when the document is first shown."""
    asked: int = 0
    """The number of lines down to the last choice of a question that waits for an answer; 0 without one."""
    follow: bool = False
    """Whether the end stays in view while the document grows."""
    cursor: bool = False
    steered: bool = False
    """Whether the cursor goes from piece to piece, as the pane's own cursor does, and not from line to line."""
    selectable: Callable[[int], Sequence[Columns]] | None = None
    """The pieces of a line that left and right select, in order; only called for lines near the cursor."""
    folds: Sequence[Columns] = ()
    """First and last line of each foldable block."""
    closed: Sequence[int] = ()
    """First lines of the blocks that are folded when the document is first shown."""
    pieces: Sequence[DevicePiece] = ()
    """The pieces that are linked with devices, in the order of the lines; these are `selectable`."""
    pictures: tuple[Picture, ...] = ()
    proof: re.Pattern[str] | None = None
    """What is marked in each line, unless the cursor marks something else there."""
    main_last: bool = False
    """Whether the last outermost block is the main one, which stays open when all are folded."""

    @property
    def width(self) -> int:
        """Cells of the widest line."""
        return _width(self.lines)

    def selectable_in(self, line: int) -> Sequence[Columns]:
        """Return the selectable pieces of a line."""
        return self.selectable(line) if self.selectable and 0 <= line < len(self.lines) else ()

    def pieces_at(self, line: int, columns: Columns | None = None) -> list[DevicePiece]:
        """Return the pieces in a line, or the one at these columns."""
        return [piece for piece in self.pieces if piece.line == line and columns in (None, piece.columns)]

    @property
    def gutter_width(self) -> int:
        """Cells of the gutter."""
        return _width(self.gutter)

    @property
    def texts(self) -> Sequence[str]:
        """Each line's text, without the gutter."""
        return self.lines.texts if isinstance(self.lines, LazyLines) else [plain(line) for line in self.lines]

    def text_of(self, index: int) -> str:
        """Return the text of one line, before it is changed for a terminal without UTF-8."""
        return self.lines.texts[index] if isinstance(self.lines, LazyLines) else plain(self.lines[index])

    def cells_of(self, line: int, columns: Columns) -> Columns:
        """Return the cells that characters of a line take."""
        text = self.text_of(line)
        return cells(text[: columns[0]]), cells(text[: columns[1]])

    def raw(self, index: int) -> object:
        """Return the looks of one line, in a form that is cheap to make and to compare."""
        lines = self.lines
        return (lines.texts[index], lines.highlight) if isinstance(lines, LazyLines) else lines[index]

    @property
    def proved(self) -> Columns | None:
        """The first and the last marked line."""
        found = [line for line, text in enumerate(self.texts) if self.proof.search(text)] if self.proof else []
        return (found[0], found[-1]) if found else None

    @property
    def text(self) -> str:
        """The text, without the gutter and the space for pictures."""
        drawn = {picture.line + row for picture in self.pictures for row in range(picture.rows)}
        return "".join(text.rstrip() + "\n" for line, text in enumerate(self.texts) if line not in drawn)


EMPTY = Document()


def illustrated(
    blocks: "Iterable[ChartBlock]", width: int, rows: int, *, ascii_only: bool = False
) -> tuple[list[Line], tuple[Picture, ...]]:
    """Return blocks as lines, with `rows` rows for each chart and its legend below.

    There are no charts in ASCII or a narrow view.
    """
    # Not needed before the first measurement.
    from jaxtour.render.chart import NARROWEST, Chart, legend_lines

    lines: list[Line] = []
    pictures = []
    for block in blocks:
        if not isinstance(block, Chart):
            lines += block
        elif width >= NARROWEST and not ascii_only:
            pictures.append(Picture(len(lines), rows, block))
            lines += [()] * rows
            lines += legend_lines(block, width)
    return lines, tuple(pictures)


def cells(text: str) -> int:
    """Return the number of cells that a text takes; quick for ASCII."""
    return len(text) if text.isascii() else cell_len(text)


def _width(lines: Sequence[Line]) -> int:
    return lines.width if isinstance(lines, MadeLines) else max((cells(plain(line)) for line in lines), default=0)
