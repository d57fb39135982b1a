"""A bordered pane that shows one document of a step."""

from collections import OrderedDict
from typing import Any

from textual import events
from textual.geometry import Region, Size

from jaxtour.render.layout import in_ascii
from jaxtour.render.spans import Line
from jaxtour.tui.document import EMPTY, Document
from jaxtour.tui.panes import PaneSpec
from jaxtour.tui.styling import content
from jaxtour.tui.visit import View
from jaxtour.tui.widgets.lines import LinesView

FRAME = 5
"""Columns of a pane that are not text: border, a space on either side, and where one is."""
BORDER = (3, 2)
"""Columns and rows of a pane that are border and padding."""


class Pane(LinesView):
    """Shows what its spec makes of a view."""

    DEFAULT_CSS = """
    Pane { border: round $border-idle; border-title-color: $foreground 62%; border-title-background: transparent;
           border-subtitle-color: $foreground 62%; padding: 0 0 0 1; }
    Pane:focus { border: round $primary; border-title-color: $text-primary; border-title-style: bold; }
    Pane:ansi { border-subtitle-style: dim; }
    """

    def __init__(self, spec: PaneSpec, *, ascii_only: bool = False) -> None:
        super().__init__(spec.name, ascii_only=ascii_only)
        self.spec = spec
        self.view: View | None = None
        self._depends: tuple[Any, ...] | None = None
        self._made: OrderedDict[int, Document] = OrderedDict()
        self._titles: tuple[Line, Line] = ((), ())
        self._tabs: Line | None = None
        self._fresh = True
        """Whether the document is to be shown from its anchor when there is next a place for it."""

    def update_view(self, view: View, *, fresh: bool) -> None:
        """Show the view; `fresh` when it is another step."""
        depends = self.spec.depends(view)
        self.view = view
        if depends == self._depends and not fresh:
            return
        changed = depends != self._depends
        self._depends = depends
        if changed:
            self._made.clear()
        self._fresh = self._fresh or fresh
        if self.is_attached and self.size.width:
            self._show_made()

    def prime(self, size: Size) -> None:
        """Take on the document that fits a size, border included, before there is a layout."""
        self.document = EMPTY
        self.show(self.document_at(size.width - FRAME), room=size - BORDER)

    def foresee(self, size: Size) -> None:
        """Take on the size, border included, that the next layout will bring, so that it need not bring another."""
        self._fit(size - BORDER)

    def _show_made(self) -> None:
        self.show(self.document_at(self.text_width), fresh=self._fresh)
        self._fresh = False
        self.title(self._tabs)

    @property
    def text_width(self) -> int:
        """Columns for the text."""
        return self.outer_size.width - FRAME

    def document_at(self, width: int) -> Document:
        """The document as wide as that."""
        if self.view is None:
            return Document()
        width = max(width, 1)
        if width not in self._made:
            self._made[width] = self.spec.document(self.view, width)
            if len(self._made) > 2:
                self._made.popitem(last=False)
        self._made.move_to_end(width)
        return self._made[width]

    def wanted(self, columns: int) -> int:
        """Rows that would show everything, border included."""
        return len(self.document_at(columns - FRAME).lines) + 2

    def on_resize(self, event: events.Resize | None = None) -> None:
        """Wrap the text anew."""
        if self.document_at(self.text_width) is not self.document:
            self._show_made()
        super().on_resize(event)

    def title(self, tabs: Line | None) -> None:
        """Set the border's words: the tabs where several panes share a place, the pane's own otherwise."""
        self._tabs = tabs
        document = self.document
        title = tabs or document.title or ((self.spec.label, ""),)
        titles = (title, document.subtitle)
        if titles != self._titles:
            self._titles = titles
            ansi = self.app.native_ansi_color
            [title, subtitle] = in_ascii(list(titles), self.ascii_only)
            # The attributes' setters would repaint the whole pane.
            self._border_title = content(title, ansi=ansi)
            self._border_subtitle = content(subtitle, ansi=ansi)
            width, height = self.outer_size
            self.refresh(Region(-2, -1, width, 1), Region(-2, height - 2, width, 1))
