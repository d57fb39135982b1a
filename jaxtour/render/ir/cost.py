"""Renders a call's cost according to the compiler."""

import math
from collections.abc import Sequence

from jaxtour.engine.wire.messages import Cost
from jaxtour.render.text.layout import Line, StyledText, clip_line, width_of, wrap
from jaxtour.text import bytes_text

_NONE = "—"
_THOUSANDS = ("", "k", "M", "G", "T", "P", "E")


def count(value: float | None, unit: str, digits: int = 3) -> str:
    """Return `41.9 Mflop`, with `digits` significant digits; `—` if unknown."""
    if value is None or not math.isfinite(value) or value < 0:
        return _NONE
    power = 0
    while float(f"{value:.{digits - 1}e}") >= 1000 and power < len(_THOUSANDS) - 1:
        value, power = value / 1000, power + 1
    return f"{_digits(value, digits)} {_THOUSANDS[power]}{unit}"


def size(value: float | None) -> str:
    """Return `1.5 MiB`; `—` if unknown."""
    known = value is not None and math.isfinite(value) and value >= 0
    return bytes_text(round(value)) if known and value is not None else _NONE


def intensity(cost: Cost) -> float | None:
    """Return the operations per byte read or written; None if unknown."""
    return cost.flops / cost.bytes if cost.flops is not None and cost.bytes else None


def cost_lines(cost: Cost, width: int) -> list[Line]:
    """Return a row for each figure with its meaning, and the figures' limits below."""
    ratio = intensity(cost)
    rows: Sequence[tuple[str, str, str]] = (
        ("operations", count(cost.flops, "flop"), "floating-point additions and multiplications"),
        ("bytes accessed", size(cost.bytes), "read and written by all instructions"),
        ("intensity", _per_byte(ratio), "operations per byte accessed"),
        ("transcendentals", count(cost.transcendentals, "").rstrip(), "elementwise exp, log, tanh, …"),
        ("arguments", size(cost.argument_bytes), "memory for the inputs"),
        ("outputs", size(cost.output_bytes), "memory for the results"),
        ("aliased", size(cost.alias_bytes), "outputs that reuse donated arguments"),
        ("temporary", size(cost.temporary_bytes), "scratch memory during the call"),
        ("peak", size(cost.peak_bytes), "the most in use at any time, arguments and outputs included"),
        ("code", size(cost.code_bytes), "the compiled program itself"),
    )
    # Few backends report these, so their rows would be dashes.
    shown = [row for row in rows if row[1] != _NONE or row[0] not in ("code", "aliased", "peak")]
    label, figure = (max(width_of(row[place]) for row in shown) for place in (0, 1))
    lines = [
        clip_line(((f"{name:<{label}}  ", "muted"), (f"{said:>{figure}}", "number"), (f"  {means}", "faint")), width)
        for name, said, means in shown
    ]
    for note in cost.notes:
        spans: Sequence[StyledText] = (("! ", "warning"), (note, ""))
        lines += wrap(spans, width, indent="  ")
    return lines


def cost_facts(cost: Cost) -> Line:
    """Return the border's text: `41.9 Mflop   1.5 MiB   26.7 flop/B`, and `!` if there are notes."""
    ratio = intensity(cost)
    said = [
        count(cost.flops, "flop") if cost.flops is not None else "",
        size(cost.bytes) if cost.bytes is not None else "",
        _per_byte(ratio) if ratio is not None else "",
    ]
    spans: list[StyledText] = [("   ".join(part for part in said if part) or "no figures", "muted")]
    if cost.notes:
        spans.append((" !", "warning"))
    return tuple(spans)


def _per_byte(ratio: float | None) -> str:
    return _NONE if ratio is None else f"{_digits(ratio, 3)} flop/B"


def _digits(value: float, digits: int) -> str:
    """Return a number with `digits` significant digits, without trailing zeros."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded == int(rounded) and rounded >= 1:
        return str(int(rounded))
    after = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:.{after}f}".rstrip("0").rstrip(".")
