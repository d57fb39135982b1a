"""Other computation while the clock runs: the worker's own threads, and other programs on this machine."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import compat

_STAT = Path("/proc/stat")
_IDLE_FIELDS = (3, 4)
"""The `idle` and `iowait` figures of the `cpu` line, see proc_stat(5)."""
_COUNTED_FIELDS = 8
"""The later figures are included in `user` and `nice`."""
_THREADS = Path("/proc/self/task")
_LOOKS = 4
"""How often `_own_load` looks for threads that want to run."""
WATCH_S = 0.02
SETTLE_S = 0.3
BUSY_WORKER = 0.25
"""Cores that an idle worker uses."""
BUSY_MACHINE = 0.25
"""The share of all cores that other programs use."""
UNSTEADY = 0.05
"""The relative uncertainty of a median above which no comparison is sound."""
_LEAST_S = 0.1
"""The kernel counts in hundredths of a second."""


@dataclass
class Load:
    """The cores that other processes used; None if the system does not say, or the time was too short."""

    others: float | None = None


@contextlib.contextmanager
def watched() -> Iterator[Load]:
    """Watch the machine until the end of the block."""
    load = Load()
    before, own, start = _busy_seconds(), time.process_time(), time.perf_counter()
    yield load
    after, taken = _busy_seconds(), time.perf_counter() - start
    # The work of the same program's other processes is not a disturbance.
    mine = compat.summed_here(time.process_time() - own)
    if before is not None and after is not None and taken >= _LEAST_S:
        load.others = max(0.0, (after - before - mine) / taken)


def settled_load() -> float:
    """Return the cores that this idle process uses or waits for, after a wait for short activity to end.

    BLAS threads, for one, spin for a while as they wait for work.
    """
    end = time.perf_counter() + SETTLE_S
    while (load := _own_load(WATCH_S)) > BUSY_WORKER and time.perf_counter() < end:
        pass
    return load


def _own_load(seconds: float) -> float:
    """Return the cores that this process uses, or the threads that want one: a busy machine gives them none."""
    own, start, runnable = time.process_time(), time.perf_counter(), 0
    for _ in range(_LOOKS):
        time.sleep(seconds / _LOOKS)
        runnable += _runnable_threads()
    used = (time.process_time() - own) / (time.perf_counter() - start)
    return max(used, runnable / _LOOKS)


def _runnable_threads() -> int:
    """Return this process's threads, except the calling one, that run or wait for a core; 0 where that is unknown."""
    count = 0
    for thread in _THREADS.glob("[0-9]*") if _THREADS.is_dir() else ():
        if int(thread.name) != threading.get_native_id():
            # A thread may end between the listing and the reading. The state follows the name, see proc_pid_stat(5).
            with contextlib.suppress(OSError, IndexError):
                count += (thread / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    return count


def _busy_seconds() -> float | None:
    """Return the machine's CPU time in seconds, of all cores together."""
    try:
        fields = _STAT.read_text().partition("\n")[0].split()[1 : _COUNTED_FIELDS + 1]
    except OSError:
        return None
    busy = sum(int(ticks) for place, ticks in enumerate(fields) if place not in _IDLE_FIELDS)
    return float(busy / os.sysconf("SC_CLK_TCK"))
