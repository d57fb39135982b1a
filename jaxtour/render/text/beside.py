"""Puts two pieces of code side by side, or one below the other, with a sign at each line that only one of them has."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from jaxtour.render.text.code import python_lines
from jaxtour.render.text.layout import Line, StyledText, plain, width_of

SIGN: StyledText = ("┃ ", "mark")
NO_SIGN: StyledText = ("  ", "")
APART = 2


def columns(left: str, right: str, names: tuple[str, str], width: int) -> tuple[list[Line], list[int]]:
    """Return both pieces below their names, and the lines where they start: one if they fit side by side, or two."""
    one, other = (python_lines(code.strip("\n")) for code in (left, right))
    heads: list[Line] = [((name, "strong"),) for name in names]
    rows = [(heads[0], heads[1]), *_aligned(one, other)]
    wide = max(width_of(side) for side, _ in rows if side is not None)
    if wide + APART + max(width_of(side) for _, side in rows if side is not None) <= width:
        gap = max(wide, (width - APART) // 2) + APART
        # Half of the room, unless the right one needs more.
        gap = min(gap, width - max(width_of(side) for _, side in rows if side is not None))
        return [_beside(side or (), beyond or (), gap) for side, beyond in rows], [0]
    first, second = ([side for side in column if side is not None] for column in zip(*rows, strict=True))
    return [*first, (), *second], [0, len(first) + 1]


def _beside(left: Line, right: Line, gap: int) -> Line:
    return (*left, (" " * (gap - width_of(left)), ""), *right) if right else left


def _aligned(one: Sequence[Line], other: Sequence[Line]) -> list[tuple[Line | None, Line | None]]:
    """Return the lines of both, equal ones next to each other."""
    rows: list[tuple[Line | None, Line | None]] = []
    alike = SequenceMatcher(None, [*map(plain, one)], [*map(plain, other)], autojunk=False)
    for kind, start, end, begin, stop in alike.get_opcodes():
        sign = NO_SIGN if kind == "equal" else SIGN
        for left, right in zip_longest(one[start:end], other[begin:stop]):
            rows.append((left and (sign, *left), right and (sign, *right)))
    return rows
