"""Who else computes while the clock runs: the step's own threads, or other programs of this machine."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_STAT = Path("/proc/stat")
_IDLE_FIELDS = (3, 4)
"""`idle` and `iowait`, of the figures behind `cpu`."""
_COUNTED_FIELDS = 8
"""Those behind are parts of others."""
WATCH_S = 0.02
SETTLE_S = 0.3
BUSY_WORKER = 0.25
"""Cores that the worker uses while it has nothing to do."""
BUSY_MACHINE = 0.25
"""Part of all cores that other programs use."""
UNSTEADY = 0.05
"""Uncertainty of a median, relative to it, that no comparison should rest on."""
_LEAST_S = 0.1
"""The system counts in hundredths of a second."""


@dataclass
class Load:
    """How many cores others used meanwhile; None where the system does not tell, or the time was too short."""

    others: float | None = None


@contextlib.contextmanager
def watched() -> Iterator[Load]:
    """Watch the machine until the end of the block."""
    load = Load()
    before, own, start = _busy_seconds(), time.process_time(), time.perf_counter()
    yield load
    after, mine, taken = _busy_seconds(), time.process_time() - own, time.perf_counter() - start
    if before is not None and after is not None and taken >= _LEAST_S:
        load.others = max(0.0, (after - before - mine) / taken)


def settled_load() -> float:
    """How many cores this process uses although nothing was asked of it, when what goes on for a moment is over.

    Threads of BLAS, for one, wait for more work by trying again and again.
    """
    end = time.perf_counter() + SETTLE_S
    while (load := _own_load(WATCH_S)) > BUSY_WORKER and time.perf_counter() < end:
        pass
    return load


def _own_load(seconds: float) -> float:
    own, start = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    return (time.process_time() - own) / (time.perf_counter() - start)


def _busy_seconds() -> float | None:
    """CPU time that the machine has spent, all cores together."""
    try:
        fields = _STAT.read_text().partition("\n")[0].split()[1 : _COUNTED_FIELDS + 1]
    except OSError:
        return None
    busy = sum(int(ticks) for place, ticks in enumerate(fields) if place not in _IDLE_FIELDS)
    return float(busy / os.sysconf("SC_CLK_TCK"))
