"""Renders in two lines what a change to the code did: to the value, its type, and the equations."""

from collections.abc import Sequence

from jaxtour.engine.report import Report
from jaxtour.render.text.layout import Line, clip, wrap
from jaxtour.render.value import type_of
from jaxtour.text import Raw

_VALUE_CELLS = 48


def change_lines(before: Report, after: Report, index: int, width: int) -> list[Line]:
    """Return what was before and what is now, where they differ; `index` is that of the traced call shown."""
    if after.executed is None and after.done is None:
        return []
    pairs = [(was, now) for was, now in (*_values(before, after), *_equations(before, after, index)) if was != now]
    if not pairs:
        alike = f"as with the lesson's own code: the same {'exception' if after.failure else 'value'}"
        traced = ", as many equations" if before.traces and after.traces else ""
        return wrap([("= ", "muted"), (alike + traced, "muted")], width, indent="  ")
    was, now = (", ".join(filter(None, side)) for side in zip(*pairs, strict=True))
    return [
        *wrap([("≠ ", "mark"), ("was  ", "muted"), (was, "muted")], width, indent="       "),
        *wrap([("  now  ", "muted"), (now, "")], width, indent="       "),
    ]


def _values(before: Report, after: Report) -> list[tuple[str, str]]:
    """Return the types of both values and their texts, or what was raised instead; the output, and the warnings."""
    kinds, texts = zip(*map(_value, (before, after)), strict=True)
    printed = before.stdout, after.stdout
    pairs = [(kinds[0], kinds[1]), _apart(*texts, empty="no value"), _warnings(before, after)]
    if printed[0].text != printed[1].text:
        was, now = _apart(*(_one_line(each) for each in printed), empty="nothing")
        pairs.append((f"printed {was}", f"printed {now}"))
    return pairs


def _value(report: Report) -> tuple[str, str]:
    if report.failure:
        return report.failure.type, "raised"
    value = report.value
    return (type_of(value.dtype, value.shape) or value.type, _one_line(value.text)) if value else ("", "")


def _one_line(text: Raw) -> str:
    return " ".join(text.shown.split())


def _apart(was: str, now: str, *, empty: str) -> tuple[str, str]:
    """Return both texts as short as possible: from their beginnings, or from a little before they differ."""
    if was == now:
        return "", ""
    same = next((place for place, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    start = 0 if same < _VALUE_CELLS // 2 else was.rfind(" ", 0, same - 8) + 1
    was, now = (clip(("… " if start else "") + text[start:], _VALUE_CELLS) for text in (was, now))
    return was or empty, now or empty


def _warnings(before: Report, after: Report) -> tuple[str, str]:
    """Return the classes of the warnings that only one of them caused."""
    sides = [{warned.category for warned in report.warnings} for report in (before, after)]
    was, now = (" and ".join(sorted(own - other)) for own, other in (sides, sides[::-1]))
    return was or ("no warning" if now else ""), now or ("no warning" if was else "")


def _equations(before: Report, after: Report, index: int) -> list[tuple[str, str]]:
    """Return how many equations both have, and which primitives only one has."""
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
