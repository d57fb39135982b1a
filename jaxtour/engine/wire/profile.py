"""The wire's types for a profile, and what follows from them: time by line, and what bounds an instruction."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from jaxtour.engine.wire.ir import Span
from jaxtour.engine.wire.timings import Peak, Spread, Verdict
from jaxtour.text import RawText

Bound: TypeAlias = Literal["memory", "compute", "neither"]

NEAR_PEAK = 0.5
"""The share of a peak from which on an instruction is bound by it."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """The part of an instruction's time that belongs to one expression."""

    span: int
    """The index in the profile's `spans`; -1 if it has no source."""
    backward: bool
    """Whether it belongs to a backward pass."""
    share: float
    path: int = -1
    """The index in the profile's `paths`; -1 if it has none."""


class InstructionTime(msgspec.Struct, frozen=True, array_like=True):
    """The time of one HLO instruction in one call; seconds, the mean over the profiled calls and the devices."""

    name: str
    opcode: str
    """Empty if the HLO has no such instruction."""
    line: int | None
    """Its line in the stage `hlo`, counted from 0."""
    self_s: float
    """Its part of the call: each moment is divided evenly among the instructions that run in it."""
    busy_s: float
    """How long it ran, including time shared with others, without those nested in it."""
    count: float
    """How often one call runs it."""
    flops: float | None
    """The operations of one execution; None if unknown."""
    bytes: float | None
    parts: tuple[Part, ...]
    """The parts of its time, which add up to one."""
    estimated: bool = False
    """Whether it was only divided evenly among lines."""
    by_device: tuple[float, ...] = ()
    """`self_s` on each device, if there are several."""


class TimelineThread(msgspec.Struct, frozen=True, kw_only=True):
    """What one thread or stream ran during one call; events may be nested."""

    name: str
    device: int
    starts: tuple[int, ...] = ()
    """Nanoseconds since the first event of the call."""
    lengths: tuple[int, ...] = ()
    instructions: tuple[int, ...] = ()
    """Indices of the profile's instructions."""


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The profiled call of median length."""

    length_ns: int
    threads: tuple[TimelineThread, ...] = ()
    left_out: int = 0
    """Short events that were not sent."""


class Profile(msgspec.Struct, frozen=True, kw_only=True, eq=False, tag_field="event", tag="profile"):
    """The time of one call by instruction and source; seconds of one call, the mean over the profiled calls.

    Compared by identity.
    """

    run: int
    index: int
    """The index of the trace."""
    label: str
    call: RawText
    platform: str = ""
    untraced: Spread | None = None
    """Calls without the profiler: the time to quote."""
    wall_s: float = 0.0
    """The time from the call to its result, under the profiler."""
    traced_s: float = 0.0
    """The median of the same."""
    covered_s: float = 0.0
    """The time while any instruction ran: the sum of the instructions."""
    unaccounted_s: float = 0.0
    """The rest of the call: the host, dispatch, gaps."""
    gaps_s: float = 0.0
    """The part of `unaccounted_s` between the first instruction and the last."""
    calls: int = 0
    events: int = 0
    unmatched: int = 0
    """Instructions that the HLO does not name."""
    spans: tuple[Span, ...] = ()
    paths: tuple[str, ...] = ()
    """Name stacks with their primitives, the same in all stages."""
    instructions: tuple[InstructionTime, ...] = ()
    """The longest first."""
    devices: tuple[int, ...] = ()
    device_covered_s: tuple[float, ...] = ()
    """`covered_s` on each device, if there are several."""
    timeline: Timeline | None = None
    verdicts: tuple[Verdict, ...] = ()
    error: str | None = None


class LineTime(NamedTuple):
    """The time of one line of source in one call; seconds."""

    file: str | None
    """None, like the line, for instructions without a source."""
    line: int | None
    self_s: float
    forward_s: float
    backward_s: float
    estimated: bool
    """Whether some of it comes from an instruction that was divided evenly."""
    by_device: tuple[float, ...]


def line_times(profile: Profile) -> list[LineTime]:
    """Return the time of each line, the hottest first; with `unaccounted_s` they add up to `wall_s`."""
    forward: dict[tuple[str, int] | None, float] = {}
    backward: dict[tuple[str, int] | None, float] = {}
    devices: dict[tuple[str, int] | None, list[float]] = {}
    estimated: set[tuple[str, int] | None] = set()
    for each in profile.instructions:
        for part in each.parts:
            span = profile.spans[part.span] if 0 <= part.span < len(profile.spans) else None
            line = (span.file, span.line) if span else None
            times = backward if part.backward else forward
            times[line] = times.get(line, 0.0) + part.share * each.self_s
            if each.estimated:
                estimated.add(line)
            if each.by_device:
                own = devices.setdefault(line, [0.0] * len(each.by_device))
                own[:] = (before + part.share * time for before, time in zip(own, each.by_device, strict=False))
    found = [
        LineTime(
            line and line[0],
            line and line[1],
            forward.get(line, 0.0) + backward.get(line, 0.0),
            forward.get(line, 0.0),
            backward.get(line, 0.0),
            line in estimated,
            tuple(devices.get(line, ())),
        )
        for line in dict.fromkeys((*forward, *backward))
    ]
    return sorted(found, key=lambda line: -line.self_s)


def spans_of(profile: Profile, each: InstructionTime) -> tuple[Span, ...]:
    """Return the expressions that an instruction came from, each once."""
    places = dict.fromkeys(part.span for part in each.parts if 0 <= part.span < len(profile.spans))
    return tuple(profile.spans[place] for place in places)


class Rates(NamedTuple):
    """What an instruction achieved; per second, None if unknown."""

    flops_per_s: float | None
    bytes_per_s: float | None


def rates(each: InstructionTime) -> Rates:
    """Return the operations and bytes per second of an instruction while it ran."""
    if each.busy_s <= 0:
        return Rates(None, None)
    done = (None if figure is None else figure * each.count / each.busy_s for figure in (each.flops, each.bytes))
    return Rates(*done)


def bound(each: InstructionTime, peak: Peak | None) -> Bound | None:
    """Return what bounds an instruction: the nearer peak, if it reaches half of it; None without peaks."""
    if peak is None or peak.error is not None or peak.flops_per_s <= 0 or peak.bytes_per_s <= 0:
        return None
    found = rates(each)
    if found.flops_per_s is None or found.bytes_per_s is None:
        return None
    compute, memory = found.flops_per_s / peak.flops_per_s, found.bytes_per_s / peak.bytes_per_s
    if max(compute, memory) < NEAR_PEAK:
        return "neither"
    return "compute" if compute > memory else "memory"


def peak_of(peaks: Iterable[Peak], platform: str) -> Peak | None:
    """Return the measured peak of a platform, in float32."""
    return next((peak for peak in peaks if peak.platform == platform and peak.dtype == "float32"), None)
