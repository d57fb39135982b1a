"""The clock: loops written out as `timeit` writes them, and runs until their median is known closely enough."""

import bisect
import gc
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jax

from .placing import Subject, holds_arrays

SAMPLES = 15
FEW_SAMPLES = 3
DISPATCH_EVERY = 8
"""Of fast calls, whose dispatch needs a loop of its own, there is one sample of it for so many others."""
MOST_SAMPLES = 20_000
SLOW_S = 0.2
LONG_S = 2.0
"""A call that takes so long is made once after the first one, which has warmed it up."""
ENOUGH_S = 0.2
"""No measurement is shorter, however steady: what disturbs a machine comes and goes."""
BUDGET_S = 1.0
"""No measurement is longer, unless somebody has more patience, or the least number of runs takes it."""
NARROW = 0.01
"""Half the width of the median's interval, relative to it, at which it is known closely enough."""
SAMPLE_S = 2e-4
"""A sample of fast calls lasts so long, that the clock's own cost does not count."""
BATCH_S = 5e-3
"""So long one sample follows the other with nothing between: threads fall asleep and caches cool meanwhile, and a call
of 100 µs that comes after a pause takes a tenth longer."""
PAIRED_S = 2e-5
"""Of slower calls one loop tells dispatch and complete: reading the clock twice more is nothing beside them."""
WARM_S = 0.02
GARBAGE = 20_000
"""So many objects that may be garbage are looked through between two samples: a budget full of them takes memory."""
QUANTILES = 32
_Z = 1.96
_PROGRESS_S = 0.1

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many samples there are, and how many there will be about."""


@dataclass(frozen=True)
class Loops:
    """Two ways to time n calls."""

    complete: Callable[[int], float]
    """Seconds, as `timeit` counts them."""
    paired: Callable[[int], tuple[float, float]]
    """Seconds until Python had control again, and until the results were there, summed."""


def wait_for(result: Any) -> str:
    """How to wait for such a result, at the least cost: `jax.block_until_ready` walks a tree, which takes 4 µs."""
    if isinstance(result, jax.Array):
        return "({}).block_until_ready()"
    return "_jaxtour_wait({})" if holds_arrays(result) else "{}"


def loops_of(subject: Subject, wait: str, *, anew: bool = False) -> Loops:
    """The loops over an expression whose result is waited for like this.

    Where the call gives its inputs away, it gets them `anew` each time, before the clock starts.
    """
    fresh = "        _jaxtour_fresh()\n" if anew else ""
    complete = (
        "    _jaxtour_start = _jaxtour_clock()\n"
        "    for _ in _jaxtour_repeat(None, _jaxtour_n):\n"
        f"        {wait.format(subject.expression)}\n"
        "    return _jaxtour_clock() - _jaxtour_start\n"
    )
    if anew:
        complete = "    return _jaxtour_pair(_jaxtour_n)[1]\n"
    source = (
        "def _jaxtour_loop(_jaxtour_n, _jaxtour_clock=_jaxtour_clock, _jaxtour_wait=_jaxtour_wait):\n"
        f"{complete}"
        "def _jaxtour_pair(_jaxtour_n, _jaxtour_clock=_jaxtour_clock, _jaxtour_wait=_jaxtour_wait):\n"
        "    _jaxtour_control = _jaxtour_there = 0.0\n"
        "    for _ in _jaxtour_repeat(None, _jaxtour_n):\n"
        f"{fresh}"
        "        _jaxtour_start = _jaxtour_clock()\n"
        f"        _jaxtour_result = {subject.expression}\n"
        "        _jaxtour_middle = _jaxtour_clock()\n"
        f"        {wait.format('_jaxtour_result')}\n"
        "        del _jaxtour_result\n"
        "        _jaxtour_there += _jaxtour_clock() - _jaxtour_start\n"
        "        _jaxtour_control += _jaxtour_middle - _jaxtour_start\n"
        "    return _jaxtour_control, _jaxtour_there\n"
    )
    tools = {"repeat": itertools.repeat, "clock": time.perf_counter, "wait": jax.block_until_ready}
    space = subject.namespace | {f"_jaxtour_{name}": tool for name, tool in tools.items()}
    space["_jaxtour_fresh"] = lambda: space.update(subject.copied())
    exec(compile(source, "<jaxtour>", "exec", dont_inherit=True), space)
    return Loops(space["_jaxtour_loop"], space["_jaxtour_pair"])


@dataclass
class Samples:
    """Seconds per call, each the mean of `group` calls, in ascending order."""

    group: int
    complete: list[float] = field(default_factory=list)
    dispatch: list[float] = field(default_factory=list)

    def add(self, complete: float | None = None, dispatch: float | None = None) -> None:
        """One more of either."""
        if complete is not None:
            bisect.insort(self.complete, complete)
        if dispatch is not None:
            bisect.insort(self.dispatch, dispatch)


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection meanwhile, as in `timeit`."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def warmed(loop: Callable[[int], float]) -> tuple[int, float]:
    """Warm up, and find how many calls make a sample long enough; and the seconds that one takes, about."""
    start = time.perf_counter()
    number = 1
    while True:
        taken = loop(number)
        if taken < SAMPLE_S:
            number = max(2 * number, math.ceil(number * 1.2 * SAMPLE_S / max(taken, 1e-9)))
        elif time.perf_counter() - start > WARM_S:
            return number, taken / number


def sampled(
    loops: Loops, group: int, one: float, progress: Progress, *, patience: float = 1.0, dispatch: bool = True
) -> Samples:
    """The samples; `group` calls make one, and `one` call takes about so many seconds."""
    found = Samples(group)
    cost = _clock_cost() if dispatch else 0.0
    start = told = time.perf_counter()
    least = least_samples(one, patience)
    while True:
        missing = least - len(found.complete)
        many = max(1, min(int(BATCH_S / max(one * group, 1e-9)), missing if missing > 0 else SAMPLES))
        if dispatch and one >= PAIRED_S:
            for control, there in [loops.paired(group) for _ in range(many)]:
                found.add(there / group, max(control / group - cost, 0.0))
        else:
            for taken in [loops.complete(group) for _ in range(many)]:
                found.add(taken / group)
            for control, _ in [loops.paired(group) for _ in range(-(-many // DISPATCH_EVERY))] if dispatch else ():
                found.add(dispatch=max(control / group - cost, 0.0))
        if gc.get_count()[0] > GARBAGE:
            gc.collect(0)
        one, done = found.complete[0], len(found.complete)
        now = time.perf_counter()
        least = least_samples(one, patience)
        if done >= MOST_SAMPLES or (done >= least and is_enough(found.complete, now - start, patience)):
            return found
        if now - told >= _PROGRESS_S:
            told = now
            progress(done, max(least, done, round(done * BUDGET_S * patience / (now - start))))


def least_samples(one: float, patience: float = 1.0) -> int:
    """How many samples there are at least, of calls that take so many seconds."""
    if one > LONG_S * max(1.0, patience):
        return 1
    return FEW_SAMPLES if one > SLOW_S else SAMPLES


def is_enough(ascending: Sequence[float], elapsed: float, patience: float) -> bool:
    """Whether the time is up, or the median known closely enough."""
    if elapsed >= BUDGET_S * patience:
        return True
    return elapsed >= ENOUGH_S * min(1.0, patience) and uncertainty(ascending) <= NARROW / max(1.0, patience) ** 0.5


def uncertainty(ascending: Sequence[float]) -> float:
    """Half the width of the 95 % interval of the median, relative to it; by ranks, so that no shape is presumed."""
    number = len(ascending)
    reach = _Z * math.sqrt(number) / 2
    low = ascending[max(0, math.floor(number / 2 - reach))]
    high = ascending[min(number - 1, math.ceil(number / 2 + reach))]
    middle = (ascending[(number - 1) // 2] + ascending[number // 2]) / 2
    return (high - low) / 2 / middle if middle > 0 else 0.0


def spread(ascending: Sequence[float], group: int) -> dict[str, Any] | None:
    """The fields of a `Spread`; None without samples."""
    if not ascending:
        return None
    inner = statistics.quantiles(ascending, n=QUANTILES, method="inclusive") if len(ascending) > 1 else []
    every = [ascending[0], *(inner or [ascending[0]] * (QUANTILES - 1)), ascending[-1]]
    quarter = QUANTILES // 4
    return {
        "best_s": ascending[0],
        "q1_s": every[quarter],
        "median_s": every[2 * quarter],
        "q3_s": every[3 * quarter],
        "runs": len(ascending) * group,
        "group": group,
        "quantiles": every,
    }


def _clock_cost() -> float:
    """Seconds between two readings of the clock with nothing between."""
    read = time.perf_counter
    return min(-(read() - read()) for _ in range(200))
