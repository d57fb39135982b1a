"""Sums of the profiler's events: how much of the run's time each instruction has, and how much nothing ran.

Instructions run concurrently. Each moment is divided evenly among those that run in it, so that the parts add up to the
time in which any ran: the union of their intervals. The rest of a device's time is not accounted for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum

from .events import Piece, Thread, pieces_of


@dataclass
class Spent:
    """What one device spent on a program's instructions, in nanoseconds over all its runs."""

    own: dict[str, float]
    """Each instruction's part of the time in which any ran."""
    busy: dict[str, float]
    """How long each instruction ran, including time shared with others."""
    inside: float
    """The time from the first instruction of each run to its last."""

    @property
    def covered(self) -> float:
        """The time in which any instruction ran."""
        return fsum(self.own.values())


@dataclass
class DeviceThreads:
    """The threads of one device."""

    number: int
    threads: list[Thread] = field(default_factory=list)

    def runs(self) -> dict[int, tuple[float, float]]:
        """Return when each run began and ended."""
        found: dict[int, tuple[float, float]] = {}
        for thread in self.threads:
            for ran in thread.events:
                start, end = found.get(ran.run, (ran.start, ran.later))
                found[ran.run] = min(start, ran.start), max(end, ran.later)
        return found

    def counts(self) -> Counter[str]:
        """Return the events of each instruction."""
        return Counter(ran.name for thread in self.threads for ran in thread.events)

    def spent(self, containers: frozenset[str]) -> Spent:
        """Return the sums; `containers` are instructions that others run in, such as loops."""
        pieces = [piece for thread in self.threads for piece in pieces_of(thread, containers)]
        busy: dict[str, float] = defaultdict(float)
        for piece in pieces:
            busy[piece.name] += piece.end - piece.start
        return Spent(divided(pieces), dict(busy), fsum(end - start for start, end in self.runs().values()))


def devices_of(threads: Iterable[Thread]) -> list[DeviceThreads]:
    """Return the threads by device, in the order of the devices' numbers."""
    found: dict[int, DeviceThreads] = {}
    for thread in threads:
        found.setdefault(thread.device, DeviceThreads(thread.device)).threads.append(thread)
    return [found[number] for number in sorted(found)]


def divided(pieces: Iterable[Piece]) -> dict[str, float]:
    """Return each instruction's part of the time, with each moment divided evenly among the pieces that run in it."""
    pieces = [piece for piece in pieces if piece.end > piece.start]
    marks = sorted(
        mark for number, (start, end, _) in enumerate(pieces) for mark in ((start, 1, number), (end, 0, number))
    )
    passed = at = 0.0
    """The integral of one divided by the number of pieces that run."""
    running = 0
    began = [0.0] * len(pieces)
    found: dict[str, float] = defaultdict(float)
    for moment, starts, number in marks:
        if running:
            passed += (moment - at) / running
        at = moment
        if starts:
            began[number], running = passed, running + 1
        else:
            found[pieces[number].name] += passed - began[number]
            running -= 1
    return dict(found)


def executions(counts: Mapping[str, int], computations: Mapping[str, str], calls: int) -> dict[str, float]:
    """Return how often one call runs each instruction, by the counts of events over all calls.

    A computation runs as a whole, but the CPU may record several events for one instruction: a sort first copies its
    operands. So the rarest instruction of a computation shows how often it ran.
    """
    least: dict[str, int] = {}
    for name, count in counts.items():
        computation = computations.get(name, name)
        least[computation] = min(count, least.get(computation, count))
    return {name: least[computations.get(name, name)] / calls for name in counts}
