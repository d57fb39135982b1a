"""Renders timings as a table, with numbers aligned on their units and bars on one scale; and the retraces."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jaxtour.engine.wire.messages import Retrace, Timing
from jaxtour.render.chart import Axis, ChartBlock, without_charts
from jaxtour.render.text.layout import Line, Style, StyledText, clip, in_ascii, joined, pad, width_of, wrap
from jaxtour.render.timing.sizes import size_blocks
from jaxtour.text import UNITS, UNKNOWN, grouped, number_and_unit

_LOG_FROM = 30.0
"""The ratio of the largest to the smallest value above which small bars vanish on a linear scale."""
_TICKS = 3


def tail(scale: Axis) -> int:
    """Return the cells that the last tick's label needs beyond the end of the bars."""
    return len(_tick(scale.ticks[-1]))


def tick_labels(scale: Axis, length: int) -> str:
    """Return the ticks' labels above bars of `length` cells, without those that would overlap."""
    first, *ticks = scale.ticks
    text = _tick(first) if scale.log else "0, linear"
    if not scale.log and len(text) + 2 > round(scale.part(ticks[0]) * length):
        text = "0"
    for tick in ticks:
        at = round(scale.part(tick) * length)
        if at >= len(text) + 2:
            text = text.ljust(at) + _tick(tick)
    return text


def scale_for(values: Sequence[float]) -> Axis | None:
    """Return the scale for positive values, logarithmic if they are far apart; None without values."""
    if not values:
        return None
    smallest, largest = min(values), max(values)
    if largest / smallest > _LOG_FROM:
        # The float 1e-6 is not an exact power of ten.
        first, last = math.floor(math.log10(smallest) + 1e-9), math.ceil(math.log10(largest) - 1e-9)
        return Axis(10.0**first, 10.0**last, _tick)
    step = _step(largest / _TICKS)
    count = max(1, math.ceil(largest / step - 1e-9))
    ticks = tuple(number * step for number in range(count + 1))
    return Axis(0.0, ticks[-1], _tick, log=False, linear_ticks=ticks)


def bar(part: float, length: int) -> str:
    """Return a bar that fills this part of `length` cells, at least half a cell."""
    halves = max(1, min(round(part * length * 2), 2 * length))
    return "━" * (halves // 2) + "╸" * (halves % 2)


def _step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, … that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least * (1 - 1e-9))


def _tick(value: float) -> str:
    if value == 0:
        return "0"
    size, unit = next((entry for entry in UNITS if value >= entry[0] * (1 - 1e-9)), UNITS[-1])
    return f"{value / size:.10g} {unit}"


_GAP = 3
_SHORTEST_LABEL = 10
_SHORTEST_BARS = 12
_LONGEST_BARS = 48
_UNSTEADY = 0.1
"""Spread of the middle half of the runs, relative to the median, above which a third digit means nothing."""
_EQUAL = 0.05
_OF_ONE = {"python_bound"}
"""Verdicts whose message contains the seconds of one call."""
_SHORTEST = 1e-12
"""The shortest time in seconds; no clock measures less."""


@dataclass(frozen=True)
class _Column:
    """Cells of one kind, all as wide as the widest."""

    head: str
    cells: Sequence[str]
    styles: Sequence[Style]
    right: bool = False

    @property
    def width(self) -> int:
        return max(map(width_of, (self.head, *self.cells)))


def timing_blocks(timings: Sequence[Timing], width: int, ascii: bool = False) -> list[ChartBlock]:
    """Return a row for each timing: label, median, dispatch, first call, a bar, and its verdicts.

    Without room, columns are dropped in this order: bars, dispatch, first call, processes, comparison. Timings by
    size come below, as curves.
    """
    sized = [timing for timing in timings if timing.size is not None and timing.error is None]
    rows = [timing for timing in timings if timing not in sized]
    blocks: list[ChartBlock] = []
    if rows:
        blocks.append([*_table(rows, width, ascii), *([()] if sized else [])])
    if sized:
        blocks += size_blocks(sized, width, ascii)
        blocks.append(in_ascii(_notes(sized, width), ascii))
    return blocks


def timing_lines(timings: Sequence[Timing], width: int, ascii: bool = False) -> list[Line]:
    """Return the rows without the curves."""
    return without_charts(timing_blocks(timings, width, ascii))


def _table(timings: Sequence[Timing], width: int, ascii: bool) -> list[Line]:
    label, columns, left = _fitted(timings, width)
    scale = scale_for([timing.median_s for timing in timings if _measured(timing)])
    length = _bar_length(scale, timings, left - _GAP) if scale else 0
    if length < _SHORTEST_BARS:
        scale = None
    head = "".join(" " * _GAP + pad(column.head, column.width, right=column.right) for column in columns)
    axis = " " * _GAP + tick_labels(scale, length) if scale else ""
    lines: list[Line] = [((clip(" " * label + head + axis, width), "muted"),)]
    for row, timing in enumerate(timings):
        spans: list[StyledText] = [(pad(_label(timing), label), "")]
        for column in columns:
            text = pad(column.cells[row], column.width, right=column.right)
            spans += [(" " * _GAP, ""), (text, column.styles[row])]
        if scale and _measured(timing):
            spans += [(" " * _GAP, ""), (bar(scale.part(timing.median_s), length), _bar_style(timing, timings))]
        lines += _with_flags(spans, timing, width)
    return in_ascii([*lines, *_notes(timings, width)], ascii)


def timing_footer(timings: Sequence[Timing]) -> str:
    """Return `15 runs, CPU, blocked`; empty if nothing was measured."""
    measured = [timing for timing in timings if _measured(timing)]
    if not measured:
        return ""
    counts = {timing.runs for timing in measured}
    low, high = min(counts), max(counts)
    runs = f"{grouped(low)}" if low == high else f"{grouped(low)} to {grouped(high)}"
    runs += " run" if high == 1 else " runs"
    names = dict.fromkeys(timing.platform for timing in measured if timing.platform != "host")
    where = " and ".join(name.upper() for name in names) or "host"
    simulated = " simulated" if any(timing.simulated for timing in measured) else ""
    return f"{runs}, {where}{simulated}, blocked"


def _fitted(timings: Sequence[Timing], width: int) -> tuple[int, list[_Column], int]:
    """Return the width of labels, the columns that fit beside them, and the remaining width."""
    longest = max(1, *(width_of(_label(timing)) for timing in timings))
    columns = _columns(timings)
    for dropped in (None, "dispatch", "first call", "by process", ""):
        if dropped is not None and width - _taken(columns) < min(longest, _SHORTEST_LABEL):
            columns = [column for column in columns if column.head != dropped]
    label = max(1, min(longest, width - _taken(columns)))
    return label, columns, width - _taken(columns) - label


def _bar_length(scale: Axis, timings: Sequence[Timing], room: int) -> int:
    """Return the longest bar's length, with room for ticks, and for verdicts after bars unless they cost too much."""
    length = min(room - tail(scale), _LONGEST_BARS)
    for timing in timings:
        if timing.verdicts and _measured(timing) and (part := scale.part(timing.median_s)) > 0:
            behind = room - _GAP - width_of(_flags(timing)[-2])
            if behind >= part * _SHORTEST_BARS:
                length = min(length, int(behind / part))
    return length


def _taken(columns: Sequence[_Column]) -> int:
    return sum(_GAP + column.width for column in columns)


def _columns(timings: Sequence[Timing]) -> list[_Column]:
    muted: list[Style] = ["muted"] * len(timings)
    columns = []
    if len({timing.platform for timing in timings} - {"host"}) > 1:
        columns.append(_Column("on", [timing.platform for timing in timings], muted))
    medians = [
        number_and_unit(timing.median_s, _digits(timing)) if _measured(timing) else (UNKNOWN, "") for timing in timings
    ]
    strong: list[Style] = ["strong" if _measured(timing) else "muted" for timing in timings]
    columns.append(_Column("complete", _aligned(medians), strong, right=True))
    if any(timing.by_process for timing in timings):
        columns.append(_Column("by process", [_by_process(timing) for timing in timings], muted))
    if any(timing.dispatch for timing in timings):
        dispatches = [
            number_and_unit(timing.dispatch.median_s, _digits(timing)) if timing.dispatch else (UNKNOWN, "")
            for timing in timings
        ]
        columns.append(_Column("dispatch", _aligned(dispatches), muted, right=True))
    firsts = [number_and_unit(timing.first_s) if timing.first_s > 0 else (UNKNOWN, "") for timing in timings]
    columns.append(_Column("first call", _aligned(firsts), muted, right=True))
    if any(timing.baseline and _measured(timing) for timing in timings):
        columns.append(_Column("", [_against(timing, timings) for timing in timings], [""] * len(timings)))
    return columns


def _aligned(parts: Sequence[tuple[str, str]]) -> list[str]:
    """Align numbers and units in separate columns: `9.81 µs` above `218  µs`."""
    wide = max(4, *(width_of(number) for number, _ in parts))
    return [f"{number:<{wide}} {unit:<2}" if unit else number for number, unit in parts]


def _by_process(timing: Timing) -> str:
    """Return the medians of the fastest and the slowest process: `243 .. 264 µs`."""
    if not timing.by_process or not _measured(timing):
        return UNKNOWN
    low, high = (number_and_unit(edge, _digits(timing)) for edge in (min(timing.by_process), max(timing.by_process)))
    return " ".join((low[0], *([] if low[1] == high[1] else [low[1]]), "..", *high))


def _digits(timing: Timing) -> int:
    return 2 if timing.q3_s - timing.q1_s > _UNSTEADY * timing.median_s else 3


def _measured(timing: Timing) -> bool:
    return timing.error is None and timing.median_s >= _SHORTEST and math.isfinite(timing.median_s)


def _label(timing: Timing) -> str:
    return timing.label or str(timing.call)


def _baseline(timing: Timing, timings: Sequence[Timing]) -> Timing | None:
    """Return the baseline on the timing's own platform, or else the first baseline."""
    candidates = [other for other in timings if other.baseline and _measured(other)]
    same = [other for other in candidates if other.platform == timing.platform]
    return next(iter(same or candidates), None)


def _against(timing: Timing, timings: Sequence[Timing]) -> str:
    if timing.baseline:
        return "baseline"
    base = _baseline(timing, timings)
    if base is None or not _measured(timing):
        return ""
    ratio = base.median_s / timing.median_s
    return "about equal" if max(ratio, 1 / ratio) <= 1 + _EQUAL else speed(ratio)


def speed(ratio: float) -> str:
    """Return how many times as fast a call is, in words: `3.0× faster`, `310× slower` for a ratio below 1."""
    word = "faster" if ratio > 1 else "slower"
    ratio = max(ratio, 1 / ratio)
    number = f"{ratio:.1f}" if ratio < 9.95 else grouped(round(float(f"{ratio:.1e}")))
    return f"{number}× {word}"


def _bar_style(timing: Timing, timings: Sequence[Timing]) -> Style:
    if timing.baseline:
        return "bar-baseline"
    medians = [other.median_s for other in timings if _measured(other)]
    return "success" if len(medians) > 1 and timing.median_s == min(medians) else "bar"


def _with_flags(spans: list[StyledText], timing: Timing, width: int) -> list[Line]:
    """Return the row with its verdicts at its end: as many names as fit, and how many more there are.

    The sentences below the table have the names too.
    """
    row = joined(spans)
    below: list[Line] = []
    if timing.verdicts:
        flags = _flags(timing)
        room = width - width_of(row) - _GAP
        fits = next((flag for flag in flags if width_of(flag) <= room), None)
        if fits is None:
            below.append((("  ", ""), (clip(flags[0], width - 2), "warning")))
        else:
            row = (*row, (" " * _GAP, ""), (fits, "warning"))
    if timing.error is not None:
        below += wrap([("  ", ""), (f"failed: {timing.error}", "error")], width, indent="  ")
    return [row, *below]


def _flags(timing: Timing) -> list[str]:
    """Return the verdicts of a row in ever fewer cells: `⚑ a, b`, `⚑ a +1`, `⚑2`."""
    names = [flag_of(verdict.code).removeprefix("⚑ ") for verdict in timing.verdicts]
    some = [f"⚑ {', '.join(names[:count])} +{len(names) - count}" for count in range(len(names) - 1, 0, -1)]
    return ["⚑ " + ", ".join(names), *some, f"⚑{len(names)}" if len(names) > 1 else "⚑"]


def told(timings: Sequence[Timing]) -> list[tuple[str, str]]:
    """Return each verdict's code and message once; one about a single call, with each call's message."""
    found: dict[str, dict[int | None, tuple[str, str]]] = {}
    for timing in timings:
        for verdict in timing.verdicts:
            index = timing.index if verdict.code in _OF_ONE else None
            found.setdefault(verdict.code, {})[index] = _label(timing), verdict.message
    return [
        (code, f"{label}: {message}" if len(calls) > 1 and message else message)
        for code, calls in found.items()
        for label, message in calls.values()
    ]


def _notes(timings: Sequence[Timing], width: int) -> list[Line]:
    """Return a sentence for each verdict."""
    lines: list[Line] = []
    for code, message in told(timings):
        if message:
            lines += wrap([(f"{flag_of(code)}  ", "warning"), (message, "muted")], width, indent="  ")
    return lines


def flag_of(code: str) -> str:
    """Return `⚑ dispatch-bound`."""
    return "⚑ " + code.lower().replace("_", "-")


_MOST = 6
"""Reasons shown for one function; a loop may give hundreds."""


def retrace_lines(retraces: Sequence[Retrace], width: int, ascii: bool = False) -> list[Line]:
    """Return a line for each retraced function, with each retrace and its reason below; empty without retraces."""
    lines: list[Line] = []
    for function in dict.fromkeys(each.function for each in retraces if each.reason or each.count > 1):
        own = [each for each in retraces if each.function == function]
        count = max(each.count for each in own)
        name = function
        times = "once" if count == 1 else f"{grouped(count)} times"
        lines += wrap([(name, "function"), (f" was traced {times}", "")], width)
        again = [each for each in own if each.reason]
        for each in again[:_MOST]:
            where = "" if each.line is None else f"line {each.line}: "
            spans: list[StyledText] = [("  ", ""), (where, "muted"), (each.reason, "warning")]
            lines += wrap(spans, width, indent="    ")
        if len(again) > _MOST:
            lines.append(((f"  … and {grouped(count - 1 - _MOST)} times more", "muted"),))
    return in_ascii(lines, ascii)
