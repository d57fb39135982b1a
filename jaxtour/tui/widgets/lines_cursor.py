"""The cursor in a document: its line, the selected piece of the line, and the lines that are lit."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from textual import events
from textual.message import Message

from jaxtour.tui.document import EMPTY, Columns, Document, Lights, cells
from jaxtour.tui.widgets.lines_paint import dark
from jaxtour.tui.widgets.lines_rows import GOES_ON, breaks
from jaxtour.tui.widgets.lines_scroll import ScrolledLines

CONTEXT = 2
"""Lines that stay in view above and below the cursor."""
SCAN = 1000
"""Lines that are asked for their stops before left and right give up."""


class CursorMoved(Message):
    """The cursor of a view is on another line, or on another piece of it; or what is around it was drawn anew."""

    def __init__(self, view: "CursorLines", line: int, stop: Columns | None, *, moved: bool = True) -> None:
        super().__init__()
        self.view = view
        self.line = line
        self.moved = moved
        """Whether the cursor itself has moved."""
        self.columns = stop
        """The selected piece; `stop` is what ends a message."""

    def can_replace(self, message: Message) -> bool:
        """Only the last of several in a row matters."""
        return isinstance(message, CursorMoved) and message.view is self.view and (message.moved or not self.moved)


class CursorLines(ScrolledLines):
    """A view of lines one of which has the cursor, where the document has one; without, its keys scroll."""

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(name, ascii_only=ascii_only)
        self.matches: Sequence[int] = ()
        """The lines that `walk` goes through, ascending."""
        self.led = False
        """Whether who hears of the cursor calls `settle`, so that what is lit elsewhere is painted in the same frame.

        Textual paints at once when nothing was painted for a while, and then waits for its next frame, up to 30 ms.
        """

    def _adopt(self, old: Document, *, fresh: bool) -> None:
        super()._adopt(old, fresh=fresh)
        document = self.document
        if not document.cursor:
            return
        line, stop = self.cursor, self.stop
        if fresh or old is EMPTY:
            line, stop = document.anchor or 0, None
        line = max(0, min(line, len(document.lines) - 1))
        if stop is not None and stop not in self.stops(line):
            stop = None
        moved = line != self.cursor
        self.cursor, self.stop = line, stop
        self._folds.open_around(line)
        if moved:
            self.post_message(CursorMoved(self, line, stop))
        if not fresh and (moved or not old.cursor):
            self.call_after_refresh(self._keep_in_view, document)

    def _keep_in_view(self, document: Document) -> None:
        if document is self.document:
            self.reveal(self.cursor, CONTEXT)

    def unlight(self) -> None:
        """Forget the lights: they were of other lines."""
        self.lights, self.matches = dark, ()

    def set_lights(self, lights: Lights | None, matches: Sequence[int] = ()) -> None:
        """Light lines; only rows in view whose light changed are painted again.

        `matches` are the lines that `walk` goes through, ascending: of an equation that takes several lines, the
        first. Lights end when other lines are shown.
        """
        self.lights, self.matches = lights or dark, matches
        self.repaint()

    def stops(self, line: int) -> Sequence[Columns]:
        """The pieces of a line that can be selected."""
        return self.document.stops(line) if self.document.stops and 0 <= line < len(self.document.lines) else ()

    def move_to(self, line: int, stop: Columns | None = None) -> None:
        """Put the cursor on a line, and select a piece of it; what hides the line unfolds.

        Where the document has no cursor, the line is brought into view.
        """
        if not self.document.lines:
            return
        line = max(0, min(line, len(self.document.lines) - 1))
        if self._rows.hides(line):
            self._folds.open_around(line)
            self.refold()
        if self.document.cursor and (line, stop) != (self.cursor, self.stop):
            self.cursor, self.stop = line, stop
            self.post_message(CursorMoved(self, line, stop))
            if self.led:
                return
        self.settle(line, stop)

    def settle(self, line: int, stop: Columns | None = None) -> None:
        """Bring a line, and a piece of it, into view, and paint what has changed."""
        self.reveal(line, CONTEXT)
        if stop:
            self.reveal_columns(line, stop)
        self.repaint()

    def refold(self) -> None:
        """Take on which blocks are folded."""
        self._fit()
        self.repaint()

    def reveal_columns(self, line: int, columns: Columns) -> None:
        """Scroll so that some characters of a line are in view, their start at least."""
        start, end = self._cells_of(line, columns)
        if self._rows.room is not None:
            part = bisect_right(breaks(self.document.text_of(line), self._rows.room), start) - 1
            row = self._rows.top(line) + min(part, max(0, self._rows.height(line) - 1))
            self.reveal_rows(row, row)
            return
        room = self.size.width - self._gutter - 1
        at = self.scroll_offset.x
        if not (at <= start and end < at + room):
            x = 0 if end < room else max(0, min(start - CONTEXT, end - room // 2))
            self.scroll_to(x=x, animate=False, force=True, immediate=True)

    def _cells_of(self, line: int, columns: Columns) -> Columns:
        text = self.document.text_of(line)
        return cells(text[: columns[0]]), cells(text[: columns[1]])

    def walk(self, by: int) -> bool:
        """Go to the next match, or the one before, round the ends; whether there is any."""
        if not self.matches:
            return False
        here = self.here
        place = bisect_right(self.matches, here) - 1 + by if by > 0 else bisect_left(self.matches, here) + by
        self.move_to(self.matches[place % len(self.matches)])
        return True

    @property
    def here(self) -> int:
        """The cursor's line; without a cursor, the first one in view."""
        if self.document.cursor or not self._rows.count:
            return self.cursor
        return self._rows.at(min(self.scroll_offset.y, self._rows.count - 1))[0]

    def _step(self, rows: int) -> None:
        """By rows, so that what is folded is stepped over."""
        if not self._rows.count:
            return
        top = self._rows.top(self.cursor)
        last = top + max(1, self._rows.height(self.cursor)) - 1
        above, below = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        if (rows == 1 and top < below <= last) or (rows == -1 and top < above <= last):
            # A wrapped line of which only a part is in view: it may be higher than that.
            self._by(0, rows)
            return
        start = last if rows > 0 else top
        self.move_to(self._rows.at(max(0, min(start + rows, self._rows.count - 1)))[0])

    def _page(self, by: int) -> None:
        rows = by * max(1, self.size.height - 1)
        if self.document.cursor:
            self._by(0, rows)
            self._step(rows)
        else:
            self._by(0, rows)

    def _across(self, by: int) -> bool:
        """Select the stop after or before; whether there is one to go to."""
        stops = self.stops(self.cursor)
        if self.document.stops is None or not stops:
            return False
        entry = 0 if by > 0 else -1
        place = stops.index(self.stop) + by if self.stop in stops else entry
        if 0 <= place < len(stops):
            self.move_to(self.cursor, stops[place])
            return True
        for line in range(self.cursor + by, self.cursor + by * SCAN, by):
            if not 0 <= line < len(self.document.lines):
                break
            if stops := self.stops(line):
                self.move_to(line, stops[entry])
                break
        return True

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the click was."""
        offset = event.get_content_offset(self)
        row = offset.y + self.scroll_offset.y if offset is not None else self._rows.count
        if offset is None or not self.document.cursor or row >= self._rows.count:
            return
        line, part = self._rows.at(row)
        at = offset.x - self._gutter + self.scroll_offset.x
        if part and self._rows.room is not None:
            at += breaks(self.document.text_of(line), self._rows.room)[part] - len(GOES_ON)
        found = None
        for stop in self.stops(line):
            start, end = self._cells_of(line, stop)
            if start <= at < end and (found is None or stop[1] - stop[0] < found[1] - found[0]):
                found = stop
        self.move_to(line, found)

    def action_down(self) -> None:
        """One line down."""
        self._step(1) if self.document.cursor else self._by(0, 1)

    def action_up(self) -> None:
        """One line up."""
        self._step(-1) if self.document.cursor else self._by(0, -1)

    def action_right(self) -> None:
        """The next piece that can be selected; where there is none, eight columns to the right."""
        if not self._across(1):
            self.action_pan_right()

    def action_left(self) -> None:
        """The piece before; where there is none, eight columns to the left."""
        if not self._across(-1):
            self.action_pan_left()

    def action_page_down(self) -> None:
        """One screenful down."""
        self._page(1)

    def action_page_up(self) -> None:
        """One screenful up."""
        self._page(-1)

    def action_top(self) -> None:
        """To the first line."""
        if self.document.cursor:
            self.move_to(0)
        self.scroll_to(0, 0, animate=False, force=True, immediate=True)

    def action_bottom(self) -> None:
        """To the last line."""
        if self.document.cursor:
            self.move_to(len(self.document.lines) - 1)
        self.scroll_end(animate=False, force=True, immediate=True, x_axis=False)
