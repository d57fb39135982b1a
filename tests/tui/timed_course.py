"""The small course with other timings: several sizes, and the spread of their runs."""

from fake_engine import PEAKS, Script
from small_course import SCRIPT, timing

from jaxtour.engine.wire.messages import Peak, Timing
from jaxtour.engine.wire.timings import Spread

LOOP, FAST = "[predict(w, x) for x in X]", "fast(w, X)"

SIZES = ((10, 1e-5, 2e-5), (1_000, 2e-5, 2e-5), (100_000, 1e-3, 1e-4))
SIZED = [
    timing(index, label, call, row[index + 1], 1e-2, size=row[0])
    for index, (label, call) in enumerate((("NumPy", LOOP), ("jit", FAST)))
    for row in SIZES
]


def timed(rows: list[Timing]) -> Script:
    """Return the step with the two calls, with these timings."""
    usual = SCRIPT["vmap/many"]
    first = next(place for place, each in enumerate(usual) if isinstance(each, Timing))
    others = [each for each in usual[first:] if not isinstance(each, Timing)]
    return {**SCRIPT, "vmap/many": [*usual[:first], *rows, *others]}


def spread(median: float, tail: float) -> Spread:
    """Return runs whose slowest one took `tail` times as long as the median."""
    times = tuple(median * (0.9 + 0.1 * number / 16) for number in range(17))
    times += tuple(median * tail ** (number / 16) for number in range(1, 17))
    return Spread(
        best_s=times[0], q1_s=times[8], median_s=median, q3_s=times[24], runs=90, group=1, quantiles=times
    )  # fmt: skip


SPREAD = [
    timing(0, "a Python loop", LOOP, 1e-3, 1e-2, complete=spread(1e-3, 3.0), baseline=True, flops=2e4, bytes=1e5),
    timing(2, "jit of vmap", FAST, 1e-4, 1e-2, complete=spread(1e-4, 1.1), flops=4e6, bytes=1e5),
]
ROOFS: Script = {
    PEAKS: [Peak(run=0, platform="cpu", kind="AMD EPYC", flops_per_s=1e11, bytes_per_s=1e10)],
}  # fmt: skip
