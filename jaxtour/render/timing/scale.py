"""One scale for all bars of a table, and the bars themselves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LOG_FROM = 30.0
"""The ratio of the largest to the smallest value above which small bars vanish on a linear scale."""
_TICKS = 3
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


@dataclass(frozen=True)
class Scale:
    """A scale from `low` to `high` seconds; linear scales begin at 0."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool

    @property
    def tail(self) -> int:
        """The cells that the last tick's label needs beyond the end of the bars."""
        return len(_tick(self.ticks[-1]))

    def part(self, value: float) -> float:
        """Return a value's place: 0 at the left end, 1 at the right."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return value / self.high

    def axis(self, length: int) -> str:
        """Return the ticks' labels above bars of `length` cells, without those that would overlap."""
        text = _tick(self.ticks[0]) if self.log else "0, linear"
        if not self.log and len(text) + 2 > round(self.part(self.ticks[1]) * length):
            text = "0"
        for tick in self.ticks[1:]:
            at = round(self.part(tick) * length)
            if at >= len(text) + 2:
                text = text.ljust(at) + _tick(tick)
        return text


def scale_for(values: Sequence[float]) -> Scale | None:
    """Return the scale for positive values, logarithmic if they are far apart; None without values."""
    if not values:
        return None
    smallest, largest = min(values), max(values)
    if largest / smallest > _LOG_FROM:
        # The float 1e-6 is not an exact power of ten.
        first, last = math.floor(math.log10(smallest) + 1e-9), math.ceil(math.log10(largest) - 1e-9)
        ticks = tuple(10.0**power for power in range(first, last + 1))
        return Scale(ticks[0], ticks[-1], ticks, log=True)
    step = _step(largest / _TICKS)
    count = max(1, math.ceil(largest / step - 1e-9))
    ticks = tuple(number * step for number in range(count + 1))
    return Scale(0.0, ticks[-1], ticks, log=False)


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
    size, unit = next((entry for entry in _UNITS if value >= entry[0] * (1 - 1e-9)), _UNITS[-1])
    return f"{value / size:.10g} {unit}"
