"""One widget for all big text: only the lines in view are made, and only the rows that changed are repainted."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.layout import Layout
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from jaxtour.tui.actions import bindings
from jaxtour.tui.lines.charts import Charts
from jaxtour.tui.lines.cursor import next_match
from jaxtour.tui.lines.document import NOTHING, Columns, Document, Highlight, Highlighted, Highlights
from jaxtour.tui.lines.folding import Folding
from jaxtour.tui.lines.motion import clicked, rows_on
from jaxtour.tui.lines.painted import PaintedRows
from jaxtour.tui.lines.painter import Painter
from jaxtour.tui.lines.scene import Port, Scene
from jaxtour.tui.lines.scroll import SIDEWAYS, WHEEL, Scroller
from jaxtour.tui.styling import Palette


class CursorMoved(Message):
    """The cursor of a view is on another line, or on another piece of it; or its lines were drawn anew."""

    def __init__(self, view: "LinesView", line: int, selection: Columns | None, *, moved: bool = True) -> None:
        super().__init__()
        self.view = view
        self.line = line
        self.selection = selection
        self.moved = moved
        """Whether the cursor itself has moved."""

    def can_replace(self, message: Message) -> bool:
        """Only the last of several in a row matters."""
        return isinstance(message, CursorMoved) and message.view is self.view and (message.moved or not self.moved)


class LinesView(ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolling view of a document: with a cursor, highlights, folded blocks, wrapped lines and a search.

    A number names a line of the document; rows are the view's own affair. The last column shows where one is.
    Textual's scrollbars are not used: each time one comes or goes they ask for a second layout, and a second repaint
    of everything in it.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("pane")
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LinesView { overflow: hidden hidden; }
    """

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(id=name)
        self.scene = Scene(ascii_only=ascii_only)
        self.scroller = Scroller(self, self.scene)
        self.folding = Folding(self.scene, self.scroller, self.refit, self.move_to)
        self._painted = PaintedRows(self.scene)
        self._painter: Painter | None = None
        self._charts = Charts(self, self.scene)
        self._following = True
        """Whether the end, or the anchor, is brought into view when it moves."""
        self.led = False
        """Whether who hears of the cursor calls `settle`, so that what it highlights is painted in the same frame.

        Textual paints at once when nothing was painted for a while, and then waits for its next frame, up to 30 ms.
        """

    # What is shown --------------------------------------------------------------------------------------------------

    @property
    def document(self) -> Document:
        """What is shown."""
        return self.scene.document

    @property
    def cursor(self) -> int:
        """The line with the cursor, where the document has one."""
        return self.scene.cursor.line

    @property
    def selection(self) -> Columns | None:
        """The selected piece of that line."""
        return self.scene.cursor.selection

    @property
    def here(self) -> int:
        """The cursor's line; without a cursor, the first one in view."""
        return self.scene.here(self.scroll_offset.y)

    def show(self, document: Document, *, fresh: bool = False, room: Size | None = None) -> None:
        """Show another document; `fresh` starts it at its anchor, otherwise the place in it is kept.

        `room` is the size to come, where there is no layout yet.
        """
        old = self.document
        if not self.max_scroll_y:
            self._following = True
        self._adopt(document, old, fresh=fresh)
        self.scene.measure()
        self._fit(room)
        if fresh:
            self.scroller.to(x=0, y=0)
            # Only now: going to the start looks like scrolling back.
            self._following = True
            if document.anchor is not None or document.follow:
                self.call_after_refresh(self._to_anchor, document)
        elif self._following and (document.follow or document.anchor != old.anchor):
            self.call_after_refresh(self._to_anchor, document)
        self.repaint()
        self._charts.show()

    def _adopt(self, document: Document, old: Document, *, fresh: bool) -> None:
        """Carry over to another document what the old one's lines were given."""
        moved = self.scene.adopt(document, fresh=fresh)
        if self._painter:
            self._painter.forget()
        if document.lines is not old.lines:
            self.scene.highlighted = self.highlighted_anew()
        if moved:
            self.post_message(CursorMoved(self, self.cursor, self.selection))
        if document.cursor and not fresh and (moved or not old.cursor):
            self.call_after_refresh(self._keep_in_view, document)

    def _keep_in_view(self, document: Document) -> None:
        if document is self.document:
            self.scroller.reveal(self.cursor)

    def _to_anchor(self, document: Document) -> None:
        # Of another document the anchor will be revealed.
        if document is self.document:
            self.scroller.to_anchor()

    def _fit(self, room: Size | None = None) -> None:
        # Never smaller than the view: then short texts come and go without a new layout.
        room = room or self.size
        scene, plan = self.scene, self.scene.plan
        plan.fit(scene.document, room.width - scene.gutter - 1 if room.width else None)
        width = room.width if plan.wrap else max(scene.width, room.width)
        self.virtual_size = Size(width, max(plan.rows.count, room.height))
        if room:
            x, y = self.scroll_offset
            end = self.virtual_size - room
            if x > end.width or y > end.height:
                # Textual leaves the view beyond the end of what became smaller.
                self.scroller.to(x=min(x, end.width), y=min(y, end.height))

    def refit(self) -> None:
        """Work out which line is in which row, and paint what changed."""
        self._fit()
        self.repaint()

    # Painting -------------------------------------------------------------------------------------------------------

    @property
    def port(self) -> Port:
        """The part of the rows that is in view."""
        # Textual works these out anew each time they are asked for.
        return Port(*self.size, *self.scroll_offset, self.has_focus)

    def repaint(self) -> None:
        """Have those rows painted again that look otherwise than before."""
        regions = self._painted.changed(self.port)
        if regions is None:
            self.refresh()
        elif regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """The row at `y` of the view."""
        return self.painter.row(y, self.port)

    @property
    def painter(self) -> Painter:
        """Paints in the colours of this theme, on this widget's background."""
        if self._painter is None:
            app = self.app
            palette = Palette(self.visual_style, ansi=app.native_ansi_color, colourless=app.no_color)
            self._painter = Painter(self.scene, palette)
        return self._painter

    def notify_style_update(self) -> None:
        """Forget the colours: the theme or the focus changed."""
        super().notify_style_update()
        self._painter = None

    def watch_has_focus(self, value: bool) -> None:
        """The cursor's line looks otherwise while the keyboard is elsewhere."""
        super().watch_has_focus(value)
        self.repaint()

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:  # noqa: ARG002 - as Textual calls it
        """Repaint the rows that look otherwise; the class above would repaint all."""
        self.repaint()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Who scrolls back from the end is left there; who returns to it follows again."""
        self._following = new_value >= self.max_scroll_y
        self.repaint()
        self._charts.scrolled(old_value, new_value)

    def on_resize(self, _: events.Resize | None = None) -> None:
        """Cut the lines anew."""
        self.refit()
        self._charts.resized()

    @property
    def layout(self) -> Layout:
        """Where charts go; a style can only name one of Textual's own layouts."""
        return self._charts.layout if self._charts else super().layout

    @property
    def is_container(self) -> bool:
        """Whether there are charts: what scrolls its own lines has no children otherwise."""
        return bool(self._charts)

    def on_mount(self) -> None:
        """Draw the charts of what was shown before there was a place for them."""
        self._charts.show()

    # Highlights -----------------------------------------------------------------------------------------------------

    def highlights(self, line: int) -> Highlight | None:
        """How a line stands out."""
        return self.scene.highlight(line)

    @property
    def matches(self) -> Sequence[int]:
        """The lines that `walk` goes through, ascending."""
        return self.scene.highlighted.matches

    def highlighted_anew(self) -> Highlighted:
        """What stands out when other lines are shown: nothing, as the highlights were of the lines before."""
        return NOTHING

    def set_highlights(self, highlights: Highlights | None, matches: Sequence[int] = ()) -> None:
        """Highlight lines, until others are shown; only rows in view whose highlight changed are painted again."""
        self.scene.highlighted = Highlighted(highlights, matches)
        self.repaint()

    def walk(self, by: int) -> bool:
        """Go to the next match, or the one before, round the ends; whether there is any."""
        line = next_match(self.matches, self.here, by)
        if line is not None:
            self.move_to(line)
        return line is not None

    # The cursor -----------------------------------------------------------------------------------------------------

    def move_to(self, line: int, selection: Columns | None = None) -> None:
        """Put the cursor on a line, and select a piece of it; what hides the line unfolds.

        Where the document has no cursor, the line is brought into view.
        """
        if not self.document.lines:
            return
        line = max(0, min(line, len(self.document.lines) - 1))
        self.folding.unfold_around(line)
        if self.document.cursor and self.scene.cursor.put(line, selection):
            self.post_message(CursorMoved(self, line, selection))
            if self.led:
                return
        self.settle(line, selection)

    def settle(self, line: int, selection: Columns | None = None) -> None:
        """Bring a line, and a piece of it, into view, and paint what has changed."""
        self.scroller.reveal(line)
        if selection:
            self.scroller.reveal_columns(line, selection)
        self.repaint()

    def step(self, count: int) -> None:
        """Go down by so many rows, or up; without a cursor, scroll."""
        if self.document.cursor and not self.document.lines:
            return
        line = rows_on(self.scene, self.port, count) if self.document.cursor else None
        if line is None:
            self.scroller.by(0, count)
        else:
            self.move_to(line)

    def _page(self, by: int) -> None:
        rows = by * max(1, self.size.height - 1)
        self.scroller.by(0, rows)
        if self.document.cursor:
            self.step(rows)

    def _across(self, by: int) -> None:
        """Select the piece after or before; where there is none in the line, scroll."""
        there = self.scene.cursor.beside(self.document, by)
        if there is None:
            self.scroller.by(by * SIDEWAYS, 0)
        elif there != (self.cursor, self.selection):
            self.move_to(*there)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the click was."""
        offset = event.get_content_offset(self)
        if offset is not None and self.document.cursor:
            there = clicked(self.scene, self.port, offset)
            if there is not None:
                self.move_to(*there)

    # Searching ------------------------------------------------------------------------------------------------------

    def search(self, pattern: str) -> int:
        """Show where a text occurs, and return how often; the empty text ends the search."""
        total = self.scene.finder.begin(pattern, self.document, self.here)
        self.repaint()
        return total

    @property
    def found(self) -> tuple[int, int] | None:
        """The number of the match that was gone to, from 1, or 0, and of how many; None where nothing is searched."""
        return self.scene.finder.found

    def find(self, by: int) -> bool:
        """Go to the next match, or the one before, round the ends; whether there is any.

        With 0, to the first one from where the search began: what a search does while its text is typed.
        """
        there = self.scene.finder.go(by, self.here, self.document)
        if there is not None:
            self.move_to(there[0])
            self.scroller.reveal_columns(*there)
            self.repaint()
        return there is not None

    # Keys and the wheel ---------------------------------------------------------------------------------------------

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three lines down."""
        event.stop()
        self.scroller.by(0, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three lines up."""
        event.stop()
        self.scroller.by(0, -WHEEL)

    def action_down(self) -> None:
        """One line down."""
        self.step(1)

    def action_up(self) -> None:
        """One line up."""
        self.step(-1)

    def action_right(self) -> None:
        """The next piece that can be selected; where there is none, eight columns to the right."""
        self._across(1)

    def action_left(self) -> None:
        """The piece before; where there is none, eight columns to the left."""
        self._across(-1)

    def action_pan_right(self) -> None:
        """Eight columns to the right."""
        self.scroller.by(SIDEWAYS, 0)

    def action_pan_left(self) -> None:
        """Eight columns to the left."""
        self.scroller.by(-SIDEWAYS, 0)

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
        self.scroller.to(x=0, y=0)

    def action_bottom(self) -> None:
        """To the last line."""
        if self.document.cursor:
            self.move_to(len(self.document.lines) - 1)
        self.scroller.to_end()

    def action_fold(self) -> None:
        """Fold or unfold the block around the cursor."""
        self.folding.toggle()

    def action_fold_all(self) -> None:
        """Fold every block; unfold them where any is folded."""
        self.folding.toggle_all()

    def action_wrap(self) -> None:
        """Let long lines go on in the row below, or not."""
        self.folding.wrap = not self.folding.wrap
