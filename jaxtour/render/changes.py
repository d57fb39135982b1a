"""Renders in two lines what a change of the code did: to the value, its type, and the equations."""

from collections.abc import Sequence

from jaxtour.engine.report import Report
from jaxtour.render.text.layout import Line, clip, wrap
from jaxtour.render.value import type_of

_VALUE_CELLS = 48


def change_lines(before: Report, after: Report, index: int, width: int) -> list[Line]:
    """What was and what is now, where they differ; `index` is that of the traced call shown."""
    if after.executed is None and after.done is None:
        return []
    pairs = [pair for pair in (*_values(before, after), *_equations(before, after, index)) if pair[0] != pair[1]]
    if not pairs:
        alike = "as with the lesson's own code: the same value"
        traced = ", the same equations" if before.traces and after.traces else ""
        return wrap([("= ", "muted"), (alike + traced, "muted")], width, indent="  ")
    was, now = (", ".join(pair[side] for pair in pairs) for side in (0, 1))
    return [
        *wrap([("≠ ", "mark"), ("was  ", "muted"), (was, "muted")], width, indent="       "),
        *wrap([("  now  ", "muted"), (now, "")], width, indent="       "),
    ]


def _values(before: Report, after: Report) -> list[tuple[str, str]]:
    """The types of both values and their texts, or what was raised instead."""
    kinds, texts = zip(*map(_value, (before, after)), strict=True)
    output = before.stdout.text != after.stdout.text and before.value is None and after.value is None
    printed = [(_printed(before), _printed(after))] if output else []
    return [(kinds[0], kinds[1]), (texts[0] or "no value", texts[1] or "no value"), *printed]


def _value(report: Report) -> tuple[str, str]:
    if report.failure:
        return report.failure.type, "raised"
    value = report.value
    if value is None:
        return "", ""
    text = " ".join(value.text.shown.split())
    return type_of(value.dtype, value.shape) or value.type, clip(text, _VALUE_CELLS)


def _printed(report: Report) -> str:
    words = " ".join(report.stdout.shown.split())
    return f"printed {clip(words, _VALUE_CELLS)}" if words else "printed nothing"


def _equations(before: Report, after: Report, index: int) -> list[tuple[str, str]]:
    """How many equations both have, and which primitives only one has."""
    if max(index, 0) >= min(len(before.traces), len(after.traces)):
        return []
    old, new = before.traces[index], after.traces[index]
    if old.error is not None or new.error is not None:
        return []
    sides = []
    for one, other in ((old, new), (new, old)):
        own = [name for name in one.primitives if name not in other.primitives]
        sides.append(f"{_count(one.equations)}{_with(own)}")
    return [(sides[0], sides[1])]


def _count(equations: int) -> str:
    return "1 equation" if equations == 1 else f"{equations} equations"


def _with(primitives: Sequence[str]) -> str:
    return f" with {' and '.join(primitives[:3])}" if primitives else ""
