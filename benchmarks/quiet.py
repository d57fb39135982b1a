"""Times something while the machine is quiet: a neighbour on the same core can halve its speed for seconds."""

import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.figures import Figure, at_most, told

STEPS = 20_000
"""Additions in the work that shows how fast the machine is: about a millisecond."""
SLOWER = 1.25
"""The machine is busy if that work takes this many times as long as at best."""
PATIENCE = 6
"""The most measurements, as a multiple of those wanted."""


class Times(NamedTuple):
    """The seconds taken while the machine was quiet, and how often it was measured in all."""

    quiet: list[float]
    of: int

    def at_most(self, name: str, value: float, most: float, detail: str) -> Figure:
        """Return a figure from these times, with an upper limit unless the machine was busy most of the time."""
        detail = f"{detail}; {len(self.quiet)} of {self.of} while the machine was quiet"
        return (
            at_most(name, value, most, detail) if len(self.quiet) * PATIENCE >= self.of else told(name, value, detail)
        )


def pace() -> float:
    """Return the seconds that a fixed piece of work takes now."""
    started = time.perf_counter()
    total = 0
    for number in range(STEPS):
        total += number
    return time.perf_counter() - started


def while_quiet(measure: Callable[[int], float], count: int, batch: int) -> Times:
    """Measure in whole batches until `count` times are from a quiet machine, or it was busy for too long.

    `measure` gets the number of the measurement, from 0. A time counts if the work before it and after it was as fast
    as at the best moment.
    """
    taken: list[tuple[float, float]] = []
    before = pace()
    while True:
        for _ in range(batch):
            seconds = measure(len(taken))
            after = pace()
            taken.append((seconds, max(before, after)))
            before = after
        best = min(slowest for _, slowest in taken)
        quiet = [seconds for seconds, slowest in taken if slowest <= SLOWER * best]
        if len(quiet) >= count or len(taken) >= PATIENCE * count:
            return Times(quiet, len(taken))
