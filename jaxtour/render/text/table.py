"""Renders tables of styled cells, as wide as needed and at most as wide as the room."""

from collections.abc import Sequence
from itertools import zip_longest

from jaxtour.render.text.layout import joined, width_of, wrap
from jaxtour.render.text.spans import Line, Span

_GAP = 2


def table_lines(rows: Sequence[Sequence[Line]], right: Sequence[bool], width: int) -> list[Line]:
    """Return the rows in columns, with a rule below the first row; cells that are too wide are wrapped.

    `right` says for each column whether to align it right. Every row has as many cells as the first.
    """
    needed = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    room = width - _GAP * (len(needed) - 1)
    most = next((size for size in range(max(room, 1), 1, -1) if sum(min(size, need) for need in needed) <= room), 1)
    sizes = [max(1, min(need, most)) for need in needed]
    lines: list[Line] = []
    for number, row in enumerate(rows):
        wrapped = [wrap(cell, size) for cell, size in zip(row, sizes, strict=True)]
        lines += [_row(cells, sizes, right) for cells in zip_longest(*wrapped, fillvalue=())]
        if number == 0:
            lines.append(_row([(("─" * size, "faint"),) for size in sizes], sizes, right))
    return lines


def _row(cells: Sequence[Line], sizes: Sequence[int], right: Sequence[bool]) -> Line:
    spans: list[Span] = []
    for cell, size, at_right in zip(cells, sizes, right, strict=True):
        space: Span = (" " * (size - width_of(cell)), "")
        spans += [space, *cell] if at_right else [*cell, space]
        spans.append((" " * _GAP, ""))
    while spans and not spans[-1][0].strip():
        spans.pop()
    return joined(spans)
