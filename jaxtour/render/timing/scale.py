"""One scale for all bars of a table, and the bars themselves."""

import math
from collections.abc import Sequence

from jaxtour.render.chart import Axis
from jaxtour.render.timing.seconds import UNITS

_LOG_FROM = 30.0
"""The ratio of the largest to the smallest value above which small bars vanish on a linear scale."""
_TICKS = 3


def tail(scale: Axis) -> int:
    """Return the cells that the last tick's label needs beyond the end of the bars."""
    return len(_tick(scale.ticks[-1]))


def tick_labels(scale: Axis, length: int) -> str:
    """Return the ticks' labels above bars of `length` cells, without those that would overlap."""
    first, *ticks = scale.ticks
    text = _tick(first) if scale.log else "0, linear"
    if not scale.log and len(text) + 2 > round(scale.part(ticks[0]) * length):
        text = "0"
    for tick in ticks:
        at = round(scale.part(tick) * length)
        if at >= len(text) + 2:
            text = text.ljust(at) + _tick(tick)
    return text


def scale_for(values: Sequence[float]) -> Axis | None:
    """Return the scale for positive values, logarithmic if they are far apart; None without values."""
    if not values:
        return None
    smallest, largest = min(values), max(values)
    if largest / smallest > _LOG_FROM:
        # The float 1e-6 is not an exact power of ten.
        first, last = math.floor(math.log10(smallest) + 1e-9), math.ceil(math.log10(largest) - 1e-9)
        return Axis(10.0**first, 10.0**last, _tick)
    step = _step(largest / _TICKS)
    count = max(1, math.ceil(largest / step - 1e-9))
    ticks = tuple(number * step for number in range(count + 1))
    return Axis(0.0, ticks[-1], _tick, log=False, linear_ticks=ticks)


def bar(part: float, length: int) -> str:
    """Return a bar that fills this part of `length` cells, at least half a cell."""
    halves = max(1, min(round(part * length * 2), 2 * length))
    return "━" * (halves // 2) + "╸" * (halves % 2)


def _step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, … that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least * (1 - 1e-9))


def _tick(value: float) -> str:
    if value == 0:
        return "0"
    size, unit = next((entry for entry in UNITS if value >= entry[0] * (1 - 1e-9)), UNITS[-1])
    return f"{value / size:.10g} {unit}"
