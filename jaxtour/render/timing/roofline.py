"""Renders what a call achieves against the device's peaks."""

import math
from collections.abc import Sequence

from jaxtour.engine.wire.messages import Peak, Timing
from jaxtour.render.chart import Chart, ChartBlock, Curve, axis_over, without_charts
from jaxtour.render.ir.cost import count
from jaxtour.render.text.layout import Line, Style, StyledText, in_ascii, wrap
from jaxtour.render.timing.sizes import size_text

_MARKS = "123456789"
_ROUND = 0.05
"""A speed above the peak by at most this part counts as equal to it: the rest is measurement error."""


def achieved(timing: Timing) -> tuple[float | None, float | None]:
    """Return operations and bytes per second of the median call; None where the compiler does not count them."""
    if timing.error is not None or timing.median_s <= 0:
        return None, None
    moved = timing.bytes if timing.transfer_bytes is None else timing.transfer_bytes
    flops = timing.flops or None
    return flops and flops / timing.median_s, moved and moved / timing.median_s


def achieved_line(timing: Timing, peaks: Sequence[Peak] = ()) -> Line:
    """Return `335 Gflop/s, 2.2 GB/s`, with their parts of the peaks; empty if nothing is known."""
    flops, moved = achieved(timing)
    peak = _peak(timing.platform, peaks)
    spans: list[StyledText] = []
    # A transfer does not use the device's memory bandwidth, so its peak is another one.
    most = (None, None) if peak is None else (peak.flops_per_s, peak.bytes_per_s)
    most = (None, None) if timing.transfer_bytes is not None else most
    for value, unit, highest in ((flops, "flop/s", most[0]), (moved, "B/s", most[1])):
        if value is None:
            continue
        spans.append((", " if spans else "", "muted"))
        spans.append((count(value, unit), "number"))
        if highest:
            spans.append((f" ({_percent(value / highest)} of the peak)", "muted"))
    if spans and _is_short(timing):
        spans.append((", at least: a loop counts as one round", "warning"))
    return tuple(spans)


def roofline_blocks(
    timings: Sequence[Timing], peaks: Sequence[Peak], width: int, ascii: bool = False
) -> list[ChartBlock]:
    """Return the roofline of each measured platform with the calls on it, and below it a line for each call.

    The chart shows operations per second over operations per byte: memory limits the slope, arithmetic the flat part.
    A call that cannot be placed says why.
    """
    blocks: list[ChartBlock] = []
    measured = [timing for timing in timings if timing.error is None and timing.platform != "host"]
    for platform in dict.fromkeys(timing.platform for timing in measured):
        here = [timing for timing in measured if timing.platform == platform]
        peak = _peak(platform, peaks)
        if peak is None:
            why = next((found.error for found in peaks if found.platform == platform and found.error), None)
            text = f"could not be measured: {why}" if why else "are not measured yet"
            text = f"the peaks of {platform} {text}"
            blocks.append(wrap([(text, "muted")], width))
            continue
        blocks += _one(here, peak, width)
    return [block if isinstance(block, Chart) else in_ascii(block, ascii) for block in blocks]


def roofline_lines(timings: Sequence[Timing], peaks: Sequence[Peak], width: int) -> list[Line]:
    """Return the rooflines without the pictures."""
    return without_charts(roofline_blocks(timings, peaks, width))


def _one(timings: Sequence[Timing], peak: Peak, width: int) -> list[ChartBlock]:
    placed = [timing for timing in timings if _place(timing)][: len(_MARKS)]
    points = [place for timing in placed if (place := _place(timing))]
    ridge = peak.flops_per_s / peak.bytes_per_s
    said = f"{peak.kind}: peaks {count(peak.flops_per_s, 'flop/s')}, {count(peak.bytes_per_s, 'B/s')}"
    head = f"{said} in {peak.dtype}, measured here"
    blocks: list[ChartBlock] = [wrap([(head, "muted")], width)]
    if placed:
        blocks.append(_chart(placed, points, peak, ridge))
    lines: list[Line] = []
    for glyph, timing, point in zip(_MARKS, placed, points, strict=False):
        spans: list[StyledText] = [(f"{glyph} ", _mark_style(timing)), (_label(timing), ""), ("  ", "")]
        lines += wrap([*spans, *_said(point, peak, ridge)], width, indent="  ")
    others = [timing for timing in timings if timing not in placed]
    for why in dict.fromkeys(_why_not(timing) for timing in others):
        names = ", ".join(dict.fromkeys(_label(timing) for timing in others if _why_not(timing) == why))
        lines += wrap([("not placed: ", "muted"), (names, ""), (f": {why}", "muted")], width, indent="  ")
    return [*blocks, lines]


def _chart(placed: Sequence[Timing], points: Sequence[tuple[float, float]], peak: Peak, ridge: float) -> Chart:
    x = axis_over([ridge / 8, ridge * 8, *(at for at, _ in points)], _number)
    roof = ((x.low, x.low * peak.bytes_per_s), (ridge, peak.flops_per_s), (x.high, peak.flops_per_s))
    y = axis_over([*(at for _, at in (*roof, *points))], lambda tick: count(tick, "flop/s", 1))
    curves = [Curve("", roof, "bar-muted")]
    for glyph, timing, point in zip(_MARKS, placed, points, strict=False):
        curves.append(Curve("", (point,), _mark_style(timing), glyph))
    return Chart(x, y, tuple(curves), "flop/s over flop/byte")


def _said(point: tuple[float, float], peak: Peak, ridge: float) -> list[StyledText]:
    intensity, speed = point
    roof = min(peak.flops_per_s, intensity * peak.bytes_per_s)
    bound = "computing" if intensity >= ridge else "memory"
    text = f", {_percent(speed / roof)} of what {bound} allows at {_number(intensity)} flop/byte"
    spans: list[StyledText] = [(count(speed, "flop/s"), "number"), (text, "muted")]
    if speed > roof * (1 + _ROUND):
        spans.append(("; above the peak: its data stays in caches, or the compiler's count is too high", "muted"))
    return spans


def _place(timing: Timing) -> tuple[float, float] | None:
    flops, _ = achieved(timing)
    if flops is None or not timing.flops or not timing.bytes or _is_short(timing):
        return None
    return timing.flops / timing.bytes, flops


def _why_not(timing: Timing) -> str:
    if _place(timing):
        return f"the chart shows only {len(_MARKS)}"
    if _is_short(timing):
        return "a loop of unknown length counts as one round"
    if timing.flops == 0:
        return "the compiler counts no operations; it counts sin, exp and similar ones separately"
    return "the compiler counts the cost of jitted calls only"


def _is_short(timing: Timing) -> bool:
    return any(verdict.code == "loop_counted_once" for verdict in timing.verdicts)


def _peak(platform: str, peaks: Sequence[Peak]) -> Peak | None:
    found = [each for each in peaks if each.platform == platform and each.error is None]
    found = [each for each in found if each.flops_per_s > 0 and each.bytes_per_s > 0]
    return next((each for each in found if each.dtype == "float32"), next(iter(found), None))


def _mark_style(timing: Timing) -> Style:
    return "bar-baseline" if timing.baseline else "success"


def _label(timing: Timing) -> str:
    name = timing.label or str(timing.call)
    return name if timing.size is None else f"{name}, n = {size_text(timing.size)}"


def _percent(part: float) -> str:
    if part < 5e-4:
        return "less than 0.1%"
    return f"{part:.0%}" if part >= 0.095 else f"{part:.1%}"


def _number(value: float) -> str:
    """Return `0.25`, `4`, `1,000`."""
    digits = max(0, 1 - math.floor(math.log10(value))) if value < 10 else 0
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
