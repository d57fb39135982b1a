"""Folding blocks and wrapping lines while a view shows them."""

from typing import TYPE_CHECKING

from jaxtour.tui.lines.scroll import Scroller

if TYPE_CHECKING:
    from jaxtour.tui.lines.view import LinesView


class Folding:
    """Folds, unfolds and wraps in one view, so that the line one is at stays in its row."""

    def __init__(self, view: "LinesView", scroller: Scroller) -> None:
        self._view = view
        self._scroller = scroller
        self._plan = view.scene.plan

    def toggle(self) -> bool:
        """Fold the innermost block around the cursor, or unfold it; whether there is one."""
        folds = self._plan.folds
        first = folds.around(self._view.here)
        if first is not None:
            folds.closed ^= {first}
            self._take_on(first)
        return first is not None

    def toggle_all(self) -> None:
        """Fold every block; unfold them where any is folded."""
        if self._plan.folds.closed:
            self.unfold_all()
        else:
            self.fold_all()

    def fold_all(self) -> None:
        """Fold every block, but not one that holds all the others."""
        folds = self._plan.folds
        folds.close_all()
        self._take_on(folds.seen(self._view.here))

    def unfold_all(self) -> None:
        """Unfold every block."""
        self._plan.folds.closed.clear()
        self._take_on(self._view.here)

    def unfold_around(self, line: int) -> None:
        """Unfold whatever hides a line."""
        if self._plan.rows.hides(line):
            self._plan.folds.open_around(line)
            self._view.refit()

    def _take_on(self, line: int) -> None:
        """Show which blocks are folded, with the cursor on a line that none of them hides, and the line in its row."""
        view = self._view
        if view.document.lines:
            row = self._scroller.row_of(line)
            view.refit()
            self._scroller.keep_row(line, max(0, row))
            view.move_to(line, view.selection if line == view.cursor else None)

    @property
    def wrap(self) -> bool:
        """Whether long lines go on in the row below."""
        return self._plan.wrap

    @wrap.setter
    def wrap(self, wrap: bool) -> None:
        if wrap == self._plan.wrap:
            return
        here = self._view.here
        row = self._scroller.row_of(here)
        self._plan.wrap = wrap
        self._scroller.to(x=0)
        self._view.refit()
        if self._plan.rows.count:
            self._scroller.keep_row(here, row)
            if self._view.document.cursor:
                self._scroller.reveal(here, 0)
