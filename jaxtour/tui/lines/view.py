"""The widget for long text: it makes only the lines in view, and repaints only the rows that changed."""

from collections.abc import Sequence
from typing import ClassVar, Self

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.layout import Layout
from textual.scroll_view import ScrollView
from textual.strip import Strip

from jaxtour.tui.actions import bindings
from jaxtour.tui.lines.charts import Charts
from jaxtour.tui.lines.cursor import CursorMoved
from jaxtour.tui.lines.document import NOTHING, Columns, Document, Highlighted, Highlights
from jaxtour.tui.lines.frame import Border
from jaxtour.tui.lines.painter import PaintedRows, Painter
from jaxtour.tui.lines.scene import SIDEWAYS, WHEEL, Folding, Port, Scene, Scroller
from jaxtour.tui.styling import Palette


class LinesView(ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolling view of a document, with a cursor, highlights, folds, wrapped lines and a search.

    Numbers name lines of the document; only the view knows rows. The last column shows the position in the text.
    Textual's scrollbars would need a second layout and a full repaint each time one comes or goes.
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
        self._frame = Border(self, super().render_lines, self.render_line)
        self._charts: Charts | None = None  # until the first document with pictures
        self._following = True
        """Whether to bring the end, or the anchor, into view when it moves."""
        self._still = False  # while the focus changes, which restyles only some rows
        self.led = False
        """Whether the receiver of `CursorMoved` calls `settle`, so that cursor and highlights share a frame.

        Otherwise Textual paints the cursor at once, and the highlights in its next frame, up to 30 ms later.
        """

    # What is shown --------------------------------------------------------------------------------------------------

    @property
    def document(self) -> Document:
        """The document shown."""
        return self.scene.document

    @property
    def cursor(self) -> int:
        """The line with the cursor, if the document has a cursor."""
        return self.scene.cursor.line

    @property
    def selection(self) -> Columns | None:
        """The selection in that line."""
        return self.scene.cursor.selection

    @property
    def here(self) -> int:
        """The cursor's line; without a cursor, the first one in view."""
        return self.scene.here(self.scroll_offset.y)

    def show(self, document: Document, *, fresh: bool = False, room: Size | None = None) -> None:
        """Show another document, from its anchor if `fresh`, otherwise from the same place.

        `room` is the coming size, before the first layout.
        """
        old = self.document
        if not self.max_scroll_y:
            self._following = True
        self._adopt(document, old, fresh=fresh)
        self.scene.measure()
        self._fit(room)
        if fresh:
            self.scroller.to(x=0, y=0)
            self._following = True  # going to the start looks like scrolling back
            if document.anchor is not None or document.follow:
                self.call_after_refresh(self._to_anchor, document)
        elif self._following and (document.follow or document.anchor != old.anchor):
            self.call_after_refresh(self._to_anchor, document)
        self.repaint()
        self._draw_charts()

    def _draw_charts(self) -> None:
        if self._charts is None and self.document.pictures:
            self._charts = Charts(self, self.scene)
        if self._charts is not None:
            self._charts.show()

    def _adopt(self, document: Document, old: Document, *, fresh: bool) -> None:
        """Carry over cursor, search and highlights from the old document."""
        moved = self.scene.adopt(document, fresh=fresh)
        if self._painter:
            self._painter.take_up()
        if document.lines is not old.lines:
            self.scene.highlighted = self.new_highlights()
        if moved:
            self.post_message(CursorMoved(self, self.cursor, self.selection))
        if document.cursor and not fresh and (moved or not old.cursor):
            self.call_after_refresh(self._keep_in_view, document)

    def _keep_in_view(self, document: Document) -> None:
        if document is self.document:
            self.scroller.reveal(self.cursor)

    def _to_anchor(self, document: Document) -> None:
        if document is self.document:
            self.scroller.to_anchor()

    def _fit(self, room: Size | None = None) -> None:
        # Never smaller than the view, so that short texts come and go without a new layout.
        room = room or self.size
        scene, plan = self.scene, self.scene.plan
        plan.fit(scene.document, room.width - scene.gutter - 1 if room.width else None)
        width = room.width if plan.wrap else max(scene.width, room.width)
        virtual = Size(width, max(plan.rows.count, room.height))
        if virtual != self.virtual_size:
            # Setting it this way causes no layout; only the charts need one.
            self.set_reactive(LinesView.virtual_size, virtual)
            if self._charts is not None:
                self._charts.resized()
        if room:
            self.scroller.come_back(room)

    def refit(self) -> None:
        """Make the rows again, and paint what changed."""
        self._fit()
        self.repaint()

    # Painting -------------------------------------------------------------------------------------------------------

    @property
    def port(self) -> Port:
        """The part of the rows that is in view."""
        # Textual computes these again on each access.
        return Port(*self.size, *self.scroll_offset, self.has_focus)

    def repaint(self) -> None:
        """Repaint the rows that look different now."""
        if regions := self._painted.changed(self.port):
            self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a region, which includes the border."""
        port = self.port
        if port != self._painted.port:
            # A layout changed the size; Textual paints everything, and `on_resize` comes too late.
            self._frame.changed(self._painted.changed(port))
        return self._frame.rows(crop)

    def render_line(self, y: int) -> Strip:
        """Return the row at `y` of the view."""
        self._painted.paint(y)
        return self.painter.row(y, self._painted.port)

    @property
    def painter(self) -> Painter:
        """Paints in the theme's colours, on this widget's background."""
        if self._painter is None:
            app, filters = self.app, self.get_line_filters()
            palette = Palette(self.visual_style, ansi=app.native_ansi_color, colourless=app.no_color, filters=filters)
            self._painter = Painter(self.scene, palette)
        return self._painter

    def notify_style_update(self) -> None:
        """Forget the colours: the theme changed, or anything but the focus."""
        super().notify_style_update()
        if not self._still:
            self._painter = None
            self._frame.forget()

    def on_focus(self, event: events.Focus) -> None:
        """Take the focus, in place of Textual's own handler, which repaints the whole widget."""
        event.prevent_default()
        self.has_focus = True
        if self.parent is not None:
            self.parent.post_message(events.DescendantFocus(self))

    def on_blur(self, event: events.Blur) -> None:
        """Lose the focus."""
        event.prevent_default()
        self.has_focus = False
        if self.parent is not None:
            self.parent.post_message(events.DescendantBlur(self))

    def watch_has_focus(self, value: bool) -> None:
        """Repaint the cursor's line and the upper border; no other row looks different without the focus."""
        self._still = True
        super().watch_has_focus(value)
        self._still = False
        if self.document.cursor:
            # The colour of the cursor's sign changes in all rows.
            self.refresh(self.size.region)
        self.repaint()
        left, top = self.content_offset
        self.refresh(Region(-left, -top, self.outer_size.width, 1))

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint regions, or everything; not for a style that changes with the focus."""
        if self._still and not layout and not recompose:
            return self
        if regions:
            self._frame.changed(regions)
        elif repaint:
            self._frame.forget()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def watch_scroll_x(self, _old: float, _new: float) -> None:
        """Repaint the rows that changed; the base class would repaint all."""
        self.repaint()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stop following the end when the learner scrolls back from it; follow again at the end."""
        self._following = new_value >= self.max_scroll_y
        self.repaint()
        if self._charts is not None:
            self._charts.scrolled(old_value, new_value)

    def on_resize(self, _: events.Resize | None = None) -> None:
        """Wrap and crop the lines again; a view that is at the end of what follows stays there."""
        following = self._following and self.document.follow
        self.refit()
        if following:
            self.scroller.to_end()
        if self._charts is not None:
            self._charts.resized()

    @property
    def layout(self) -> Layout:
        """The layout of the charts; a style can only name one of Textual's own layouts."""
        return self._charts.layout if self._charts else super().layout

    @property
    def is_container(self) -> bool:
        """Whether there are charts: a view has no other children."""
        return bool(self._charts)

    def on_mount(self) -> None:
        """Draw the charts of a document shown before the view was mounted."""
        self._draw_charts()

    # Highlights -----------------------------------------------------------------------------------------------------

    def new_highlights(self) -> Highlighted:
        """Return the highlights when other lines are shown: nothing, since the old ones belong to the old lines."""
        return NOTHING

    def set_highlights(self, highlights: Highlights | None, matches: Sequence[int] = ()) -> None:
        """Highlight lines until others are shown; only rows in view that changed are repainted."""
        was, self.scene.highlighted = self.scene.highlighted, Highlighted(highlights, matches)
        if highlights or was.highlights:
            self.repaint()

    def walk(self, by: int) -> bool:
        """Go to the next match, or the previous one, wrapping around; return whether there is one."""
        line = self.scene.highlighted.next_match(self.here, by)
        if line is not None:
            self.move_to(line)
        return line is not None

    # The cursor -----------------------------------------------------------------------------------------------------

    def move_to(self, line: int, selection: Columns | None = None) -> None:
        """Put the cursor on a line, unfold it, and select a piece in it.

        In a document without a cursor, bring the line into view.
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
        """Bring a line, and a piece in it, into view, and paint what changed."""
        # The message about the cursor may arrive when other lines are already shown.
        if line < len(self.document.lines):
            self.scroller.reveal(line)
            if selection:
                self.scroller.reveal_columns(line, selection)
            self.repaint()

    def action_step(self, count: int) -> None:
        """Go down by some rows, or up; without a cursor, scroll."""
        if self.document.cursor and not self.document.lines:
            return
        line = self.scene.rows_on(self.port, count) if self.document.cursor else None
        if line is None:
            self.scroller.by(0, count)
        else:
            self.move_to(line)

    def action_page(self, by: int) -> None:
        """Go down by a screenful, or up."""
        rows = by * max(1, self.size.height - 1)
        self.scroller.by(0, rows)
        if self.document.cursor:
            self.action_step(rows)

    def action_across(self, by: int) -> None:
        """Select the next piece, or the previous one; scroll sideways if the line has none."""
        there = self.scene.cursor.beside(self.document, by)
        if there is None:
            self.scroller.by(by * SIDEWAYS, 0)
        elif there != (self.cursor, self.selection):
            self.move_to(*there)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse."""
        offset = event.get_content_offset(self)
        there = self.scene.clicked(self.port, offset) if offset is not None and self.document.cursor else None
        if there is not None:
            self.move_to(*there)

    # Searching ------------------------------------------------------------------------------------------------------

    def search(self, pattern: str) -> int:
        """Show where a text occurs and return how often; an empty text ends the search."""
        total = self.scene.finder.begin(pattern, self.document, self.here)
        self.repaint()
        return total

    @property
    def found(self) -> tuple[int, int] | None:
        """The number of the current match, from 1 (0 for none), and the number of matches; None without a search."""
        return self.scene.finder.found

    def find(self, by: int, *, anew: bool = False) -> bool:
        """Go to the next match, or the previous one; return whether there is one.

        With 0, go to the first match after the start of the search, as while the text is typed. With `anew`, go to the
        first match of all, or the last one.
        """
        here = self.here
        if anew:
            self.scene.finder.forget()
            here = -1 if by > 0 else len(self.document.lines)
        there = self.scene.finder.go(by, here, self.document)
        if there is not None:
            self.move_to(there[0])
            self.scroller.reveal_columns(*there)
            self.repaint()
        return there is not None

    # Keys and the wheel ---------------------------------------------------------------------------------------------

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll three lines down."""
        event.stop()
        self.scroller.by(0, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll three lines up."""
        event.stop()
        self.scroller.by(0, -WHEEL)

    def action_pan(self, by: int) -> None:
        """Scroll eight columns to the right, or to the left."""
        self.scroller.by(by * SIDEWAYS, 0)

    def action_top(self) -> None:
        """Go to the first line."""
        if self.document.cursor:
            self.move_to(0)
        self.scroller.to(x=0, y=0)

    def action_bottom(self) -> None:
        """Go to the last line."""
        if self.document.cursor:
            self.move_to(len(self.document.lines) - 1)
        self.scroller.to_end()

    def action_fold(self) -> None:
        """Fold or unfold the block around the cursor."""
        self.folding.toggle()

    def action_fold_all(self) -> None:
        """Fold every block, or unfold all if any is folded."""
        self.folding.toggle_all()

    def action_wrap(self) -> None:
        """Wrap long lines, or do not."""
        self.folding.wrap = not self.folding.wrap
