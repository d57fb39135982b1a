"""How a document's lines become strips of cells."""

from collections import OrderedDict
from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.scroll_view import ScrollView
from textual.strip import Strip

from jaxtour.render.layout import clip, in_ascii
from jaxtour.render.spans import Line, Style
from jaxtour.tui.document import EMPTY, Columns, Light, Lights, cells
from jaxtour.tui.styling import LightStyle, Mark, Palette
from jaxtour.tui.widgets.lines_rows import GOES_ON, Folds, Rows, breaks
from jaxtour.tui.widgets.lines_search import Search

CACHED = 256
"""Lines kept in colours; a screenful is 60. More would cost more than they save whenever garbage is collected."""

SIGNS = {"here": "›", "light": "▌", "caller": "▏", "open": "▾", "closed": "▸"}
ASCII_SIGNS = {"here": ">", "light": "*", "caller": ":", "open": "-", "closed": "+"}
"""Their likes in ASCII would be alike."""


class PaintedLines(ScrollView):
    """The state of a view of lines, and what each of its rows shows."""

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(id=name)
        self.document = EMPTY
        self.ascii_only = ascii_only
        self.cursor = 0
        """The line with the cursor, where the document has one."""
        self.stop: Columns | None = None
        """The selected piece of that line."""
        self.lights: Lights = dark
        self._folds = Folds()
        self._rows = Rows(0)
        self._search: Search | None = None
        self._match: int | None = None
        """The number of the match that was gone to."""
        self._gutter = 0
        """Cells left of the text, signs included."""
        self._text_gutter = 0
        """Cells of the document's own gutter."""
        self._coloured: OrderedDict[tuple[int, bool, tuple[Mark | None, ...]], tuple[list[Segment], int]] = (
            OrderedDict()
        )
        self._palette: Palette | None = None

    def notify_style_update(self) -> None:
        """Forget the colours: the theme or the focus changed."""
        super().notify_style_update()
        self._palette = None
        self._coloured.clear()

    @property
    def palette(self) -> Palette:
        """The styles of spans on this widget's background."""
        if self._palette is None:
            app = self.app
            self._palette = Palette(self.visual_style, ansi=app.native_ansi_color, colourless=app.no_color)
        return self._palette

    def render_line(self, y: int) -> Strip:
        """The row at `y` of the view."""
        width = max(0, self.size.width - 1)
        row = self.scroll_offset.y + y
        if row < self._rows.count:
            line, part = self._rows.at(row)
            strips = [self._gutter_strip(line, part, width), self._body(line, part, max(0, width - self._gutter))]
        else:
            strips = [Strip.blank(width, self._rich("", ()))]
        return Strip.join([*strips, Strip([self._thumb(y)], 1)])

    def _thumb_rows(self) -> tuple[int, int]:
        """First and last row, exclusive, of the sign that says where one is."""
        height, count = self.size.height, self._rows.count
        if not count > height > 0:
            return (0, 0)
        length = max(1, height * height // count)
        top = round((height - length) * min(1.0, self.scroll_offset.y / (count - height)))
        return (top, top + length)

    def _thumb(self, y: int) -> Segment:
        """The last cell of a row: whether what is in view is there in the whole."""
        if y in range(*self._thumb_rows()):
            return Segment("|" if self.ascii_only else "▐", self._rich("bar-muted", ()))
        return Segment(" ", self._rich("", ()))

    def _has_cursor(self, line: int) -> bool:
        return self.document.cursor and line == self.cursor

    def _marks(self, line: int) -> tuple[Mark | None, ...]:
        mark = self.document.marks.get(line)
        if self._has_cursor(line):
            return (mark, "here" if self.has_focus else "here-away")
        return (mark,)

    def _found(self, line: int, text: str) -> Iterator[tuple[Columns, LightStyle]]:
        if self._search is not None:
            number = self._search.first(line)
            for columns in self._search.ranges(text):
                yield columns, "found-here" if number == self._match else "found"
                number += 1

    def _rich(self, style: Style, marks: tuple[Mark | None, ...]) -> RichStyle:
        return self.palette.visual(style, *marks).rich_style

    def _sign(self, name: str) -> str:
        return (ASCII_SIGNS if self.ascii_only else SIGNS)[name]

    def _gutter_strip(self, line: int, part: int, width: int) -> Strip:
        """The cursor's sign, a fold's, the document's own, and in the last cell a light's."""
        if not self._gutter:
            return Strip([])
        marks = self._marks(line)
        signs: list[tuple[str, Style]] = []
        if self.document.cursor:
            here = self._has_cursor(line) and not part
            signs.append((self._sign("here") if here else " ", "primitive" if self.has_focus else "faint"))
        if self._folds:
            closed = self._folds.hidden_behind(line)
            shown = self._folds.starts(line) and not part
            sign = self._sign("closed" if closed else "open") if shown else " "
            signs.append((sign, "mark" if closed else "faint"))
        strip = Strip([Segment(text, self._rich(style, marks)) for text, style in signs])
        if self._text_gutter and not part:
            own = self._strip(line, marks, gutter=True).crop_extend(0, self._text_gutter, self._rich("", marks))
            strip = Strip.join([strip, own])
        strip = strip.crop_extend(0, self._gutter, self._rich("", marks))
        light = self.lights(line)
        if light is not None and light.style in ("link", "caller"):
            strip = self._with_sign(strip, light, marks)
        if self.document.cursor and self._has_cursor(line) and self.has_focus and self.palette.flat:
            strip = strip.apply_style(RichStyle(reverse=True))
        return strip.crop(0, width)

    def _with_sign(self, strip: Strip, light: Light, marks: tuple[Mark | None, ...]) -> Strip:
        last = strip.crop(self._gutter - 1)
        if last.text == " ":
            sign = self._sign("light" if light.style == "link" else "caller")
            last = Strip([Segment(sign, self._rich("mark", marks))], 1)
        else:
            # An error's sign stays, in the light's colours.
            last = _over(last, 0, 1, self.palette.light(light.style))
        return Strip.join([strip.crop(0, self._gutter - 1), last])

    def _body(self, line: int, part: int, room: int) -> Strip:
        """As much of a line's text as the row shows, with what lies over it."""
        marks = self._marks(line)
        base = self._rich("", marks)
        body = self._strip(line, marks, gutter=False)
        hidden = self._folds.hidden_behind(line)
        if hidden:
            return self._folded(line, hidden, room)
        if self._rows.room is None:
            start = self.scroll_offset.x
            shown = self._lit(body, line, start, start + room)
            if body.cell_length > start + room > start + 1:
                more = Segment(">" if self.ascii_only else "›", self._rich("mark", marks))
                shown = Strip.join([shown.crop(0, room - 1), Strip([more], 1)])
            return shown.crop_extend(0, room, base)
        starts = breaks(self.document.text_of(line), self._rows.room)
        end = starts[part + 1] if part + 1 < len(starts) else max(body.cell_length, starts[part])
        shown = self._lit(body, line, starts[part], end)
        if part:
            [((sign, _),)] = in_ascii([((GOES_ON, "faint"),)], self.ascii_only)
            shown = Strip.join([Strip([Segment(sign, self._rich("faint", marks))]), shown])
        return shown.crop_extend(0, room, base)

    def _folded(self, line: int, hidden: int, room: int) -> Strip:
        """The first line of a folded block, with what is hidden in words behind it, which are always in view."""
        marks = self._marks(line)
        [((words, _),)] = in_ascii([((f" … {hidden} line{'s' * (hidden != 1)}", ""),)], self.ascii_only)
        words = clip(words, room)
        start = self.scroll_offset.x
        body = self._strip(line, marks, gutter=False)
        end = max(start, min(body.cell_length, start + room - len(words)))
        tail = Strip([Segment(words, self._rich("faint", marks))], len(words))
        shown = Strip.join([self._lit(body, line, start, end), tail])
        return shown.crop_extend(0, room, self._rich("", marks))

    def _lit(self, body: Strip, line: int, start: int, end: int) -> Strip:
        """Some cells of a line's text, with its lights, the matches and the stop over them."""
        text = self.document.text_of(line)
        strip = body.crop(start, end)
        for (first, last), style in self._over_text(line, text):
            left, right = (first, last) if text.isascii() else (cells(text[:first]), cells(text[:last]))
            if left < end and right > start:
                strip = _over(strip, max(left, start) - start, min(right, end) - start, self.palette.light(style))
        return strip

    def _over_text(self, line: int, text: str) -> Iterator[tuple[Columns, LightStyle]]:
        light = self.lights(line)
        if light is not None:
            # An underline beneath the indentation would be a line of its own.
            start = len(text) - len(text.lstrip()) if self.palette.flat else 0
            for columns in ((start, len(text)),) if light.ranges is None else light.ranges:
                yield columns, light.style
        yield from self._found(line, text)
        if self.stop is not None and self._has_cursor(line):
            yield self.stop, "stop"

    def _strip(self, line: int, marks: tuple[Mark | None, ...], *, gutter: bool) -> Strip:
        key = (line, gutter, marks)
        found = self._coloured.get(key)
        if found is None:
            lines = self.document.gutter if gutter else self.document.lines
            found = self._coloured[key] = self._make(lines[line], marks)
            if len(self._coloured) > CACHED:
                self._coloured.popitem(last=False)
        # Not kept as a strip, which remembers every cut that was made of it.
        return Strip(*found)

    def _make(self, line: Line, marks: tuple[Mark | None, ...]) -> tuple[list[Segment], int]:
        [line] = in_ascii([line], self.ascii_only)
        strip = Strip([Segment(text, self._rich(style, marks)) for text, style in line if text]).simplify()
        return list(strip), strip.cell_length


def dark(_: int) -> Light | None:
    return None


def _over(strip: Strip, start: int, end: int, style: RichStyle) -> Strip:
    """The strip with a style added to some of its cells."""
    if start >= end:
        return strip
    length = strip.cell_length
    return Strip.join([
        strip.crop(0, start),
        Strip([Segment(text, (own or RichStyle()) + style) for text, own, _ in strip.crop(start, end)]),
        strip.crop(end, length),
    ])  # fmt: skip
