"""Renders the aligned rows of a ladder: in one column with signs, or side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jaxtour.render.ir.highlight import jaxpr_line
from jaxtour.render.ir.ladder import SIGNS, EquationText, LadderRow, RowKind
from jaxtour.render.text.layout import Line, Span, Style, clip_line, joined, width_of, wrap

SIDE_BY_SIDE = 120
"""The least width for showing both levels side by side."""
_STYLES: Mapping[RowKind, Style] = {"same": "", "added": "success", "removed": "error", "changed": "warning"}
_INDENT = "      "


@dataclass(frozen=True, slots=True)
class LadderLines:
    """Lines, and the index of each line's row, which leads a cursor to the levels' stages."""

    lines: list[Line]
    rows: list[int]


def ladder_lines(rows: Sequence[LadderRow], width: int) -> LadderLines:
    """The rows in lines of at most `width` cells; changes follow an equation, or stand below it."""
    shown = _beside if width >= SIDE_BY_SIDE else _unified
    lines: list[Line] = []
    places: list[int] = []
    for place, row in enumerate(rows):
        made = shown(row, width)
        lines += made
        places += [place] * len(made)
    return LadderLines(lines, places)


def _unified(row: LadderRow, width: int) -> list[Line]:
    shown = row.old if row.kind == "removed" else row.new
    return _with_words((_sign(row), *_equation(shown, width - 3, row.kind == "removed")), row, width, _INDENT)


def _beside(row: LadderRow, width: int) -> list[Line]:
    half = (width - 5) // 2
    left = clip_line(_equation(row.old, half - 2, row.kind in ("removed", "changed")), half)
    space: Span = (" " * (half - width_of(left)), "")
    right = _equation(row.new, half - 2, False)
    return _with_words((*left, space, ("  ", ""), _sign(row), *right), row, width, " " * (half + 7))


def _with_words(line: Line, row: LadderRow, width: int, indent: str) -> list[Line]:
    words = "; ".join(row.words)
    if not words:
        return [clip_line(joined(line), width)]
    if width_of(line) + 3 + width_of(words) <= width:
        return [joined((*line, ("   ", ""), (words, "warning")))]
    room = width - len(indent)
    told = (words,) if width_of(words) <= room else row.words
    below = [each for one in told for each in wrap([(one, "warning")], room)]
    return [clip_line(joined(line), width), *(((indent, ""), *each) for each in below)]


def _sign(row: LadderRow) -> Span:
    return (SIGNS[row.kind], _STYLES[row.kind])


def _equation(written: EquationText | None, width: int, old: bool) -> Line:
    """An equation, highlighted, or muted if `old`; both start with two spaces."""
    if written is None:
        return ()
    text = f"  {written.text(width)}"
    return ((text, "muted"),) if old else jaxpr_line(text)
