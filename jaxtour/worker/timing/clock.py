"""The clock: unrolled loops as in `timeit`, repeated until the median is known closely enough.

With several processes, the first decides how often all of them make a call: a collective needs every process.
"""

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

from .. import compat
from .placing import Subject, holds_arrays

SAMPLES = 15
FEW_SAMPLES = 3
DISPATCH_EVERY = 8
"""For fast calls, whose dispatch needs a separate loop: samples of the call for each sample of its dispatch."""
MOST_SAMPLES = 20_000
SLOW_S = 0.2
LONG_S = 2.0
"""A call slower than this is made only once more after the first, which has warmed it up."""
ENOUGH_S = 0.2
"""The least duration of a measurement, even of a steady one: disturbances come and go."""
BUDGET_S = 1.0
"""The longest duration, unless patience is above 1 or the least number of runs takes longer."""
NARROW = 0.01
"""The relative half-width of the median's confidence interval that ends a measurement."""
SAMPLE_S = 2e-4
"""The least duration of a sample of fast calls, so that the clock's own cost does not count."""
BATCH_S = 5e-3
"""Samples follow each other without a pause for this long: during a pause, threads fall asleep and caches cool.

A call of 100 µs takes a tenth longer after one.
"""
PAIRED_S = 2e-5
"""For slower calls one loop measures both dispatch and completion: two more clock readings do not count."""
WARM_S = 0.02
GARBAGE = 20_000
"""Collect garbage between samples beyond this many new objects, which would fill memory."""
QUANTILES = 32
_Z = 1.96
_PROGRESS_S = 0.1

OnSample: TypeAlias = Callable[[int, int], None]
"""Called with the number of samples taken, and the number expected."""


@dataclass(frozen=True)
class Loops:
    """Two ways to time n calls."""

    complete: Callable[[int], float]
    """Seconds, as `timeit` counts them."""
    paired: Callable[[int], tuple[float, float]]
    """Summed seconds until Python had control again, and until the results were ready."""


def wait_for(result: Any) -> str:
    """Return the cheapest code that waits for such a result: `jax.block_until_ready` takes 4 µs to walk a tree."""
    if isinstance(result, jax.Array):
        return "({}).block_until_ready()"
    return "_jaxtour_wait({})" if holds_arrays(result) else "{}"


def loops_of(subject: Subject, wait: str, *, anew: bool = False) -> Loops:
    """Return the loops over an expression, with the code that waits for its result.

    If the call donates its inputs, it gets new ones each time (`anew`), before the clock starts.
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
    calls: int = 0
    worked_s: float = 0.0
    """CPU seconds of the calling thread for these calls; waiting takes none."""

    def add(self, complete: float | None = None, dispatch: float | None = None) -> None:
        """Add a sample of either kind."""
        if complete is not None:
            bisect.insort(self.complete, complete)
        if dispatch is not None:
            bisect.insort(self.dispatch, dispatch)


@contextmanager
def no_collection() -> Iterator[None]:
    """Turn off garbage collection inside this context, as `timeit` does."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def warmed(loop: Callable[[int], float]) -> tuple[int, float]:
    """Warm up; returns how many calls make a sample long enough, and the seconds of one call."""
    start = time.perf_counter()
    number = 1
    while True:
        taken = compat.agreed(loop(number))
        if taken < SAMPLE_S:
            number = max(2 * number, math.ceil(number * 1.2 * SAMPLE_S / max(taken, 1e-9)))
        elif compat.agreed(time.perf_counter() - start > WARM_S):
            return number, taken / number


def sampled(
    loops: Loops, group: int, one: float, progress: OnSample, *, patience: float = 1.0, dispatch: bool = True
) -> Samples:
    """Take the samples, each of `group` calls; `one` call takes about that many seconds."""
    found = Samples(group)
    cost = _clock_cost() if dispatch else 0.0
    start = told = time.perf_counter()
    least = least_samples(one, patience)
    while True:
        missing = least - len(found.complete)
        many = max(1, min(int(BATCH_S / max(one * group, 1e-9)), missing if missing > 0 else SAMPLES))
        worked = time.thread_time()
        if dispatch and one >= PAIRED_S:
            for control, there in [loops.paired(group) for _ in range(many)]:
                found.add(there / group, max(control / group - cost, 0.0))
        else:
            for taken in [loops.complete(group) for _ in range(many)]:
                found.add(taken / group)
            again = [loops.paired(group) for _ in range(-(-many // DISPATCH_EVERY))] if dispatch else []
            found.calls += group * len(again)
            for control, _ in again:
                found.add(dispatch=max(control / group - cost, 0.0))
        found.calls += group * many
        found.worked_s += time.thread_time() - worked
        if gc.get_count()[0] > GARBAGE:
            gc.collect(0)
        one, done = compat.agreed(found.complete[0]), len(found.complete)
        now = time.perf_counter()
        least = least_samples(one, patience)
        enough = done >= MOST_SAMPLES or (done >= least and is_enough(found.complete, now - start, patience))
        if compat.agreed(enough):
            return found
        if now - told >= _PROGRESS_S:
            told = now
            progress(done, max(least, done, round(done * BUDGET_S * patience / (now - start))))


def least_samples(one: float, patience: float = 1.0) -> int:
    """Return the least number of samples for calls of `one` second each."""
    if one > LONG_S * max(1.0, patience):
        return 1
    return FEW_SAMPLES if one > SLOW_S else SAMPLES


def is_enough(ascending: Sequence[float], elapsed: float, patience: float) -> bool:
    """Return whether the time is up, or the median is known closely enough."""
    if elapsed >= BUDGET_S * patience:
        return True
    return elapsed >= ENOUGH_S * min(1.0, patience) and uncertainty(ascending) <= NARROW / max(1.0, patience) ** 0.5


def uncertainty(ascending: Sequence[float]) -> float:
    """Return the relative half-width of the median's 95 % confidence interval, from ranks, for any distribution."""
    number = len(ascending)
    reach = _Z * math.sqrt(number) / 2
    low = ascending[max(0, math.floor(number / 2 - reach))]
    high = ascending[min(number - 1, math.ceil(number / 2 + reach))]
    middle = (ascending[(number - 1) // 2] + ascending[number // 2]) / 2
    return (high - low) / 2 / middle if middle > 0 else 0.0


def spread(ascending: Sequence[float], group: int) -> dict[str, Any] | None:
    """Return the fields of a `Spread`; None without samples."""
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
    """Return seconds between two consecutive readings of the clock."""
    read = time.perf_counter
    return min(-(read() - read()) for _ in range(200))
