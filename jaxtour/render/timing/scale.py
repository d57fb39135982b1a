"""One scale for all bars of a table, and the bars."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LOG_FROM = 30.0
"""The largest over the smallest, above which the small would vanish on a linear scale."""
_TICKS = 3
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


@dataclass(frozen=True)
class Scale:
    """From `low` to `high` seconds; linear scales begin at 0."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool

    @property
    def tail(self) -> int:
        """Cells that the last tick's label needs behind the end of the bars."""
        return len(_tick(self.ticks[-1]))

    def part(self, value: float) -> float:
        """Where a value lies: 0 at the left end, 1 at the right one."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return value / self.high

    def axis(self, length: int) -> str:
        """The ticks' labels over bars of `length` cells, as many as stand apart."""
        text = _tick(self.ticks[0]) if self.log else "0, linear"
        if not self.log and len(text) + 2 > round(self.part(self.ticks[1]) * length):
            text = "0"
        for tick in self.ticks[1:]:
            at = round(self.part(tick) * length)
            if at >= len(text) + 2:
                text = text.ljust(at) + _tick(tick)
        return text


def scale_for(values: Sequence[float]) -> Scale | None:
    """The scale for positive values: logarithmic by decades where they are far apart; None without any."""
    if not values:
        return None
    smallest, largest = min(values), max(values)
    if largest / smallest > _LOG_FROM:
        # 1e-6 is not a power of ten to the last bit.
        first, last = math.floor(math.log10(smallest) + 1e-9), math.ceil(math.log10(largest) - 1e-9)
        ticks = tuple(10.0**power for power in range(first, last + 1))
        return Scale(ticks[0], ticks[-1], ticks, log=True)
    step = _step(largest / _TICKS)
    count = max(1, math.ceil(largest / step - 1e-9))
    ticks = tuple(number * step for number in range(count + 1))
    return Scale(0.0, ticks[-1], ticks, log=False)


def bar(part: float, length: int) -> str:
    """A bar of that part of `length` cells, at least half a cell."""
    halves = max(1, min(round(part * length * 2), 2 * length))
    return "━" * (halves // 2) + "╸" * (halves % 2)


def _step(least: float) -> float:
    """The next of 1, 2, 5, 10, 20, … that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least * (1 - 1e-9))


def _tick(value: float) -> str:
    if value == 0:
        return "0"
    size, unit = next((entry for entry in _UNITS if value >= entry[0] * (1 - 1e-9)), _UNITS[-1])
    return f"{value / size:.10g} {unit}"
