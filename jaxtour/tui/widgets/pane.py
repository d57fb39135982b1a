"""A bordered pane that shows one document of a step."""

from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any

import msgspec
from textual import events
from textual.geometry import Size

from jaxtour.engine.compare.answers import as_word
from jaxtour.engine.report import Report
from jaxtour.render.text.layout import Line, in_ascii
from jaxtour.tui.compat import set_border_words
from jaxtour.tui.lines.cursor import CursorMoved
from jaxtour.tui.lines.document import EMPTY, NOTHING, Columns, DevicePiece, Document, Highlighted
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.messages import AskedBelow
from jaxtour.tui.styling import content
from jaxtour.tui.tour.practice import Prediction
from jaxtour.tui.tour.view import StepView
from jaxtour.tui.widgets.arrange import Slot
from jaxtour.tui.widgets.cursors import PaneCursor

FRAME = 5
"""Columns of a pane without text: border, padding, and the column of the position."""
STEPS = 3
"""Steps left behind whose documents a pane keeps."""
BORDER = (3, 2)
"""Columns and rows of border and padding."""


class PaneSpec(msgspec.Struct, frozen=True):
    """One pane: its name, its label, and how its document is made."""

    name: Slot
    label: str
    document: Callable[[StepView, int], Document]
    of_view: Callable[[StepView], Any]
    """The facts of the view that the document depends on; the document stays while these and `of_report` stay."""
    of_report: Callable[[Report], Any]
    """The facts of the report that it depends on, if there is a report."""
    whole: Callable[[StepView, int], Document] | None = None
    """The document when the pane fills the screen, if that is different."""
    tab: bool = False
    """Whether it shares a place with others in a narrow terminal."""
    shows: Callable[[StepView], str] = lambda _: ""
    """A name for what it shows of the step; each keeps its own cursor."""
    start: Callable[[StepView], int] = lambda _: 0
    """The first line of the cursor."""
    awaits: Callable[[StepView], bool] = lambda view: view.awaits
    """Whether its content is still pending; it does not shrink meanwhile."""
    reads: bool = False
    """Whether it is read from start to end: its border names the key that shows what is below."""
    edited: bool = False
    """Whether its text may change meanwhile; the cursor stays with its line."""

    def made_from(self, view: StepView) -> tuple[Any, ...]:
        """Return what the document depends on; a pane is only entered when this changes."""
        return self.of_view(view), self.of_report(view.report) if view.report else None, view.mark(self.name)


class Pane(LinesView):
    """Shows the document that its spec makes from a step view."""

    DEFAULT_CSS = """
    Pane { border: round $border-idle; border-title-color: $foreground 62%; border-title-background: transparent;
           border-subtitle-color: $foreground 62%; padding: 0 0 0 1; }
    Pane:focus { border-top: round $primary; border-title-color: $text-primary; border-title-style: bold; }
    Pane:ansi { border-subtitle-style: dim; }
    """

    def __init__(self, spec: PaneSpec, cursor: PaneCursor | None = None, *, ascii_only: bool = False) -> None:
        super().__init__(spec.name, ascii_only=ascii_only)
        self._cursor = cursor
        if cursor:
            cursor.pane = self
        self.led = True
        self.spec = spec
        self.whole = False
        self.view: StepView | None = None
        self._made_from: tuple[Any, ...] | None = None
        self._made: OrderedDict[int, Document] = OrderedDict()
        """The documents that were made from it, by their width."""
        self._left: deque[tuple[tuple[Any, ...], OrderedDict[int, Document]]] = deque(maxlen=STEPS)
        """The documents of the last steps, with what they were made from: a learner who goes on often comes back."""
        self._titles: tuple[Line, Line] = ((), ())
        self._tabs: Line | None = None
        self.way_back: Line = ()
        """The key that brings the other panes back, behind the title, while this one hides them."""
        self._words: Line = ()
        """Words of a link in the border, in place of the document's own."""
        self._found: Line = ()
        """Words of a search there, in place of both."""
        self._shown = ""
        self._places: dict[str, tuple[int, Columns | None]] = {}
        """The last place of the cursor, by the name of what was shown."""
        self._selected: tuple[int, Columns] | None = None
        """The last selection in the cursor's line."""
        self._proved: tuple[str, int] | None = None
        """What it showed, and from which run, when it last went to a proof on its own."""
        self._asked: Prediction | None = None
        """What there was to say about the step's question when that last came into view."""
        self._at_anchor: int | None = None
        """The row at the top when the anchor last came into view: it stays in view until the learner scrolls."""
        self.asks_below = False
        """Whether a question that waits for an answer is below what is in view, where a key here shows it."""
        self._wanted = 0
        """Rows wanted at the last content."""
        self._fresh = True
        """Whether to show the document from its anchor next time."""

    def update_view(self, view: StepView, *, fresh: bool) -> bool:
        """Show the view, `fresh` for another step; return whether that needs another drawing."""
        made_from = self.spec.made_from(view)
        self.view = view
        if fresh:
            self._wanted = 0
        if made_from == self._made_from and not fresh:
            return False
        if made_from != self._made_from:
            if fresh and self._made_from is not None:
                self._left.append((self._made_from, self._made))
            self._made_from = made_from
            self._made = next((made for known, made in self._left if known == made_from), OrderedDict())
        self._fresh = self._fresh or fresh
        if self.is_attached and self.size.width:
            self._show_made()
        return True

    def prime(self, size: Size) -> None:
        """Show the document for a size, including the border, before the first layout."""
        self.scene.document = EMPTY
        self.show(self.document_at(size.width - FRAME), room=size - BORDER)
        self._take_place()

    def foresee(self, size: Size) -> None:
        """Prepare for the size of the next layout, including the border, so that it causes no second layout."""
        self._fit(size - BORDER)

    def _show_made(self) -> None:
        held = self.pieces
        self._leave_place()
        fresh = self._fresh or self._shown != self.name_of_shown
        self._fresh = False
        had_cursor = self.document.cursor
        document, row = self.document_at(self.outer_size.width - FRAME), self.scroller.row_of(self.cursor)
        moved = self.spec.edited and had_cursor and not fresh and self._move_with_line(document)
        if self.spec.edited and document.anchor not in (None, self.document.anchor):
            self.call_after_refresh(self.scroller.seen, document.anchor, self.move_to)
        self.show(document, fresh=fresh)
        if moved:
            self.scroller.keep_row(self.cursor, row)
        if fresh or not had_cursor:
            self._take_place()
        else:
            self._select_again()
        self._redrawn()
        self.title(self._tabs)
        if held and self._own:
            self._own.stay_with(held)
        asked = self.view.prediction if self.view and self.spec.reads else None
        if document.anchor is not None and self._asked != asked:
            self.call_after_refresh(self._to_anchor, document)
        self._asked = asked
        if document.proof and self._proved != self._proving:
            self.call_after_refresh(self.to_proof if document.cursor else self.from_proof)

    @property
    def _proving(self) -> tuple[str, int]:
        """What is shown, and the run that it comes from."""
        return self.name_of_shown, self.view.report.run if self.view and self.view.report else 0

    def to_proof(self) -> None:
        """Go to the first line that proves the answer, with the others in view if they fit."""
        if self.document.proved is None:
            return
        first, last = self.document.proved
        self._proved = self._proving
        if self.document.cursor:
            self.move_to(first)
        self.scroller.reveal_lines(first, last)

    def from_proof(self) -> None:
        """Show the document from its first line, or its anchor, and no further than the proof."""
        if self.document.anchor is None:
            self.scroller.to(y=0)
        else:
            self.scroller.to_anchor()
        self.to_proof()

    def _redrawn(self) -> None:
        """Ask for new highlights, since lines changed or moved."""
        if self.document.cursor:
            self.post_message(CursorMoved(self, self.cursor, self.selection, moved=False))

    def _move_with_line(self, document: Document) -> bool:
        """Move the cursor to where its line is in another version of the text; return whether that is elsewhere."""
        line, before, after = self.cursor, self.document.texts, document.texts
        if before[: line + 1] == after[: line + 1]:
            return False
        alike = reversed(SequenceMatcher(None, before, after).get_matching_blocks())
        # An edited line stays after the lines before it.
        by = next((now - was for was, now, size in alike if size and was <= line), 0)
        self.scene.cursor.line = line + by
        return by != 0

    @property
    def name_of_shown(self) -> str:
        """A unique name for what is shown."""
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
        """Restore the selection when its line can be selected again."""
        if self.selection is None and self._selected is not None:
            line, selection = self._selected
            if line == self.cursor and selection in self.document.selectable_in(line):
                self.move_to(line, selection)

    def _take_place(self) -> None:
        """Put the cursor at its last place in what is shown, or at the first one."""
        self._shown, self._selected = self.name_of_shown, None
        if self.document.cursor and self.view is not None:
            line, selection = self._places.get(self._shown, (self.spec.start(self.view), None))
            self.move_to(line, selection if selection in self.document.selectable_in(line) else None)
        if self._own:
            self._own.arrive()

    @property
    def _own(self) -> PaneCursor | None:
        """The pane's own cursor, if the document is made for it."""
        return self._cursor if self.document.steered else None

    def document_at(self, width: int) -> Document:
        """Return the document at a width."""
        if self.view is None:
            return Document()
        width = max(width, 1)
        if width not in self._made:
            make = (self.whole and self.spec.whole) or self.spec.document
            made = make(self.view, width)
            if word := self.view.mark(self.spec.name):
                made = msgspec.structs.replace(made, proof=as_word(word))
            self._made[width] = made
            if len(self._made) > 2:
                self._made.popitem(last=False)
        self._made.move_to_end(width)
        return self._made[width]

    def fill_screen(self, whole: bool) -> None:
        """Show the document for the whole screen, or the usual one, from the next layout on."""
        if whole != self.whole:
            self.whole = whole
            if self.spec.whole:
                self._made.clear()
                self._left.clear()

    def wanted(self, columns: int) -> int:
        """Return the rows that would show everything, including the border.

        While more is pending, never fewer than before.
        """
        rows = len(self.document_at(columns - FRAME).lines) + 2
        awaits = self.view is not None and self.spec.awaits(self.view)
        self._wanted = max(rows, self._wanted) if awaits else rows
        return self._wanted

    def action_step(self, count: int) -> None:
        """Go down by some rows, or up, as the pane's own cursor does."""
        if not (self._own and self._own.step(count)):
            super().action_step(count)

    def action_across(self, by: int) -> None:
        """Go to the right, or to the left, as the pane's own cursor does."""
        if not (self._own and self._own.across(by)):
            super().action_across(by)

    def action_fold(self) -> None:
        """Fold or unfold at the cursor."""
        if not (self._own and self._own.fold()):
            super().action_fold()

    def action_fold_all(self) -> None:
        """Fold everything, or unfold all if anything is folded."""
        if not (self._own and self._own.fold_all()):
            super().action_fold_all()

    def new_highlights(self) -> Highlighted:
        """Return the highlights when other lines are shown."""
        return self._own.new_highlights() if self._own else NOTHING

    @property
    def pieces(self) -> Sequence[DevicePiece]:
        """The pieces under the cursor that are linked with devices."""
        return self._own.pieces if self._own else ()

    # Highlights and borders ----------------------------------------------------------------------------------------

    def highlight(self, highlighted: Highlighted, *, follow: bool = True) -> None:
        """Highlight lines; with `follow`, bring the first match into view if none is."""
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
        """Remove the highlights and their words in the border."""
        self.highlight(NOTHING)
        self.say(())

    def say(self, words: Line) -> None:
        """Show words of a link in the border, in place of the document's own."""
        if words != self._words:
            self._words = words
            self.title(self._tabs)

    def say_found(self, words: Line) -> None:
        """Show words of a search there, in place of all others."""
        if words != self._found:
            self._found = words
            self.title(self._tabs)

    def on_resize(self, event: events.Resize | None = None) -> None:
        """Wrap the text again."""
        if self.document_at(self.outer_size.width - FRAME) is not self.document:
            self._show_made()
        super().on_resize(event)
        self._redrawn()
        if self.document.anchor is not None and self.scroll_offset.y == self._at_anchor:
            self._to_anchor(self.document)
        self.title(self._tabs)

    def _to_anchor(self, document: Document) -> None:
        super()._to_anchor(document)
        self._at_anchor = self.scroll_offset.y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say whether there is more below."""
        super().watch_scroll_y(old_value, new_value)
        self.title(self._tabs)

    def watch_has_focus(self, value: bool) -> None:
        """Show the border's key where it works."""
        super().watch_has_focus(value)
        if self.spec.reads:
            self.title(self._tabs)

    @property
    def _more(self) -> Line:
        """The key that shows what is below, if there is something."""
        rows, end = self.scene.plan.rows, self.scroll_offset.y + self.size.height
        here = self.spec.reads and self.has_focus and self.size.height and rows.count > end and self.view
        asks = bool(here) and rows.at(end)[0] < self.document.asked
        if asks != self.asks_below:
            self.asks_below = asks
            self.post_message(AskedBelow())
        if not here or not self.view:
            return ()
        words = " shows the question" if asks else " shows more"
        return ((self.view.keys.of("page_down")[-1], "strong"), (words, "muted"))

    @property
    def _below_start(self) -> Line:
        """Return which lines of a result are in view, if its start is not: `lines 4-8 of 11`."""
        rows, top, document = self.scene.plan.rows, self.scroll_offset.y, self.document
        of_all = self.view is not None and self.view.state.process is None
        if self.spec.name != "result" or not of_all or not 0 < top < rows.count:
            return ()
        first, last = (rows.at(min(row, rows.count - 1))[0] + 1 for row in (top, top + self.size.height - 1))
        return ((f"lines {first}-{last} of {len(document.lines)}", ""),)

    def title(self, tabs: Line | None) -> None:
        """Set the words of the border: the tabs if several panes share a place, otherwise the pane's own title."""
        self._tabs = tabs
        document = self.document
        title = (*(tabs or document.title or ((self.spec.label, ""),)), *self.way_back)
        titles = (title, self._found or self._words or self._more or self._below_start or document.subtitle)
        if titles != self._titles:
            self._titles = titles
            ansi = self.app.native_ansi_color
            [title, subtitle] = in_ascii(list(titles), self.scene.ascii_only)
            set_border_words(self, content(title, ansi=ansi), content(subtitle, ansi=ansi))
