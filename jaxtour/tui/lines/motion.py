"""Where a key or a click leads in a document."""

from textual.geometry import Offset

from jaxtour.tui.lines.cursor import innermost
from jaxtour.tui.lines.document import Columns
from jaxtour.tui.lines.rows import GOES_ON, breaks
from jaxtour.tui.lines.scene import Port, Scene


def rows_on(scene: Scene, port: Port, count: int) -> int | None:
    """The line so many rows below the cursor, or above it, past what is folded.

    None where the view should scroll first: of a wrapped line, which may be higher than the view, only a part is seen.
    """
    rows, line = scene.plan.rows, scene.cursor.line
    top = rows.top(line)
    last = top + max(1, rows.height(line)) - 1
    above, below = port.top, port.top + port.height
    if (count == 1 and top < below <= last) or (count == -1 and top < above <= last):
        return None
    start = last if count > 0 else top
    return rows.at(max(0, min(start + count, rows.count - 1)))[0]


def clicked(scene: Scene, port: Port, at: Offset) -> tuple[int, Columns | None] | None:
    """The line at a place in the view, and the smallest piece there that can be selected; None below the text."""
    document, rows = scene.document, scene.plan.rows
    row = at.y + port.top
    if row >= rows.count:
        return None
    line, part = rows.at(row)
    cell = at.x - scene.gutter + port.left
    if part and rows.room is not None:
        cell += breaks(document.text_of(line), rows.room)[part] - len(GOES_ON)
    return line, innermost(document, line, cell)
