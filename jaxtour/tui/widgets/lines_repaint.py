"""Which rows of a view must be painted again, so that a key sends what changed and not the screen."""

from typing import TypeAlias

from textual.geometry import Region

from jaxtour.tui.document import cells
from jaxtour.tui.widgets.lines_paint import PaintedLines

Look: TypeAlias = tuple[object, ...]
"""All that decides what a row shows, but for the palette; comparing it is cheaper than painting."""


class RepaintedLines(PaintedLines):
    """A view that knows how its rows looked when they were last painted."""

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(name, ascii_only=ascii_only)
        self._looks: list[tuple[int, Look]] = []
        """For each row where its text ends, in cells of the view, and its look."""
        self._thumb_was = (0, 0)

    def repaint(self) -> None:
        """Have those rows painted again whose look changed, as far as there was and is text in them.

        Textual sends a region whole: a row to its end, and a view for want of a row.
        """
        # Textual works these out anew each time they are asked for.
        width, height = self.size
        left, top = self.scroll_offset
        was, self._looks = self._looks, [self._look(row, left, width) for row in range(top, top + height)]
        thumb_was, self._thumb_was = self._thumb_was, self._thumb_rows()
        if len(was) != height:
            self.refresh()
            return
        before, now = range(*thumb_was), range(*self._thumb_was)
        for y, (old, new) in enumerate(zip(was, self._looks, strict=True)):
            if old != new:
                self.refresh(Region(0, y, max(old[0], new[0]), 1))
            if (y in before) != (y in now):
                self.refresh(Region(width - 1, y, 1, 1))

    def _look(self, row: int, left: int, width: int) -> tuple[int, Look]:
        """Where a row's text ends in a view of that width, scrolled so far to the right, and how the row looks."""
        if row >= self._rows.count:
            return (0, ())
        line, part = self._rows.at(row)
        document = self.document
        text = document.text_of(line)
        marks = self._marks(line)
        folded = self._folds.hidden_behind(line)
        look: Look = (
            part,
            document.raw(line),
            document.gutter[line] if document.gutter else None,
            self._gutter,
            left,
            marks,
            self._folds.starts(line),
            folded,
            self.lights(line),
            *self._found(line, text),
            self.stop if self._has_cursor(line) else None,
        )
        whole = any(marks) or folded or self._rows.room is not None
        return (width if whole else min(width, self._gutter + max(0, cells(text) - left)), look)

    def watch_has_focus(self, value: bool) -> None:
        """The cursor's line looks otherwise while the keyboard is elsewhere."""
        super().watch_has_focus(value)
        self.repaint()
