"""One widget for all big text: only the lines in view are made, and only the lines that changed are repainted."""

from collections import OrderedDict
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from jaxtour.render.layout import in_ascii
from jaxtour.render.spans import Line
from jaxtour.tui.actions import bindings
from jaxtour.tui.document import EMPTY, Document, same_lines
from jaxtour.tui.styling import Mark, Palette

WHEEL = 3
"""Lines that a turn of the mouse wheel moves."""
CACHED = 2000
"""Strips kept; a screenful is 60."""


class LinesView(ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolling view of a document.

    The last column shows where one is. Textual's scrollbars are not used: each time one comes or goes they ask for a
    second layout, and a second repaint of everything in it.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("pane")
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LinesView { overflow: hidden hidden; }
    """

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(id=name)
        self.document = EMPTY
        self.ascii_only = ascii_only
        self._width = 0
        self._following = True
        """Whether the end, or the anchor, is brought into view when it moves."""
        self._gutter = 0
        self._strips: OrderedDict[tuple[int, bool], Strip] = OrderedDict()
        self._palette: Palette | None = None

    def show(self, document: Document, *, fresh: bool = False, room: Size | None = None) -> None:
        """Show another document; `fresh` starts it at its anchor, otherwise the place in it is kept.

        `room` is the size to come, where there is no layout yet.
        """
        old = self.document
        if fresh or not self.max_scroll_y:
            self._following = True
        self.document = document
        self._strips.clear()
        gutter = document.gutter_width
        self._width = document.width
        relaid = gutter != self._gutter
        self._gutter = gutter
        if relaid:
            self.refresh()
        else:
            self._refresh_changed(old)
        self._fit(room)
        if fresh:
            self.scroll_to(0, 0, animate=False, force=True, immediate=True)
            if document.anchor is not None or document.follow:
                self.call_after_refresh(self._reveal, document)
        elif self._following and (document.follow or document.anchor != old.anchor):
            self.call_after_refresh(self._reveal, document)

    def mark(self, index: int, mark: Mark | None) -> None:
        """Change how one line stands out."""
        marks = dict(self.document.marks)
        marks.pop(index, None)
        if mark:
            marks[index] = mark
        old = self.document
        self.document = Document(lines=old.lines, gutter=old.gutter, marks=marks, title=old.title)
        self._strips.pop((index, False), None)
        self._strips.pop((index, True), None)
        self.refresh_line(index)

    def reveal(self, index: int) -> None:
        """Scroll so that a line is in view."""
        height = self.size.height
        top = self.scroll_offset.y
        if not top <= index < top + height:
            y = index if index < top else index - height + 1
            self.scroll_to(y=y, animate=False, force=True, immediate=True)

    def _reveal(self, document: Document) -> None:
        if document is not self.document:
            # The next one will be revealed.
            return
        if document.anchor is not None:
            if len(document.lines) > self.size.height:
                # The line before what matters says where one is.
                self.scroll_to(y=max(0, document.anchor - 1), animate=False, force=True, immediate=True)
        else:
            self.scroll_end(animate=False, force=True, immediate=True, x_axis=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Who scrolls back from the end is left there; who returns to it follows again."""
        super().watch_scroll_y(old_value, new_value)
        self._following = new_value >= self.max_scroll_y

    def _refresh_changed(self, old: Document) -> None:
        top = self.scroll_offset.y
        width, height = self.size
        same_thumb = (
            len(old.lines) == len(self.document.lines) or max(len(old.lines), len(self.document.lines)) <= height
        )
        for y in range(height):
            if not same_lines(old, self.document, top + y):
                self.refresh(Region(0, y, width, 1))
            elif not same_thumb:
                self.refresh(Region(width - 1, y, 1, 1))

    def _fit(self, room: Size | None = None) -> None:
        # Never smaller than the view: then short texts come and go without a new layout.
        room = room or self.size
        width = max(self._width + self._gutter + 1, room.width)
        height = max(len(self.document.lines), room.height)
        self.virtual_size = Size(width, height)

    def on_resize(self, _: events.Resize | None = None) -> None:
        """Cut the lines anew."""
        self._fit()

    def notify_style_update(self) -> None:
        """Forget the colours: the theme or the focus changed."""
        super().notify_style_update()
        self._palette = None
        self._strips.clear()

    @property
    def palette(self) -> Palette:
        """The styles of spans on this widget's background."""
        if self._palette is None:
            self._palette = Palette(self.visual_style, ansi=self.app.native_ansi_color)
        return self._palette

    def render_line(self, y: int) -> Strip:
        """The line at `y` of the view."""
        width = max(0, self.size.width - 1)
        return Strip.join([self._line(y, width), Strip([self._thumb(y)], 1)])

    def _thumb(self, y: int) -> Segment:
        """The last cell of a line: whether what is in view is there in the whole."""
        height, count = self.size.height, len(self.document.lines)
        if count > height > 0:
            length = max(1, height * height // count)
            top = round((height - length) * min(1.0, self.scroll_offset.y / (count - height)))
            if top <= y < top + length:
                return Segment("|" if self.ascii_only else "▐", self.palette.visual("bar-muted").rich_style)
        return Segment(" ", self.palette.visual("").rich_style)

    def _line(self, y: int, width: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        index = scroll_y + y
        base = self.palette.visual("").rich_style
        if index >= len(self.document.lines):
            return Strip.blank(width, base)
        mark = self.document.marks.get(index)
        under = self.palette.visual("", mark).rich_style
        room = max(0, width - self._gutter)
        body = self._strip(index, gutter=False)
        cut = body.cell_length > scroll_x + room
        body = body.crop_extend(scroll_x, scroll_x + room, under)
        if cut and room > 1:
            more = Segment(">" if self.ascii_only else "›", self.palette.visual("mark", mark).rich_style)
            body = Strip.join([body.crop(0, room - 1), Strip([more], 1)])
        if not self._gutter:
            return body
        gutter = self._strip(index, gutter=True).crop_extend(0, min(self._gutter, width), under)
        return Strip.join([gutter, body])

    def _strip(self, index: int, *, gutter: bool) -> Strip:
        key = (index, gutter)
        found = self._strips.get(key)
        if found is None:
            lines = self.document.gutter if gutter else self.document.lines
            found = self._strips[key] = self._make(lines[index], self.document.marks.get(index))
            if len(self._strips) > CACHED:
                self._strips.popitem(last=False)
        return found

    def _make(self, line: Line, mark: Mark | None) -> Strip:
        visual = self.palette.visual
        [line] = in_ascii([line], self.ascii_only)
        return Strip([Segment(text, visual(style, mark).rich_style) for text, style in line if text]).simplify()

    # Scrolling by keys; Textual's own would animate.

    def _by(self, dx: int, dy: int) -> None:
        self.scroll_relative(dx, dy, animate=False, force=True, immediate=True)

    def action_down(self) -> None:
        """One line down."""
        self._by(0, 1)

    def action_up(self) -> None:
        """One line up."""
        self._by(0, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three lines down."""
        event.stop()
        self._by(0, WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three lines up."""
        event.stop()
        self._by(0, -WHEEL)

    def action_right(self) -> None:
        """Eight columns to the right."""
        self._by(8, 0)

    def action_left(self) -> None:
        """Eight columns to the left."""
        self._by(-8, 0)

    def action_page_down(self) -> None:
        """One screenful down."""
        self._by(0, max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        """One screenful up."""
        self._by(0, -max(1, self.size.height - 1))

    def action_top(self) -> None:
        """To the first line."""
        self.scroll_to(0, 0, animate=False, force=True, immediate=True)

    def action_bottom(self) -> None:
        """To the last line."""
        self.scroll_end(animate=False, force=True, immediate=True, x_axis=False)
