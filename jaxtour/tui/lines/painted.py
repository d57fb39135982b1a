"""Which rows of a view must be painted again, so that a key paints what changed and not the screen."""

from typing import TypeAlias

from textual.geometry import Region

from jaxtour.tui.lines.document import cells
from jaxtour.tui.lines.scene import Port, Scene

RowLook: TypeAlias = tuple[object, ...]
"""All that decides what a row shows, but for the palette; comparing it is cheaper than painting."""


class PaintedRows:
    """How the rows of a view looked when they were last painted."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._looks: list[tuple[int, RowLook]] = []
        """For each row where its text ends, in cells of the view, and its look."""
        self._thumb = range(0)

    def changed(self, port: Port) -> list[Region] | None:
        """The parts of the rows that look otherwise than before, as far as there was and is text; None for all."""
        was, self._looks = self._looks, [self._look(row, port) for row in range(port.top, port.top + port.height)]
        thumb_was, self._thumb = self._thumb, port.thumb(self._scene.plan.rows.count)
        if len(was) != port.height:
            return None
        found = []
        for y, (old, new) in enumerate(zip(was, self._looks, strict=True)):
            if old != new:
                found.append(Region(0, y, max(old[0], new[0]), 1))
            if (y in thumb_was) != (y in self._thumb):
                found.append(Region(port.width - 1, y, 1, 1))
        return found

    def _look(self, row: int, port: Port) -> tuple[int, RowLook]:
        """Where a row's text ends, and how the row looks."""
        scene, plan = self._scene, self._scene.plan
        if row >= plan.rows.count:
            return (0, ())
        line, part = plan.rows.at(row)
        document = scene.document
        text = document.text_of(line)
        marks = scene.marks(line, focused=port.focused)
        folded = plan.folds.hidden_behind(line)
        look: RowLook = (
            part,
            document.raw(line),
            document.gutter[line] if document.gutter else None,
            scene.gutter,
            port.left,
            marks,
            plan.folds.starts(line),
            folded,
            scene.highlight(line),
            *scene.finder.in_line(line, text),
            scene.cursor.selection if scene.has_cursor(line) else None,
        )
        whole = any(marks) or folded or plan.rows.room is not None
        return (port.width if whole else min(port.width, scene.gutter + max(0, cells(text) - port.left)), look)
