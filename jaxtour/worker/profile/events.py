"""Reads the profiler's events of one compiled program: which instruction ran when, on which device and thread.

The events of instructions have the statistics `hlo_op`, `hlo_module`, `run_id` and, on the CPU, `device_ordinal`. An
instruction that works on several threads ends later than the event of the thread that began it: another thread records
`end: NAME`, whose statistic `_c` is the event's `_p`. Each call is an event `CALL` of its own, which bounds them.
"""

import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

CALL = "jaxtour call"
"""The name of the annotation around each call."""
_END = "end: "
_PLANE = re.compile(r"/device:\w+:(\d+)")
_NOT_OURS = "::"
"""Part of the names of the runtime's own events."""


class Ran(NamedTuple):
    """One execution of an instruction on one thread; nanoseconds."""

    start: float
    end: float
    name: str
    run: int
    later: float
    """When other threads had finished their part: at least `end`."""


@dataclass
class Thread:
    """A thread, or a stream of a device, with its events in order."""

    name: str
    device: int
    events: list[Ran] = field(default_factory=list)


def threads_of(data: Any, module: str) -> tuple[list[Thread], int]:
    """Return the threads that ran a module's instructions, and the number of all recorded events."""
    with warnings.catch_warnings(action="ignore"):  # 0.12 warns that `event_stats` has no `__module__`
        return _read(data, module)


def _read(data: Any, module: str) -> tuple[list[Thread], int]:
    found: list[tuple[Thread, list[tuple[Any, ...]]]] = []
    ends: dict[int, float] = {}
    calls: list[tuple[float, float]] = []
    count = 0
    for plane in data.planes:
        place = _PLANE.match(plane.name)
        for line in plane.lines:
            by_device: dict[int, list[tuple[Any, ...]]] = {}
            for event in line.events:
                count += 1
                name = event.name
                if _NOT_OURS in name:
                    continue
                if name == CALL:
                    calls.append((event.start_ns, event.start_ns + event.duration_ns))
                    continue
                told = dict(event.stats)
                if name.startswith(_END):
                    if (ended := told.get("_c")) is not None:
                        ends[ended] = event.start_ns
                elif told.get("hlo_module") == module and "hlo_op" in told:
                    device = int(told.get("device_ordinal") or (place[1] if place else 0))
                    row = (event.start_ns, event.duration_ns, told["hlo_op"], told.get("run_id", 0), told.get("_p"))
                    by_device.setdefault(device, []).append(row)
            found += [(Thread(line.name, device), rows) for device, rows in by_device.items()]
    calls.sort()
    starts = [start for start, _ in calls]
    for thread, rows in found:
        for start, duration, name, run, produces in sorted(rows, key=lambda row: (row[0], -row[1])):
            end = start + duration
            number = bisect_right(starts, start) - 1
            last = calls[number][1] if number >= 0 else end
            # The last call's own ends may be missing: the recording stops when its result is ready.
            later = end if produces is None else min(ends.get(produces, last), last)
            thread.events.append(Ran(start, end, str(name), run, max(end, later)))
    return [thread for thread, _ in found], count


class Piece(NamedTuple):
    """A time in which an instruction itself worked, without those nested in it; nanoseconds."""

    start: float
    end: float
    name: str


def pieces_of(thread: Thread, containers: frozenset[str]) -> Iterator[Piece]:
    """Yield the pieces of a thread's time; of `containers`, such as loops, only the part before their event ends."""
    open_: list[tuple[Ran, float]] = []
    after: list[float] = []
    """For each open event, the time up to which its pieces are emitted."""

    def close(until: float) -> Iterator[Piece]:
        while open_ and open_[-1][1] <= until:
            ran, end = open_.pop()
            told = after.pop()
            if end > told:
                yield Piece(told, end, ran.name)
            if after:
                after[-1] = max(after[-1], end)
            if ran.later > ran.end and ran.name not in containers:
                yield Piece(ran.end, ran.later, ran.name)

    for ran in thread.events:
        yield from close(ran.start)
        if open_ and ran.start > after[-1]:
            yield Piece(after[-1], ran.start, open_[-1][0].name)
        # Rounding may let an event end a nanosecond after the one around it.
        open_.append((ran, min(ran.end, open_[-1][1]) if open_ else ran.end))
        after.append(ran.start)
    yield from close(float("inf"))
