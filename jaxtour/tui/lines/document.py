"""What a view of lines shows: lines made on demand, what stands beside them, and the facts in its border."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, overload

import msgspec
from rich.cells import cell_len

from jaxtour.render.text.spans import Line, plain
from jaxtour.tui.styling import HighlightStyle, Mark

if TYPE_CHECKING:
    from jaxtour.render.chart import Block, Chart

Columns: TypeAlias = tuple[int, int]
"""Characters of a line's text, from 0, the end exclusive."""


class LazyLines(Sequence[Line]):
    """Lines whose colours are worked out when they are looked at."""

    def __init__(self, texts: Sequence[str], highlight: Callable[[str], Line]) -> None:
        self.texts = texts
        self.highlight = highlight

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return LazyLines(self.texts[index], self.highlight)
        return self.highlight(self.texts[index])

    @cached_property
    def width(self) -> int:
        """Cells of the widest line, without making any."""
        return max(map(cells, self.texts), default=0)


class MadeLines(Sequence[Line]):
    """Lines that exist only while they are looked at: the gutter of a text of 100 000 lines costs nothing."""

    def __init__(self, count: int, width: int, make: Callable[[int], Line]) -> None:
        self._count = count
        self._make = make
        self.width = width
        """Cells of the widest line."""

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return [self._make(each) for each in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._make(index)


class Highlight(msgspec.Struct, frozen=True):
    """How a line stands out because it belongs to what the cursor of another pane is on."""

    style: HighlightStyle = "link"
    ranges: tuple[Columns, ...] | None = None
    """The characters that belong to it; None for the whole line."""


Highlights: TypeAlias = Callable[[int], Highlight | None]
"""The highlight of a line, by its number; called for lines in view only."""


class Highlighted(NamedTuple):
    """The lines of a view that stand out."""

    highlights: Highlights | None = None
    matches: Sequence[int] = ()
    """The lines that a walk goes through, ascending: of an equation that takes several lines, the first."""

    def of(self, line: int) -> Highlight | None:
        """The highlight of a line."""
        return self.highlights(line) if self.highlights else None


NOTHING = Highlighted()


def in_rows(highlights: Mapping[int, Highlight]) -> Highlighted:
    """A few lines, each with its highlight."""
    return Highlighted(highlights.get, sorted(line for line, each in highlights.items() if each.style == "link"))


class Piece(msgspec.Struct, frozen=True):
    """Characters that stand for devices: a device itself, or what they hold."""

    line: int
    columns: Columns
    devices: frozenset[str]
    """`cpu:0`"""


class Picture(msgspec.Struct, frozen=True):
    """A chart in the place of some lines, which are empty."""

    line: int
    """The first of them."""
    rows: int
    chart: "Chart"


class Document(msgspec.Struct, frozen=True):
    """Everything that a pane shows at one moment."""

    lines: Sequence[Line] = ()
    gutter: Sequence[Line] = ()
    """What stands left of each line and stays when it is scrolled sideways; empty, or as long as `lines`.

    Its last cell holds a highlight's sign where it is blank.
    """
    marks: Mapping[int, Mark] = {}
    title: Line = ()
    subtitle: Line = ()
    anchor: int | None = None
    """The line to bring into view when the document is first shown."""
    follow: bool = False
    """Whether the end is to stay in view while the document grows."""
    cursor: bool = False
    """Whether one of the lines has the cursor."""
    selectable: Callable[[int], Sequence[Columns]] | None = None
    """The pieces of a line that left and right select, in that order; called for lines near the cursor only."""
    folds: Sequence[Columns] = ()
    """First and last line of each block that can be folded behind its first line."""
    pieces: Sequence[Piece] = ()
    """What in the lines is linked with devices, in the order of the lines; these are what is `selectable`."""
    pictures: tuple[Picture, ...] = ()
    main_last: bool = False
    """Whether the last of these that is inside no other is what the text is about: it stays when all are folded."""

    @property
    def width(self) -> int:
        """Cells of the widest line."""
        return _width(self.lines)

    def selectable_in(self, line: int) -> Sequence[Columns]:
        """The pieces of a line that can be selected."""
        return self.selectable(line) if self.selectable and 0 <= line < len(self.lines) else ()

    def pieces_at(self, line: int, columns: Columns | None = None) -> list[Piece]:
        """The pieces in a line, or the one that takes these columns of it."""
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
        """The text of one line, as it is before the terminal's lack of UTF-8 changes it."""
        return self.lines.texts[index] if isinstance(self.lines, LazyLines) else plain(self.lines[index])

    def cells_of(self, line: int, columns: Columns) -> Columns:
        """The cells that characters of a line take."""
        text = self.text_of(line)
        return cells(text[: columns[0]]), cells(text[: columns[1]])

    def raw(self, index: int) -> object:
        """What decides how one line looks, in a form that is cheap to make and to compare."""
        lines = self.lines
        return (lines.texts[index], lines.highlight) if isinstance(lines, LazyLines) else lines[index]

    @property
    def text(self) -> str:
        """What it says, without the gutter, and without the room of its pictures."""
        drawn = {picture.line + row for picture in self.pictures for row in range(picture.rows)}
        return "".join(text.rstrip() + "\n" for line, text in enumerate(self.texts) if line not in drawn)


EMPTY = Document()


def illustrated(
    blocks: "Iterable[Block]", width: int, rows: int, *, ascii_only: bool = False
) -> tuple[list[Line], tuple[Picture, ...]]:
    """Blocks as lines, with so many rows for each chart and its legend below; without charts where none can be."""
    # Before the first measurement there is no chart.
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
    """How many cells a text takes; where it is ASCII, without looking at its characters."""
    return len(text) if text.isascii() else cell_len(text)


def _width(lines: Sequence[Line]) -> int:
    if isinstance(lines, LazyLines | MadeLines):
        return lines.width
    return max((cells(plain(line)) for line in lines), default=0)
