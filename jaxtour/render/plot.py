"""Lines and marks over two logarithmic axes, drawn with braille dots.

Plotting libraries were passed over: plotext keeps one figure in a global and hands out ANSI colours of its own, which
would have to be read back into styles, and has no marks for a terminal without UTF-8.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jaxtour.render.layout import clip_line, joined, pad, width_of
from jaxtour.render.spans import Line, Span, Style

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE = 0x2800
_WIDE, _HIGH = 2, 4
"""Dots in a cell."""
SMALLEST = (24, 4)
"""Columns and rows below which there is nothing to see."""

Label = Callable[[float], str]


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, both positive, logarithmic."""

    low: float
    high: float
    label: Label
    name: str = ""

    def part(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one."""
        return math.log(value / self.low) / math.log(self.high / self.low)

    def decades(self) -> list[float]:
        """The powers of ten on it."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        return [10.0**power for power in range(first, last + 1)]


def axis_over(values: Iterable[float], label: Label, name: str = "", margin: float = 1.25) -> Axis:
    """An axis that holds all values, with room at both ends, and a decade at least."""
    every = list(values)
    low, high = min(every) / margin, max(every) * margin
    if high / low < 10:
        middle = math.sqrt(low * high)
        low, high = middle / math.sqrt(10), middle * math.sqrt(10)
    return Axis(low, high, label, name)


class Plot:
    """A picture of so many columns and rows, its labels included."""

    def __init__(self, x: Axis, y: Axis, width: int, height: int, *, ascii: bool = False) -> None:  # noqa: A002
        self._x, self._y, self._ascii = x, y, ascii
        self._ticks = {self._row_of(tick, height - 2): y.label(tick) for tick in reversed(y.decades())}
        self._left = max([*(width_of(label) for label in self._ticks.values()), 1])
        self._columns, self._rows = max(1, width - self._left - 1), max(1, height - 2)
        self._cells: dict[tuple[int, int], tuple[int, Style]] = {}
        self._marks: dict[tuple[int, int], Span] = {}

    def line(self, points: Sequence[tuple[float, float]], style: Style) -> None:
        """Straight lines from one point to the next."""
        for (x0, y0), (x1, y1) in pairwise(points):
            (left, top), (right, bottom) = self._dot(x0, y0), self._dot(x1, y1)
            steps = max(abs(right - left), abs(bottom - top), 1)
            for step in range(steps + 1):
                column = round(left + (right - left) * step / steps)
                row = round(top + (bottom - top) * step / steps)
                self._set(column, row, style)

    def mark(self, x: float, y: float, glyph: str, style: Style) -> None:
        """A glyph of one cell; where there is one already, beside it."""
        column, row = self._dot(x, y)
        place = (min(row // _HIGH, self._rows - 1), min(column // _WIDE, self._columns - 1))
        while place in self._marks and place[1] + 1 < self._columns:
            place = (place[0], place[1] + 1)
        self._marks[place] = (glyph, style)

    def lines(self) -> list[Line]:
        """The picture, its axes and their labels."""
        found: list[Line] = []
        for row in range(self._rows):
            spans: list[Span] = [(pad(self._ticks.get(row, ""), self._left, right=True), "muted"), ("│", "faint")]
            spans += [self._cell(row, column) for column in range(self._columns)]
            found.append(joined(spans))
        found.append((("".ljust(self._left) + "└" + "─" * self._columns, "faint"),))
        found.append(((" " * (self._left + 1) + self._x_labels(), "muted"),))
        return [clip_line(line, self._left + 1 + self._columns) for line in found]

    def _row_of(self, value: float, rows: int) -> int:
        return round((1 - self._y.part(value)) * (max(rows, 1) - 1))

    def _dot(self, x: float, y: float) -> tuple[int, int]:
        column = round(self._x.part(x) * (self._columns * _WIDE - 1))
        row = round((1 - self._y.part(y)) * (self._rows * _HIGH - 1))
        return column, row

    def _set(self, column: int, row: int, style: Style) -> None:
        if 0 <= column < self._columns * _WIDE and 0 <= row < self._rows * _HIGH:
            place = (row // _HIGH, column // _WIDE)
            bits, _ = self._cells.get(place, (0, style))
            self._cells[place] = (bits | _DOTS[row % _HIGH][column % _WIDE], style)

    def _cell(self, row: int, column: int) -> Span:
        if (row, column) in self._marks:
            return self._marks[row, column]
        if (row, column) not in self._cells:
            return (" ", "")
        bits, style = self._cells[row, column]
        return ("." if self._ascii else chr(_BRAILLE + bits), style)

    def _x_labels(self) -> str:
        text = ""
        for tick in self._x.decades():
            label = self._x.label(tick)
            at = max(0, round(self._x.part(tick) * (self._columns - 1)) - len(label) // 2)
            if at >= len(text) + bool(text) * 2 and at + len(label) <= self._columns:
                text = text.ljust(at) + label
        name = f"  {self._x.name}"
        return text + name if self._x.name and len(text) + len(name) <= self._columns else text
