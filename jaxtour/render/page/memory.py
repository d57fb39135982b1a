"""Draws the plot of a call's memory as SVG, and its table, whose rows lead to their instructions."""

from collections.abc import Sequence
from html import escape

from jaxtour.engine.memory_record import SourceLine
from jaxtour.engine.stage import StageText
from jaxtour.render.ir.memory import Column, MemoryView, sums, table, view_of
from jaxtour.render.page.markup import linked, pre, source_link
from jaxtour.render.text.layout import clip_lines
from jaxtour.text import bytes_text

COLUMNS = 240
HEIGHT = 150
LEFT, TOP, CELL = 74, 18, 3
_LETTER = 14
"""The least height of an area that gets its letter."""


def memory_html(stage: StageText, own: str, files: Sequence[str], width: int) -> str:
    """Return the plot over the schedule, what holds memory at the peak, and the sums; empty without any memory."""
    view = view_of(stage, own)
    if view is None:
        return ""
    rows, instructions = table(view, view.memory.at)
    links = {row: f"hlo:{line}" for row, line in instructions.items() if line >= 0}
    return picture(view, files) + pre(clip_lines(rows, width), links) + pre(sums(view.memory, width))


def picture(view: MemoryView, files: Sequence[str]) -> str:
    """Plot what lives at each place of the schedule, stacked by source line; marks the peak."""
    memory = view.memory
    columns = view.columns(min(COLUMNS, len(memory.used)))
    cell = CELL * COLUMNS / len(columns)
    areas = _areas(view, files, columns, cell)
    peak = next(at for at, column in enumerate(columns) if column.place >= memory.at)
    x = LEFT + (peak + 0.5) * cell
    wide, bottom = LEFT + CELL * COLUMNS, TOP + HEIGHT
    anchor = "end" if peak > len(columns) / 2 else "start"
    top = bytes_text(memory.peak_bytes)
    lines = ",".join(str(memory.schedule[column.place]) for column in columns)
    said = ";".join(bytes_text(memory.used[column.place]) for column in columns)
    return "".join((
        f'<svg class="memory" viewBox="0 0 {wide + 8} {bottom + 22}" role="img" data-lines="{lines}" ',
        f'data-bytes="{escape(said)}" data-left="{LEFT}" data-cell="{cell:g}">',
        f"<title>Memory over the schedule: at most {escape(top)}</title>{''.join(areas)}",
        f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{wide}"/>',
        f'<text class="tick" x="{LEFT - 6}" y="{TOP + 10}" text-anchor="end">{escape(top)}</text>',
        f'<text class="tick" x="{LEFT - 6}" y="{bottom}" text-anchor="end">0 B</text>',
        f'<path class="peak" d="M{x:g} {TOP}V{bottom}"/>',
        f'<text class="peak-word" x="{x:g}" y="{TOP - 6}" text-anchor="{anchor}">peak</text>',
        f'<path class="here" d="M0 {TOP}V{bottom}"/>',
        f'<text class="readout" x="{LEFT}" y="{bottom + 16}">the schedule, in the order in which it runs</text>',
        "</svg>",
    ))  # fmt: skip


def _areas(view: MemoryView, files: Sequence[str], columns: Sequence[Column], cell: float) -> list[str]:
    """Return an area for each line of source, from the bottom, with its letter where it is highest."""
    owners = view.stacked({owner for column in columns for owner in column.bytes})
    floors = [0.0] * len(columns)
    found = []
    scale = HEIGHT / view.memory.peak_bytes
    for owner in owners:
        tops = [floor + column.bytes.get(owner, 0) * scale for floor, column in zip(floors, columns, strict=True)]
        found.append(_area(view, owner, source_link(files, *(owner or (None, None))), floors, tops, cell))
        floors = tops
    return found


def _area(
    view: MemoryView, owner: SourceLine, link: str, floors: Sequence[float], tops: Sequence[float], cell: float
) -> str:
    rows: list[tuple[int, int]] = []
    for at in range(len(tops)):
        if tops[at] <= floors[at]:
            continue
        before = rows[-1] if rows else None
        if before and before[1] == at and (floors[at], tops[at]) == (floors[at - 1], tops[at - 1]):
            rows[-1] = before[0], at + 1
        else:
            rows.append((at, at + 1))
    path = "".join(_outline(part, floors, tops, cell) for part in _touching(rows))
    letter, style = view.letter(owner)
    words = f"<title>{escape(view.where(owner))}</title>"
    area = f'<path class="{style}" {linked(link)} d="{path}">{words}</path>'
    first, end = max(rows, key=lambda row: (tops[row[0]] - floors[row[0]], row[1] - row[0]))
    if tops[first] - floors[first] < _LETTER or (end - first) * cell < _LETTER / 2:
        return area
    x, y = LEFT + (first + end) / 2 * cell, TOP + HEIGHT - (tops[first] + floors[first]) / 2 + 4
    return f'{area}<text class="letter" x="{x:g}" y="{y:g}">{escape(letter)}</text>'


def _touching(rows: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Return the runs of columns in groups without a gap."""
    found: list[list[tuple[int, int]]] = []
    for row in rows:
        if found and found[-1][-1][1] == row[0]:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def _outline(rows: Sequence[tuple[int, int]], floors: Sequence[float], tops: Sequence[float], cell: float) -> str:
    """Return the outline of an area: along the top from left to right, and back along the bottom."""
    bottom = TOP + HEIGHT
    there = "".join(f"V{bottom - tops[first]:.5g}H{LEFT + end * cell:g}" for first, end in rows)
    back = "".join(f"V{bottom - floors[first]:.5g}H{LEFT + first * cell:g}" for first, _ in reversed(rows))
    return f"M{LEFT + rows[0][0] * cell:g} {bottom - floors[rows[0][0]]:.5g}{there}{back}Z"
