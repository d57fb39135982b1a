"""What a chart shows, as numbers: where there is no place for a picture, words and tables say the same."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from jaxtour.render.text.clean import clean
from jaxtour.render.text.layout import wrap
from jaxtour.render.text.spans import Line, Span, Style

NARROWEST = 30
"""Columns below which there is nothing to see."""
_STYLES: Sequence[Style] = ("bar-baseline", "success", "bar", "type", "number", "keyword", "string", "name")
_GLYPHS = "●▲■◆○△□◇"


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`; both positive where it is logarithmic."""

    low: float
    high: float
    label: Callable[[float], str] = field(compare=False)
    """A tick in words."""
    log: bool = True
    linear_ticks: tuple[float, ...] = ()
    """Where it has ticks, if it is not logarithmic."""

    @property
    def ticks(self) -> tuple[float, ...]:
        """The powers of ten on it; where there are not two of them, 1, 2 and 5 of each decade."""
        if not self.log:
            return self.linear_ticks
        for digits in ((1,), (1, 2, 5)):
            found = tuple(tick for tick in _decades(self.low, self.high, digits) if self.low <= tick <= self.high)
            if len(found) > 1:
                break
        return found

    def place(self, value: float) -> float:
        """Where a value lies, in the units that a picture without logarithms is drawn in."""
        return math.log10(value) if self.log else value

    def value(self, place: float) -> float:
        """The value that lies there."""
        return float(10.0**place) if self.log else place


@dataclass(frozen=True)
class Curve:
    """Points that belong together."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: Style
    glyph: str = ""
    """Stands at each point, where there is one."""
    joined: bool = True
    """Whether lines go from point to point."""


@dataclass(frozen=True)
class Chart:
    """Curves over two axes."""

    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    over: str
    """What is shown over what."""


Block: TypeAlias = list[Line] | Chart


def without_charts(blocks: Iterable[Block]) -> list[Line]:
    """The lines alone, for where no picture can be."""
    return [line for block in blocks if not isinstance(block, Chart) for line in block]


def axis_over(values: Iterable[float], label: Callable[[float], str], margin: float = 1.25) -> Axis:
    """A logarithmic axis that holds all values, with room at both ends, and a decade at least."""
    every = list(values)
    low, high = min(every) / margin, max(every) * margin
    if high / low < 10:
        middle = math.sqrt(low * high)
        low, high = middle / math.sqrt(10), middle * math.sqrt(10)
    return Axis(low, high, label)


def look(number: int) -> tuple[str, Style]:
    """The glyph and the style of the curve of that number."""
    return _GLYPHS[number % len(_GLYPHS)], _STYLES[number % len(_STYLES)]


def legend_lines(chart: Chart, width: int) -> list[Line]:
    """Which curve is which, and what is shown over what."""
    spans: list[Span] = []
    for curve in chart.curves:
        if curve.name:
            spans.append((f"{'   ' if spans else ''}{curve.glyph} ", curve.style))
            spans.append((clean(curve.name, keep_newlines=False), ""))
    return wrap([*spans, (f"{'   ' if spans else ''}{chart.over}", "muted")], width)


def _decades(low: float, high: float, digits: Sequence[int]) -> Iterable[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return (digit * 10.0**power for power in range(first, last + 1) for digit in digits)
