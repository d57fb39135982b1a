"""One widget for all big text: only the lines in view are made, and only the rows that changed are repainted."""

from typing import ClassVar

from textual.binding import BindingType

from jaxtour.tui.actions import bindings
from jaxtour.tui.widgets.lines_cursor import CursorLines, CursorMoved
from jaxtour.tui.widgets.lines_search import Search

__all__ = ["CursorMoved", "LinesView"]


class LinesView(CursorLines, can_focus=True, inherit_bindings=False):
    """A scrolling view of a document: with a cursor, lights, folded blocks, wrapped lines and a search.

    Whatever is named by a number is a line of the document; rows of the view are its own affair. The last column
    shows where one is. Textual's scrollbars are not used: each time one comes or goes they ask for a second layout,
    and a second repaint of everything in it.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("pane")
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LinesView { overflow: hidden hidden; }
    """

    # Folding --------------------------------------------------------------------------------------------------------

    @property
    def folded(self) -> int:
        """How many blocks are folded."""
        return len(self._folds.closed)

    def toggle_fold(self) -> bool:
        """Fold the innermost block around the cursor, or unfold it; whether there is one."""
        first = self._folds.around(self.here)
        if first is None:
            return False
        self._folds.closed ^= {first}
        self._refolded(first)
        return True

    def fold_all(self) -> None:
        """Fold every block, but not one that holds all the others."""
        self._folds.close_all()
        self._refolded(self._folds.seen(self.here))

    def unfold_all(self) -> None:
        """Unfold every block."""
        self._folds.closed.clear()
        self._refolded(self.here)

    def _refolded(self, line: int) -> None:
        """Take on which blocks are folded, with this line, which is none of the hidden ones, where it was."""
        if not self.document.lines:
            return
        row = self._rows.top(line) - self.scroll_offset.y
        self.refold()
        self._to_row(self._rows.top(line) - max(0, row))
        self.move_to(line, self.stop if line == self.cursor else None)

    def action_fold(self) -> None:
        """Fold or unfold the block around the cursor."""
        self.toggle_fold()

    def action_fold_all(self) -> None:
        """Fold every block; unfold them where any is folded."""
        if self.folded:
            self.unfold_all()
        else:
            self.fold_all()

    # Long lines -----------------------------------------------------------------------------------------------------

    @property
    def wrap(self) -> bool:
        """Whether long lines go on in the row below."""
        return self._wrap

    @wrap.setter
    def wrap(self, wrap: bool) -> None:
        if wrap == self._wrap:
            return
        here = self.here
        row = self._rows.top(here) - self.scroll_offset.y if self._rows.count else 0
        self._wrap = wrap
        self.scroll_to(x=0, animate=False, force=True, immediate=True)
        self.refold()
        if self._rows.count:
            self._to_row(self._rows.top(here) - row)
            if self.document.cursor:
                self.reveal(here)

    def action_wrap(self) -> None:
        """Let long lines go on in the row below, or not."""
        self.wrap = not self.wrap

    # Searching ------------------------------------------------------------------------------------------------------

    def search(self, pattern: str) -> int:
        """Show where a text occurs, and say how often; the empty text ends the search."""
        if self._search is None:
            self._searched_from = self.here
        self._search = Search(pattern, self.document.texts) if pattern else None
        self._match = None
        self.repaint()
        return self._search.total if self._search else 0

    @property
    def found(self) -> tuple[int, int] | None:
        """The number of the match that was gone to, from 1, or 0, and of how many; None where nothing is searched."""
        if self._search is None:
            return None
        return (0 if self._match is None else self._match + 1, self._search.total)

    def find(self, by: int) -> bool:
        """Go to the next match, or the one before, round the ends; whether there is any.

        With 0, to the first one from where the search began: what a search does while its text is typed.
        """
        search = self._search
        if search is None or not search.total:
            return False
        match = self._match
        if by == 0:
            match = search.first(self._searched_from)
        elif match is None or (self.document.cursor and search.line_of(match) != self.cursor):
            # The first one after the line, or the last one before it.
            match = search.first(self.here + (by > 0)) - (by < 0)
        else:
            match += by
        self._match = match % search.total
        line = search.line_of(self._match)
        columns = search.ranges(self.document.text_of(line))[self._match - search.first(line)]
        self.move_to(line)
        self.reveal_columns(line, columns)
        self.repaint()
        return True
