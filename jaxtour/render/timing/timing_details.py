"""Renders the details of a timing: the parts of the first call, the spread of the runs, the achieved speed."""

from collections.abc import Sequence

from jaxtour.engine.wire.messages import Peak, Timing
from jaxtour.engine.wire.timings import Difference
from jaxtour.render.chart import Axis, Chart, Curve, axis_over, look
from jaxtour.render.ir.cost import size
from jaxtour.render.ir.explanations import explanation
from jaxtour.render.text.layout import Line, StyledText, in_ascii, wrap
from jaxtour.render.timing.roofline import achieved_line
from jaxtour.render.timing.rows import flag_of, told
from jaxtour.render.timing.sizes import size_text
from jaxtour.text import grouped, seconds

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = ".:-=+*#@"
STRIP = 24
"""The largest number of cells in a strip."""
_CURVES = 8
"""More curves could not be distinguished."""
_OTHER_ULP = 1e5
"""A difference in units in the last place: for float32, about 1 in 100."""
_OTHER_PART = 1e-3
"""A part of the largest value: a smaller difference of that many units comes from values near zero."""
_TAIL = 0.97
"""The slowest runs beyond this are so far off that the others would fit in one cell."""


def strip(quantiles: Sequence[float], length: int = STRIP, ascii: bool = False) -> str:
    """Return the spread of the runs, fast ones at the left: the higher a cell, the more runs took that long.

    The scale leaves out the slowest 3 of 100 runs; `›` stands for those. Empty without quantiles.
    """
    if len(quantiles) < 2 or length < 2:
        return ""
    blocks = _ASCII_BLOCKS if ascii else _BLOCKS
    low, high = quantiles[0], quantiles[round(_TAIL * (len(quantiles) - 1))]
    if high <= low:
        return blocks[-1]
    cells = length - 1
    edges = [low + (high - low) * number / cells for number in range(cells + 1)]
    shares = [_share(quantiles, right) for right in edges]
    mass = [after - before for before, after in zip([0.0, *shares[1:]], shares[1:], strict=False)]
    most = max(mass)
    text = "".join(" " if part <= 0 else blocks[min(len(blocks) - 1, int(part / most * len(blocks)))] for part in mass)
    return text + ((">" if ascii else "›") if quantiles[-1] > high else "")


def _share(quantiles: Sequence[float], value: float) -> float:
    """Return the part of the runs that took no longer."""
    last = len(quantiles) - 1
    if value >= quantiles[-1]:
        return 1.0
    for number in range(last, -1, -1):
        if quantiles[number] <= value:
            left, right = quantiles[number], quantiles[number + 1]
            return (number + ((value - left) / (right - left) if right > left else 0.0)) / last
    return 0.0


def detail_lines(timings: Sequence[Timing], width: int, ascii: bool = False, peaks: Sequence[Peak] = ()) -> list[Line]:
    """Return a few lines for each timing that has a number."""
    lines: list[Line] = []
    for timing in timings:
        if timing.error is None and timing.median_s > 0:
            lines += _details(timing, width, ascii, peaks)
    return in_ascii(lines, ascii)


def _details(timing: Timing, width: int, ascii: bool, peaks: Sequence[Peak]) -> list[Line]:
    where = timing.platform if timing.size is None else f"{timing.platform}, n = {size_text(timing.size)}"
    head = f"{timing.label or timing.call}  "
    lines = wrap([(head, "strong"), (where, "muted")], width)
    rows: list[tuple[str, Sequence[StyledText]]] = [("first call", _first(timing))]
    if timing.dispatch:
        text = f"{seconds(timing.dispatch.median_s)} until the call returns to Python"
        rows.append(("dispatch", [(text, "")]))
    rows.append(("complete", _complete(timing, ascii)))
    if timing.transfer_bytes is not None:
        rows.append(("moves", [(size(timing.transfer_bytes), "number")]))
    rows.append(("achieves", achieved_line(timing, peaks)))
    rows += [("differs", _differs(found)) for found in timing.differs]
    rows += [("note", [(note, "muted")]) for note in timing.cost_notes]
    for name, spans in rows:
        if spans:
            lines += wrap([(f"  {name:<12}", "muted"), *spans], width, indent=" " * 14)
    return lines


def _first(timing: Timing) -> Sequence[StyledText]:
    if timing.first_s <= 0:
        return ()
    stages = (("trace", timing.trace_s), ("lower", timing.lower_s), ("compile", timing.compile_s))
    known = [f"{name} {seconds(value)}" for name, value in stages if value is not None]
    spans: list[StyledText] = [(seconds(timing.first_s), "")]
    return [*spans, (f": {', '.join(known)}, and the call itself", "muted")] if known else spans


def _complete(timing: Timing, ascii: bool) -> Sequence[StyledText]:
    spread = timing.complete
    if spread is None:
        return [(f"{seconds(timing.median_s)}, median of {grouped(timing.runs)} runs", "")]
    spans: list[StyledText] = []
    if picture := strip(spread.quantiles, ascii=ascii):
        spans += [(picture, "bar"), ("  ", "")]
    runs = f"{grouped(spread.runs)} run{'s' * (spread.runs != 1)}"
    if spread.group > 1:
        runs += f" in groups of {grouped(spread.group)}"
    text = f"{seconds(spread.median_s)}, half of {runs} from {seconds(spread.q1_s)} to {seconds(spread.q3_s)}"
    return [*spans, (text, ""), (f", best {seconds(spread.best_s)}", "muted")]


def _differs(found: Difference) -> Sequence[StyledText]:
    against = found.against
    if found.shapes:
        return [(f"from {against} in shape: {found.shapes}", "warning")]
    if found.absolute is None:
        return [(f"from {against}: only one has a NaN or an infinity at some place", "warning")]
    if found.absolute == 0:
        return [(f"from {against} by 0", "")]
    ulp = "" if found.ulp is None else f", {grouped(round(found.ulp))} ulp" if found.ulp >= 1 else ", less than an ulp"
    if found.ulp is not None and found.ulp > _OTHER_ULP:
        small = found.largest is not None and found.absolute < _OTHER_PART * found.largest
        ulp = f"{ulp} where values are near zero" if small else ": these values are different"
    return [(f"from {against} by {found.absolute:.2g} at most{ulp}", "")]


def spread_chart(timings: Sequence[Timing]) -> Chart | None:
    """Return a chart of the share of each call's runs that took no longer, over time; None without runs.

    A steep curve means a steady call. Timings by size have their own curves.
    """
    spread = [(timing, timing.complete.quantiles) for timing in timings if timing.complete and timing.size is None]
    spread = [(timing, times) for timing, times in spread if len(times) > 1 and times[0] > 0][:_CURVES]
    if not spread:
        return None
    curves = []
    for number, (timing, times) in enumerate(spread):
        glyph, style = look(number)
        shares = tuple((value, place / (len(times) - 1)) for place, value in enumerate(times))
        middle = (timing.median_s, 0.5)
        curves += [Curve("", shares, style), Curve(timing.label or str(timing.call), (middle,), style, glyph)]
    x = axis_over([value for _, times in spread for value in times], lambda tick: seconds(tick, 1))
    y = Axis(-0.04, 1.06, lambda tick: f"{tick:.0%}", log=False, linear_ticks=(0.0, 0.25, 0.5, 0.75, 1.0))
    return Chart(x, y, tuple(curves), "share of the runs that took no longer")


def explanation_lines(timings: Sequence[Timing], width: int, ascii: bool = False) -> list[Line]:
    """Return each verdict of the timings: its sentence, and once its meaning and what to do about it."""
    lines: list[Line] = []
    found = told(timings)
    for place, (code, message) in enumerate(found, 1):
        lines += wrap([(f"{flag_of(code)}  ", "warning"), (message, "")], width, indent="  ")
        if (longer := explanation(code)) and code not in (after for after, _ in found[place : place + 1]):
            lines += wrap([("  ", ""), (longer, "muted")], width, indent="  ")
    return in_ascii(lines, ascii)
