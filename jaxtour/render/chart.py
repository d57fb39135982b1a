"""Describes the data of a chart; where a plot does not fit, sentences and tables say the same."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from jaxtour.render.text.layout import Line, Style, StyledText, wrap

NARROWEST = 30
"""The narrowest chart, in columns; a narrower one would show nothing."""
_STYLES: Sequence[Style] = ("bar-baseline", "success", "bar", "type", "number", "keyword", "string", "name")
_GLYPHS = "●▲■◆○△□◇"


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`; both are positive if it is logarithmic."""

    low: float
    high: float
    label: Callable[[float], str] = field(compare=False)
    """Returns a tick's label."""
    log: bool = True
    linear_ticks: tuple[float, ...] = ()

    @property
    def ticks(self) -> tuple[float, ...]:
        """The powers of ten on the axis; if there are fewer than two, 1, 2 and 5 in each decade."""
        if not self.log:
            return self.linear_ticks
        for digits in ((1,), (1, 2, 5)):
            found = tuple(tick for tick in _decades(self.low, self.high, digits) if self.low <= tick <= self.high)
            if len(found) > 1:
                break
        return found

    def place(self, value: float) -> float:
        """Return a value's place in the units of a linear picture."""
        return math.log10(value) if self.log else value

    def part(self, value: float) -> float:
        """Return how far along the axis a value is: 0 at the low end, 1 at the high one."""
        low, high = self.place(self.low), self.place(self.high)
        return (self.place(value) - low) / (high - low)

    def value(self, place: float) -> float:
        """Return the value at a place."""
        return float(10.0**place) if self.log else place


@dataclass(frozen=True)
class Curve:
    """Points of one series."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: Style
    glyph: str = ""
    """The mark at each point; none if empty."""


@dataclass(frozen=True)
class Chart:
    """Curves over two axes."""

    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    over: str
    """The caption, `y over x`."""


ChartBlock: TypeAlias = list[Line] | Chart


def without_charts(blocks: Iterable[ChartBlock]) -> list[Line]:
    """Return only the lines, for output without pictures."""
    return [line for block in blocks if not isinstance(block, Chart) for line in block]


def axis_over(values: Iterable[float], label: Callable[[float], str], margin: float = 1.25) -> Axis:
    """Return a logarithmic axis for all values, with a margin at both ends, of at least one decade."""
    every = list(values)
    low, high = min(every) / margin, max(every) * margin
    if high / low < 10:
        middle = math.sqrt(low * high)
        low, high = middle / math.sqrt(10), middle * math.sqrt(10)
    return Axis(low, high, label)


def look(number: int) -> tuple[str, Style]:
    """Return glyph and style of the curve with that number."""
    return _GLYPHS[number % len(_GLYPHS)], _STYLES[number % len(_STYLES)]


def legend_lines(chart: Chart, width: int) -> list[Line]:
    """Return the curves' names with their glyphs, and the caption."""
    spans: list[StyledText] = []
    for curve in chart.curves:
        if curve.name:
            spans.append((f"{'   ' if spans else ''}{curve.glyph} ", curve.style))
            spans.append((curve.name, ""))
    return wrap([*spans, (f"{'   ' if spans else ''}{chart.over}", "muted")], width)


def _decades(low: float, high: float, digits: Sequence[int]) -> Iterable[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return (digit * 10.0**power for power in range(first, last + 1) for digit in digits)
