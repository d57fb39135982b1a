"""Renders time against size: a curve for each call and platform, and sentences about their crossings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from jaxtour.engine.wire.messages import Timing
from jaxtour.render.chart import Chart, ChartBlock, Curve, axis_over, look
from jaxtour.render.text.layout import Line, StyledText, clip_line, in_ascii, table_lines, wrap
from jaxtour.text import grouped, seconds

_EQUAL = 0.05
"""The relative difference below which two times count as equal."""


@dataclass(frozen=True)
class Series:
    """One call on one platform."""

    name: str
    points: tuple[tuple[int, float], ...]
    """Size and seconds, ascending."""
    flagged: frozenset[int] = frozenset()
    """Sizes whose timings have verdicts."""

    def at(self, size: float) -> float | None:
        """Return the seconds at a size, interpolated linearly on logarithmic axes; None outside."""
        for (left, low), (right, high) in pairwise(self.points):
            if left <= size <= right:
                part = math.log(size / left) / math.log(right / left)
                return low * math.exp(part * math.log(high / low))
        return next((value for place, value in self.points if place == size), None)


def series_of(timings: Sequence[Timing]) -> list[Series]:
    """Return the timings that have a size, by call and platform, the baseline first."""
    sized = [timing for timing in timings if timing.size and timing.error is None and timing.median_s > 0]
    platforms = {timing.platform for timing in sized} - {"host"}
    found: dict[tuple[int, str], list[Timing]] = {}
    for timing in sorted(sized, key=lambda each: not each.baseline):
        found.setdefault((timing.index, timing.platform), []).append(timing)
    named = []
    for group in found.values():
        label = group[0].label or str(group[0].call)
        on = group[0].platform
        name = f"{label} on {on.upper()}" if len(platforms) > 1 and on != "host" else label
        points = {timing.size: timing.median_s for timing in group if timing.size is not None}
        flagged = frozenset(timing.size for timing in group if timing.verdicts and timing.size is not None)
        named.append(Series(name, tuple(sorted(points.items())), flagged))
    return named


def size_blocks(timings: Sequence[Timing], width: int, ascii: bool = False) -> list[ChartBlock]:
    """Return sentences about the crossings, the curves, and their numbers; empty if nothing was timed by size."""
    every = series_of(timings)
    if not every:
        return []
    points = [point for series in every for point in series.points]
    curves = []
    for number, series in enumerate(every):
        glyph, style = look(number)
        curves.append(Curve(series.name, tuple((float(size), value) for size, value in series.points), style, glyph))
    x = axis_over([float(size) for size, _ in points], _short)
    y = axis_over([value for _, value in points], lambda tick: seconds(tick, 1))
    words: list[Line] = []
    for other in every[1:]:
        words += wrap([(crossing(every[0], other), "strong")], width)
    table = [(), *(clip_line(line, width) for line in _table(every, width))]
    return [in_ascii(words, ascii), Chart(x, y, tuple(curves), "time of a call over n"), in_ascii(table, ascii)]


def crossing(one: Series, other: Series) -> str:
    """Return which is faster at which sizes: `NumPy is faster below about 4 000, JAX above`."""
    sizes = sorted({size for size, _ in one.points} | {size for size, _ in other.points})
    shared = [size for size in sizes if one.at(size) is not None and other.at(size) is not None]
    if not shared:
        return f"{one.name} and {other.name} have no size in common."
    leads = [(size, _lead(one, other, size)) for size in shared]
    clear = [(size, lead) for size, lead in leads if abs(lead) > _EQUAL]
    span = (
        f"from {size_text(shared[0])} to {size_text(shared[-1])}" if len(shared) > 1 else f"at {size_text(shared[0])}"
    )
    if not clear:
        return f"{one.name} and {other.name} are about equal {span}."
    ahead = [one.name if clear[0][1] > 0 else other.name]
    turns: list[float] = []
    for (left, before), (right, after) in pairwise(clear):
        if (before > 0) != (after > 0):
            turns.append(_zero(left, before, right, after))
            ahead.append(one.name if after > 0 else other.name)
    if not turns:
        return f"{ahead[0]} is faster at every size {span}."
    said = [f"{ahead[0]} is faster below about {size_text(turns[0], 1)}"]
    for name, turn in zip(ahead[1:-1], turns[1:], strict=True):
        said.append(f"{name} from there to about {size_text(turn, 1)}")
    return f"{', '.join(said)}, {ahead[-1]} above."


def _lead(one: Series, other: Series, size: float) -> float:
    """Return the logarithm of the ratio of times, positive where `one` is faster."""
    ours, theirs = one.at(size), other.at(size)
    return math.log(theirs / ours) if ours and theirs else 0.0


def _zero(left: float, before: float, right: float, after: float) -> float:
    """Return the size where the lead changes, interpolated between two sizes."""
    part = before / (before - after)
    return left * math.exp(part * math.log(right / left))


def _table(every: Sequence[Series], width: int) -> list[Line]:
    sizes = sorted({size for series in every for size, _ in series.points})
    rows: list[list[Line]] = [[(("n", "muted"),), *(((series.name, "muted"),) for series in every)]]
    for size in sizes:
        values = [dict(series.points).get(size) for series in every]
        best = min((value for value in values if value is not None), default=None)
        cells: list[Line] = []
        for series, value in zip(every, values, strict=True):
            number: StyledText = ("—" if value is None else seconds(value), "strong" if value == best else "")
            flag = (" ⚑" if size in series.flagged else "  ") if series.flagged else ""
            cells.append((number, (flag, "warning")))
        rows.append([((size_text(size), "number"),), *cells])
    return table_lines(rows, [True] * (len(every) + 1), width)


def _short(value: float) -> str:
    """Return `10k`, for an axis."""
    power, unit = next(
        ((power, unit) for power, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if value >= power), (1, "")
    )
    return f"{value / power:g}{unit}"


def size_text(value: float, digits: int | None = None) -> str:
    """Return `4 096`, or the number rounded to `digits` significant digits; a thin space would be invisible."""
    whole = round(value)
    if whole > 0 and digits is not None and digits < len(str(whole)):
        whole = round(whole, digits - len(str(whole)))
    return grouped(whole)
