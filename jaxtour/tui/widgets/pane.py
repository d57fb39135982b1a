"""A bordered pane that shows one document of a step."""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from textual import events
from textual.geometry import Size

from jaxtour.render.text.layout import in_ascii
from jaxtour.render.text.spans import Line
from jaxtour.tui.compat import set_border_words
from jaxtour.tui.lines.document import EMPTY, NOTHING, Columns, Document, Highlighted, Piece
from jaxtour.tui.lines.view import CursorMoved, LinesView
from jaxtour.tui.panes import PaneSpec
from jaxtour.tui.styling import content
from jaxtour.tui.tour.view import StepView
from jaxtour.tui.widgets.pane_cursor import PaneCursor

FRAME = 5
"""Columns of a pane that are not text: border, a space on either side, and where one is."""
BORDER = (3, 2)
"""Columns and rows of a pane that are border and padding."""


class Pane(LinesView):
    """Shows what its spec makes of a view."""

    DEFAULT_CSS = """
    Pane { border: round $border-idle; border-title-color: $foreground 62%; border-title-background: transparent;
           border-subtitle-color: $foreground 62%; padding: 0 0 0 1; }
    Pane:focus { border-top: round $primary; border-title-color: $text-primary; border-title-style: bold; }
    Pane:ansi { border-subtitle-style: dim; }
    """

    def __init__(self, spec: PaneSpec, cursor: PaneCursor | None = None, *, ascii_only: bool = False) -> None:
        super().__init__(spec.name, ascii_only=ascii_only)
        self._own = cursor or PaneCursor()
        self._own.pane = self
        self.led = True
        self.spec = spec
        self.whole = False
        """Whether it fills the screen."""
        self.view: StepView | None = None
        self._made_from: tuple[Any, Any] | None = None
        self._made: OrderedDict[int, Document] = OrderedDict()
        self._titles: tuple[Line, Line] = ((), ())
        self._tabs: Line | None = None
        self._words: Line = ()
        """What stands in the border in place of the document's own words."""
        self._told: Line = ()
        """What stands there in place of both."""
        self._shown = ""
        """What is shown, among all that was ever shown here."""
        self._places: dict[str, tuple[int, Columns | None]] = {}
        """Where the cursor was left, by what was shown."""
        self._selected: tuple[int, Columns] | None = None
        """What was selected last in the line of the cursor."""
        self._wanted = 0
        """Rows that were wanted when there was last something to show."""
        self._fresh = True
        """Whether the document is to be shown from its anchor when there is next a place for it."""

    def update_view(self, view: StepView, *, fresh: bool) -> None:
        """Show the view; `fresh` when it is another step."""
        made_from = self.spec.made_from(view)
        self.view = view
        if fresh:
            self._wanted = 0
        if made_from == self._made_from and not fresh:
            return
        changed = made_from != self._made_from
        self._made_from = made_from
        if changed:
            self._made.clear()
        self._fresh = self._fresh or fresh
        if self.is_attached and self.size.width:
            self._show_made()

    def prime(self, size: Size) -> None:
        """Take on the document that fits a size, border included, before there is a layout."""
        self.scene.document = EMPTY
        self.show(self.document_at(size.width - FRAME), room=size - BORDER)
        self._take_place()

    def foresee(self, size: Size) -> None:
        """Take on the size, border included, that the next layout will bring, so that it need not bring another."""
        self._fit(size - BORDER)

    def _show_made(self) -> None:
        held = self._own.pieces
        self._leave_place()
        fresh = self._fresh or self._shown != self.name_of_shown
        self._fresh = False
        had_cursor = self.document.cursor
        self.show(self.document_at(self.text_width), fresh=fresh)
        if fresh or not had_cursor:
            self._take_place()
        else:
            self._select_again()
        self._draw_anew()
        self.title(self._tabs)
        self._own.stay_with(held)

    def _draw_anew(self) -> None:
        """Have lines highlighted again, because the highlighted ones are others now or stand elsewhere."""
        if self.document.cursor:
            self.post_message(CursorMoved(self, self.cursor, self.selection, moved=False))

    @property
    def name_of_shown(self) -> str:
        """What is shown, by a name that nothing else has."""
        view = self.view
        return f"{view.cell} {self.spec.shows(view)}" if view else ""

    def _leave_place(self) -> None:
        if not self.document.cursor:
            return
        self._places[self._shown] = (self.cursor, self.selection)
        if self.selection is not None:
            self._selected = (self.cursor, self.selection)
        elif self._selected is not None and self._selected[0] != self.cursor:
            self._selected = None

    def _select_again(self) -> None:
        """Select what was, where there was nothing to select for a while."""
        if self.selection is None and self._selected is not None:
            line, selection = self._selected
            if line == self.cursor and selection in self.document.selectable_in(line):
                self.move_to(line, selection)

    def _take_place(self) -> None:
        """Put the cursor where it was left, or where it is at first."""
        self._shown, self._selected = self.name_of_shown, None
        if self.document.cursor and self.view is not None:
            line, selection = self._places.get(self._shown, (self.spec.start(self.view), None))
            self.move_to(line, selection if selection in self.document.selectable_in(line) else None)
        self._own.arrive()

    def shift_place(self, by: int) -> None:
        """Let the cursor stay with its line, of which so many come to stand before it."""
        if self.document.cursor:
            self.scene.cursor.line = max(0, self.cursor + by)

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
            make = (self.whole and self.spec.whole) or self.spec.document
            self._made[width] = make(self.view, width)
            if len(self._made) > 2:
                self._made.popitem(last=False)
        self._made.move_to_end(width)
        return self._made[width]

    def fill_screen(self, whole: bool) -> None:
        """Show what there is room for where it fills the screen, or no more than usual, from the next layout on."""
        if whole != self.whole:
            self.whole = whole
            if self.spec.whole:
                self._made.clear()

    def wanted(self, columns: int) -> int:
        """Rows that would show everything, border included; while more is to come, as many as there were."""
        rows = len(self.document_at(columns - FRAME).lines) + 2
        awaits = self.view is not None and self.spec.awaits(self.view)
        self._wanted = max(rows, self._wanted) if awaits else rows
        return self._wanted

    def step(self, count: int) -> None:
        """Go down by so many rows, or up, in the way of the pane's own cursor."""
        if not self._own.step(count):
            super().step(count)

    def action_fold(self) -> None:
        """Fold or unfold what the cursor is on, or the block around it."""
        if not self._own.fold():
            super().action_fold()

    def action_fold_all(self) -> None:
        """Fold everything; unfold it where anything is folded."""
        if not self._own.fold_all():
            super().action_fold_all()

    def highlighted_anew(self) -> Highlighted:
        """What stands out when other lines are shown."""
        return self._own.highlighted_anew()

    @property
    def pieces(self) -> Sequence[Piece]:
        """What the cursor is on, of all that is linked with devices."""
        return self._own.pieces

    # What the cursor of another pane brings ------------------------------------------------------------------------

    def take_highlights(self, highlighted: Highlighted) -> None:
        """Highlight what belongs to the cursor when it is next painted."""
        self.scene.highlighted = highlighted

    def highlight(self, highlighted: Highlighted, *, follow: bool = True) -> None:
        """Highlight what belongs to the cursor; bring the first of it into view where nothing of it is there."""
        self.set_highlights(*highlighted)
        rows, matches = self.scene.plan.rows, highlighted.matches
        if not follow or not matches or not rows.count or not self.size.height:
            return
        top = self.scroll_offset.y
        first, last = (rows.at(min(row, rows.count - 1))[0] for row in (top, top + self.size.height - 1))
        place = bisect_left(matches, first)
        if place == len(matches) or matches[place] > last:
            self.scroller.reveal(matches[0])

    def highlight_nothing(self) -> None:
        """Highlight nothing, and say nothing of it."""
        self.highlight(NOTHING)
        self.say(())

    def say(self, words: Line) -> None:
        """Have these words in the border, instead of what the document says, or none."""
        if words != self._words:
            self._words = words
            self.title(self._tabs)

    def tell(self, words: Line) -> None:
        """Have these words there before all others: what a search found."""
        if words != self._told:
            self._told = words
            self.title(self._tabs)

    @property
    def pattern(self) -> str:
        """What is searched."""
        return self.scene.finder.pattern

    def on_resize(self, event: events.Resize | None = None) -> None:
        """Wrap the text anew."""
        if self.document_at(self.text_width) is not self.document:
            self._show_made()
        super().on_resize(event)
        self._draw_anew()

    def title(self, tabs: Line | None) -> None:
        """Set the border's words: the tabs where several panes share a place, the pane's own otherwise."""
        self._tabs = tabs
        document = self.document
        title = tabs or document.title or ((self.spec.label, ""),)
        titles = (title, self._told or self._words or document.subtitle)
        if titles != self._titles:
            self._titles = titles
            ansi = self.app.native_ansi_color
            [title, subtitle] = in_ascii(list(titles), self.scene.ascii_only)
            set_border_words(self, content(title, ansi=ansi), content(subtitle, ansi=ansi))
