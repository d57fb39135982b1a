"""Keeps the rows of a view on the screen, each painted once until it looks different."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from textual.geometry import Region, Size, Spacing
from textual.strip import Strip
from textual.widget import Widget

RowsIn: TypeAlias = Callable[[Region], list[Strip]]


class Row(Strip):
    """A strip that does not cache itself, and so needs no garbage collection, which takes up to 10 ms."""

    __slots__ = ()

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """Return the strips between these cells."""
        cuts = list(cuts)
        return [self] if cuts == [self.cell_length] else super().divide(cuts)


class Border:
    """Puts the rows of a view into its border.

    Textual takes as long to put a row into a border as to paint it, and goes through all rows of each widget that is
    near a change.
    """

    def __init__(self, view: Widget, textual: RowsIn, row: Callable[[int], Strip]) -> None:
        self._view = view
        self._textual = textual
        """The rows as Textual frames them."""
        self._row = row
        """The row at a place in the view, without the border."""
        self._size = Size(0, 0)
        self._outside: dict[int, Strip] = {}
        """The rows above and below the view."""
        self._inside: dict[int, Strip] = {}
        self._beside: tuple[Strip, Strip] | None = None
        """What is left and right of each row."""
        self._last: tuple[Strip, Strip] | None = None
        """The row framed last, without and with the border: blank rows follow one another."""

    def forget(self) -> None:
        """Forget everything: the theme changed, or anything else."""
        self._outside.clear()
        self._inside.clear()
        self._beside = self._last = None

    def changed(self, regions: Iterable[Region]) -> None:
        """Forget the rows in some regions of the view; rows above and below are its border."""
        height = self._view.size.height
        for region in regions:
            for y in region.line_range:
                self._inside.pop(y, None)
            if region.y < 0 or region.bottom > height:
                self._outside.clear()

    def rows(self, crop: Region) -> list[Strip]:
        """Return the rows of a region, which includes the border."""
        view = self._view
        size, gutter = view.outer_size, view.styles.gutter
        if size != self._size:
            if size.width != self._size.width:
                self.forget()
            self._outside.clear()
            self._size = size
        strips = []
        for y in crop.line_range:
            row = y - gutter.top
            if 0 <= row < size.height - gutter.height:
                strip = self._inside.get(row) or self._framed(row, gutter)
            else:
                strip = self._outside.get(y) or self._outside.setdefault(y, self._as_textual(y))
            strips.append(strip.crop(crop.x, crop.right))
        return strips

    def _as_textual(self, y: int) -> Strip:
        [strip] = self._textual(Region(0, y, self._size.width, 1))
        return Row(strip, strip.cell_length)

    def _framed(self, row: int, gutter: Spacing) -> Strip:
        if self._beside is None:
            whole, width = self._as_textual(row + gutter.top), self._size.width
            self._beside = whole.crop(0, gutter.left), whole.crop(width - gutter.right, width)
        bare = self._row(row)
        if self._last is None or self._last[0] is not bare:
            left, right = self._beside
            strip = bare.adjust_cell_length(self._size.width - gutter.width)
            self._last = bare, Row([*left, *strip, *right], self._size.width)
        self._inside[row] = self._last[1]
        return self._last[1]
