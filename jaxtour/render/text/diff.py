"""Shows two texts and where they differ: one below the other, or side by side."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from jaxtour.render.text.layout import Line, pad, width_of
from jaxtour.text import Raw

_BETWEEN = " │ "


def changed_lines(before: str, after: str) -> dict[int, str]:
    """Return the sign of each line of the second text, from 0, that differs: `+` new, `~` changed, `-` missing.

    `-` marks the line after the missing ones.
    """
    signs: dict[int, str] = {}
    for kind, first, last, start, end in _blocks(before, after):
        old = last - first
        for place, line in enumerate(range(start, end)):
            if kind != "equal":
                signs[line] = "~" if place < old else "+"
        if kind == "delete":
            signs.setdefault(max(0, min(start, len(after.splitlines()) - 1)), "-")
    return signs


def unified_lines(before: str, after: str) -> list[Line]:
    """Return one text with the removed and the added lines."""
    old, new = (Raw(text).shown.split("\n") for text in (before, after))
    lines: list[Line] = []
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [((f"  {text}", "muted"),) for text in new[start:end]]
            continue
        lines += [(("- ", "warning"), (text, "warning")) for text in old[first:last]]
        lines += [(("+ ", "success"), (text, "success")) for text in new[start:end]]
    return lines


def beside_lines(left: str, right: str, titles: tuple[str, str], width: int) -> list[Line]:
    """Return two texts side by side, with a sign between lines that differ; one below the other if there is no room."""
    texts = [Raw(text.rstrip("\n")).shown.split("\n") for text in (left, right)]
    room = max(map(width_of, [*texts[0], titles[0]])), max(map(width_of, [*texts[1], titles[1]]))
    if sum(room) + len(_BETWEEN) > width:
        named: Line = (("- ", "warning"), (titles[0], "muted"), ("   + ", "success"), (titles[1], "muted"))
        return [named, (), *unified_lines(left.rstrip("\n"), right.rstrip("\n"))]
    rows: list[Line] = [((pad(titles[0], room[0]), "muted"), (_BETWEEN, "faint"), (titles[1], "muted"))]
    for kind, first, last, start, end in SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes():
        for old, new in zip_longest(texts[0][first:last], texts[1][start:end]):
            same = kind == "equal"
            sign = _BETWEEN if same else " ≠ " if None not in (old, new) else " < " if new is None else " > "
            rows.append(
                (
                    (pad(old or "", room[0]), "" if same else "warning"),
                    (sign, "faint" if same else "mark"),
                    (new or "", "" if same else "success"),
                )
            )
    return rows


def _blocks(before: str, after: str) -> Sequence[tuple[str, int, int, int, int]]:
    old, new = before.rstrip("\n").split("\n"), after.rstrip("\n").split("\n")
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
