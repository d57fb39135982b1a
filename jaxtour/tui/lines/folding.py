"""Folding blocks and wrapping lines while a view shows them."""

from collections.abc import Callable

from jaxtour.tui.lines.document import Columns
from jaxtour.tui.lines.scene import Scene
from jaxtour.tui.lines.scroll import Scroller


class Folding:
    """Folds, unfolds and wraps in one view, so that the line one is at stays in its row."""

    def __init__(
        self,
        scene: Scene,
        scroller: Scroller,
        refit: Callable[[], None],
        move_to: Callable[[int, Columns | None], None],
    ) -> None:
        self._scene = scene
        self._plan = scene.plan
        self._scroller = scroller
        self._refit = refit
        """Works out the rows anew, and paints what changed."""
        self._move_to = move_to

    @property
    def _here(self) -> int:
        return self._scene.here(self._scroller.top)

    def toggle(self) -> bool:
        """Fold the innermost block around the cursor, or unfold it; whether there is one."""
        folds = self._plan.folds
        first = folds.around(self._here)
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
        self._take_on(folds.seen(self._here))

    def unfold_all(self) -> None:
        """Unfold every block."""
        self._plan.folds.closed.clear()
        self._take_on(self._here)

    def unfold_around(self, line: int) -> None:
        """Unfold whatever hides a line."""
        if self._plan.rows.hides(line):
            self._plan.folds.open_around(line)
            self._refit()

    def _take_on(self, line: int) -> None:
        """Show which blocks are folded, with the cursor on a line that none of them hides, and the line in its row."""
        if self._scene.document.lines:
            row = self._scroller.row_of(line)
            self._refit()
            self._scroller.keep_row(line, max(0, row))
            cursor = self._scene.cursor
            self._move_to(line, cursor.selection if line == cursor.line else None)

    @property
    def wrap(self) -> bool:
        """Whether long lines go on in the row below."""
        return self._plan.wrap

    @wrap.setter
    def wrap(self, wrap: bool) -> None:
        if wrap == self._plan.wrap:
            return
        here = self._here
        row = self._scroller.row_of(here)
        self._plan.wrap = wrap
        self._scroller.to(x=0)
        self._refit()
        if self._plan.rows.count:
            self._scroller.keep_row(here, row)
            if self._scene.document.cursor:
                self._scroller.reveal(here, 0)
