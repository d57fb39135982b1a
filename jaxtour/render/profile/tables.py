"""Renders a profile as tables: what the call took, the time of each line, the time of each instruction."""

from collections.abc import Callable, Sequence

from jaxtour.engine.wire.profile import LineTime, Profile, bound, line_times, peak_of, rates, spans_of
from jaxtour.engine.wire.timings import Peak, Timing
from jaxtour.render.ir.cost import count as figure
from jaxtour.render.programs import place
from jaxtour.render.text.layout import Line, StyledText, clip, table_lines, wrap
from jaxtour.render.timing.rows import bar
from jaxtour.text import UNKNOWN, Raw, plural, seconds

SourceOf = Callable[[str, int], str]
"""The text of a line of a file; empty if unknown."""

_BAR = 10
_LEAST = 0.0005
"""Shares below this are 0.0% on the screen."""
_MOST_INSTRUCTIONS = 30
_MOST_COLUMNS = 4
_DIFFERENT = 0.05
"""The share of the call by which a line's times on two devices must differ to get columns."""
_SOURCE = (16, 60)
"""The fewest and the most cells of a line's text."""
_OTHERS = 58
"""Cells of the other columns."""
_APART = 0.1
"""How far a median lies from the mean that the shares are of, to be worth saying, as a part of it."""
NO_SOURCE = "without a source: made by the compiler"
UNACCOUNTED = "not accounted for: host, dispatch, gaps"
DIVIDED = "~ is an estimate: one instruction came from several lines, and was divided evenly among them"


def percent(share: float) -> str:
    """Return `12.3%`, or `<0.1%` for a smaller positive share."""
    return "<0.1%" if 0 < share < _LEAST else f"{share:.1%}"


def summary_lines(profile: Profile, width: int) -> list[Line]:
    """Return how long a call took, how much of that has a place, and what the numbers do not mean."""
    if profile.error is not None:
        return wrap([("no profile: ", "muted"), (profile.error, "error")], width, indent="  ")
    lines: list[Line] = []
    if profile.untraced is not None:
        said: list[StyledText] = [
            (seconds(profile.untraced.median_s), "strong"),
            (" a call without the profiler; ", "muted"),
            (seconds(profile.wall_s), "number"),
            (f" with it, the mean of {plural(profile.calls, 'call')}", "muted"),
        ]
        if abs(profile.wall_s - profile.traced_s) > _APART * profile.wall_s:
            said += [(", and ", "muted"), (seconds(profile.traced_s), "number"), (" the median", "muted")]
        lines += wrap(said, width, indent="  ")
    covered, rest = profile.covered_s / profile.wall_s, profile.unaccounted_s / profile.wall_s
    where = (
        f": {seconds(profile.gaps_s)} between instructions, {seconds(profile.unaccounted_s - profile.gaps_s)} around"
    )
    said = [(percent(covered), "number"), (f" in {plural(len(profile.instructions), 'instruction')}, ", "muted")]
    said += [(percent(rest), "number"), (" not accounted for", "muted"), (where, "muted")]
    lines += wrap(said, width, indent="  ")
    if len(profile.device_covered_s) > 1:
        least, most = min(profile.device_covered_s), max(profile.device_covered_s)
        devices = plural(len(profile.device_covered_s), "device")
        text = f"the mean of {devices}, of which the least busy worked {seconds(least)} and the busiest {seconds(most)}"
        lines += wrap([(text, "muted")], width, indent="  ")
    for verdict in profile.verdicts:
        lines += wrap([("! ", "warning"), (verdict.message, "")], width, indent="  ")
    return lines


def line_table(profile: Profile, width: int, source: SourceOf, *, own: str = "", by_time: bool = True) -> list[Line]:
    """Return a row for each line, one for time without a source, and one for unaccounted time.

    The hottest line is the first, or else the first of the source.
    """
    times = line_times(profile)
    if not by_time:
        times.sort(key=lambda time: (time.file is None, time.file != own, time.file or "", time.line or 0))
    backward = any(time.backward_s > 0 for time in times)
    each_device = [f"device {number}" for number in profile.devices] if _devices_differ(profile, times) else ["devices"]
    each_device = each_device if len(profile.devices) > 1 else []
    names = ["share", "", "time", *(["forward", "backward"] if backward else []), *each_device]
    rows: list[Sequence[Line]] = [[((name, "muted"),) for name in (*names, "line", "")]]
    room = min(max(_SOURCE[0], width - _OTHERS), _SOURCE[1])
    for time in times:
        share = time.self_s / profile.wall_s
        text = source(time.file, time.line) if time.file and time.line else NO_SOURCE
        at = "" if time.file is None else f"{time.line}" if time.file == own else place(time.file, time.line)
        row = _shares(share, time.self_s, estimated=time.estimated)
        if backward:
            row += [
                ((percent(part / profile.wall_s) if part else "", ""),) for part in (time.forward_s, time.backward_s)
            ]
        if len(each_device) > 1:
            row += [((seconds(taken, 2), ""),) for taken in time.by_device]
        elif each_device:
            row.append(((_range(time.by_device), ""),))
        rows.append([*row, ((at, "link"),), ((clip(text.strip(), room), "" if time.file else "muted"),)])
    last = _shares(profile.unaccounted_s / profile.wall_s, profile.unaccounted_s)
    blank: list[Line] = [()] * (len(names) - 2)
    rows.append([*last, *blank[1:], (), ((UNACCOUNTED, "muted"),)])
    right = [True, False, *[True] * (len(names) - 2), True, False]
    lines = table_lines(rows, right, width)
    if any(time.estimated for time in times):
        lines += wrap([(DIVIDED, "muted")], width)
    return lines


def _shares(share: float, taken: float, *, estimated: bool = False) -> list[Line]:
    """Return the cells that every row of lines begins with."""
    mark = "~" if estimated else ""
    shown: Line = ((bar(share, _BAR), "bar"),) if share >= _LEAST else ()
    return [((mark + percent(share), "number"),), shown, ((seconds(taken), ""),)]


def _devices_differ(profile: Profile, times: Sequence[LineTime]) -> bool:
    """Return whether a line's times differ so much on a few devices that each gets a column."""
    if not 1 < len(profile.devices) <= _MOST_COLUMNS:
        return False
    return any(max(time.by_device) - min(time.by_device) > _DIFFERENT * profile.wall_s for time in times)


def _range(times: Sequence[float]) -> str:
    """Return `1.2 ms … 3.4 ms`, the least and the most of any device."""
    return f"{seconds(min(times), 2)} … {seconds(max(times), 2)}" if times else ""


def instruction_table(profile: Profile, peaks: Sequence[Peak], width: int, *, own: str = "") -> list[Line]:
    """Return a row for each of the hottest instructions: its time, its number of runs, its rates, and its lines."""
    peak = peak_of(peaks, profile.platform)
    names = ["share", "time", "runs", "instruction", "flop/s", "B/s", *(["bound"] if peak else []), "lines"]
    rows: list[Sequence[Line]] = [[((name, "muted"),) for name in names]]
    for each in profile.instructions[:_MOST_INSTRUCTIONS]:
        found = rates(each)
        at = dict.fromkeys(
            str(span.line) if span.file == own else place(span.file, span.line) for span in spans_of(profile, each)
        )
        limit: list[Line] = [((bound(each, peak) or UNKNOWN, ""),)] if peak else []
        rows.append([
            ((percent(each.self_s / profile.wall_s), "number"),),
            ((seconds(each.self_s), ""),),
            ((runs(each.count), ""),),
            ((each.name, "primitive"),),
            ((figure(found.flops_per_s, "", 2) if found.flops_per_s else UNKNOWN, ""),),
            ((figure(found.bytes_per_s, "", 2) if found.bytes_per_s else UNKNOWN, ""),),
            *limit,
            ((" ".join(at), "link"),),
        ])  # fmt: skip
    lines = table_lines(rows, [True, True, True, False, True, True, *([False] if peak else []), False], width)
    more = len(profile.instructions) - _MOST_INSTRUCTIONS
    return [*lines, ((f"and {plural(more, 'more instruction')}", "muted"),)] if more > 0 else lines


def roofline_points(profile: Profile) -> list[Timing]:
    """Return the instructions whose operations and bytes are known, longest first, as timings of one execution each."""
    return [
        Timing(
            run=profile.run, index=number, label=each.name, call=Raw(each.name), platform=profile.platform,
            median_s=each.busy_s / each.count, flops=each.flops, bytes=each.bytes,
        )
        for number, each in enumerate(profile.instructions)
        if each.flops and each.bytes and each.count and each.busy_s > 0
    ]  # fmt: skip


def runs(count: float) -> str:
    """Return `10`, or `2.5` where calls differ."""
    return f"{count:.0f}" if abs(count - round(count)) < 1e-9 else f"{count:.1f}"
