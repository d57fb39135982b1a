"""The calls behind a line of the source, and the source of each, read-only."""

from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.library import CallsOf, LibraryCall, call_lines, total
from jaxtour.render.text.code import python_lines
from jaxtour.render.text.layout import Line, clip, wrap
from jaxtour.text import Raw, grouped, plural
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.panes.source import code_of
from jaxtour.tui.screens.box import KEYS_CELLS, BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.view import StepView

MOST_LINES = 50_000
"""The most lines of a file; colouring this many takes a second."""


class LibraryScreen(BoxScreen[int | None]):
    """Returns the line of an equation to show in the jaxpr, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("library"), *bindings("pane")]

    def __init__(self, view: StepView, stage: StageText, found: CallsOf, words: str) -> None:
        self._lines = LinesView("library", ascii_only=view.ascii)
        super().__init__(self._lines, ascii_only=view.ascii)
        self._view = view
        self._stage = stage
        self._found = found
        self._words = words
        """The line of the source."""
        self._shown: LibraryCall | None = None
        """The frame whose source is shown."""
        self._left = 0
        """The row of the tree to come back to."""

    def refill(self) -> None:
        """Show the tree, or the source."""
        if self._shown is None:
            self._show_tree(fresh=False)

    def _show_tree(self, *, fresh: bool) -> None:
        rows, every, width = self._found.rows, total(self._stage), self.inside()
        lines = call_lines(self._stage, self._found, every, width - GUTTER)
        folds = [(place, place + row.below) for place, row in enumerate(rows) if row.below]
        self._lines.show(Document(lines=lines, cursor=True, folds=folds), fresh=fresh)
        said = f" → {plural(self._found.total, 'equation')} of {grouped(every)}"
        self.entitle(((clip(self._words, width - len(said) - CORNERS), ""), (said, "muted")), self._keys())

    def _keys(self) -> Line:
        actions = in_footer("library", Context())
        return keys_line(actions if self._shown is None else actions[-1:], self._view.keys, KEYS_CELLS)

    def action_library_open(self) -> None:
        """Show the source of the call under the cursor."""
        if self._shown is not None:
            return
        self._left = self._lines.cursor
        frame = self._shown = self._found.rows[self._left].node.frame
        try:
            own = "\n".join(code_of(self._view, frame.file))
            source = Raw(own or _read(frame.file)).shown
        except OSError as error:
            said: Line = ((f"{frame.file} cannot be read here: {error.strerror or error}", "muted"),)
            self._lines.show(Document(lines=wrap(said, self.inside())), fresh=True)
        else:
            lines = python_lines(source)
            digits = len(str(len(lines)))
            gutter: list[Line] = [((f"{number:>{digits}} ", "faint"),) for number in range(1, len(lines) + 1)]
            self._lines.show(Document(lines=lines, gutter=gutter, cursor=True), fresh=True)
            self._lines.move_to(frame.line - 1)
        self.entitle(((frame.place, "link"), ("  read-only", "muted")), self._keys())

    def action_library_stage(self) -> None:
        """Go to the first equation of the call, in the jaxpr."""
        if self._shown is None:
            self.dismiss(self._found.rows[self._lines.cursor].lines[0])

    def action_library_back(self) -> None:
        """Go back from a source to the tree, or from the tree to the step."""
        if self._shown is None:
            self.dismiss(None)
            return
        self._shown = None
        self._show_tree(fresh=True)
        self._lines.move_to(self._left)


GUTTER = 3
"""Columns left of the tree: the cursor, the sign of a fold, and a highlight's."""
CORNERS = 2
"""Columns of the border at the sides of its words, besides the frame's."""


def _read(file: str) -> str:
    """Return the text of a file; raises OSError."""
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.split("\n")[:MOST_LINES])
