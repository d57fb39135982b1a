"""How a document's lines become strips of cells."""

from collections import OrderedDict

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip

from jaxtour.render.text.layout import clip, in_ascii
from jaxtour.render.text.spans import Line, Style
from jaxtour.tui.lines.document import Highlight, cells
from jaxtour.tui.lines.rows import GOES_ON, breaks
from jaxtour.tui.lines.scene import Port, Scene
from jaxtour.tui.styling import Mark, Palette

CACHED = 256
"""Lines kept in colours; a screenful is 60. More would cost more than they save whenever garbage is collected."""

SIGNS = {"here": "›", "link": "▌", "caller": "▏", "open": "▾", "closed": "▸", "more": "›", "thumb": "▐"}
ASCII_SIGNS = {"here": ">", "link": "*", "caller": ":", "open": "-", "closed": "+", "more": ">", "thumb": "|"}
"""Their likes in ASCII would be alike."""


class Painter:
    """Paints the rows of one view in the styles of a palette, and keeps the lines that it coloured."""

    def __init__(self, scene: Scene, palette: Palette) -> None:
        self._scene = scene
        self._port = Port(0, 0, 0, 0, focused=False)
        self.palette = palette
        self._signs = ASCII_SIGNS if scene.ascii_only else SIGNS
        self._coloured: OrderedDict[tuple[int, bool, tuple[Mark | None, ...]], tuple[list[Segment], int]] = (
            OrderedDict()
        )

    def forget(self) -> None:
        """Forget the coloured lines: they are of another document."""
        self._coloured.clear()

    def row(self, y: int, port: Port) -> Strip:
        """The row at `y` of what is in view."""
        self._port = port
        scene, rows = self._scene, self._scene.plan.rows
        width = max(0, self._port.width - 1)
        row = self._port.top + y
        if row < rows.count:
            line, part = rows.at(row)
            marks = scene.marks(line, focused=self._port.focused)
            room = max(0, width - scene.gutter)
            strips = [self._gutter(line, part, marks).crop(0, width), self._body(line, part, marks, room)]
        else:
            strips = [Strip.blank(width, self._rich("", ()))]
        thumb = y in self._port.thumb(rows.count)
        last = Segment(self._signs["thumb"] if thumb else " ", self._rich("bar-muted" if thumb else "", ()))
        return Strip.join([*strips, Strip([last], 1)])

    def _rich(self, style: Style, marks: tuple[Mark | None, ...]) -> RichStyle:
        return self.palette.visual(style, *marks).rich_style

    def _gutter(self, line: int, part: int, marks: tuple[Mark | None, ...]) -> Strip:
        """The cursor's sign, a fold's, the document's own gutter, and in the last cell a highlight's sign."""
        scene, focused = self._scene, self._port.focused
        if not scene.gutter:
            return Strip([])
        signs: list[tuple[str, Style]] = []
        folds = scene.plan.folds
        if scene.document.cursor:
            here = scene.has_cursor(line) and not part
            signs.append((self._signs["here"] if here else " ", "primitive" if focused else "faint"))
        if folds:
            closed = folds.hidden_behind(line)
            shown = folds.starts(line) and not part
            sign = self._signs["closed" if closed else "open"] if shown else " "
            signs.append((sign, "mark" if closed else "faint"))
        strip = Strip([Segment(text, self._rich(style, marks)) for text, style in signs])
        if scene.own_gutter and not part:
            own = self._strip(line, marks, gutter=True).crop_extend(0, scene.own_gutter, self._rich("", marks))
            strip = Strip.join([strip, own])
        strip = strip.crop_extend(0, scene.gutter, self._rich("", marks))
        highlight = scene.highlight(line)
        if highlight is not None and highlight.style in ("link", "caller"):
            strip = self._with_sign(strip, highlight, marks)
        if scene.has_cursor(line) and focused and self.palette.flat:
            strip = strip.apply_style(RichStyle(reverse=True))
        return strip

    def _with_sign(self, strip: Strip, highlight: Highlight, marks: tuple[Mark | None, ...]) -> Strip:
        place = self._scene.gutter - 1
        last = strip.crop(place)
        if last.text == " ":
            last = Strip([Segment(self._signs[highlight.style], self._rich("mark", marks))], 1)
        else:
            # An error's sign stays, in the highlight's colours.
            last = _over(last, 0, 1, self.palette.highlight(highlight.style))
        return Strip.join([strip.crop(0, place), last])

    def _body(self, line: int, part: int, marks: tuple[Mark | None, ...], room: int) -> Strip:
        """As much of a line's text as the row shows, with what lies over it."""
        plan, start = self._scene.plan, self._port.left
        body = self._strip(line, marks, gutter=False)
        if hidden := plan.folds.hidden_behind(line):
            shown = self._folded(body, line, hidden, marks, room)
        elif plan.rows.room is None:
            shown = self._overlaid(body, line, start, start + room)
            if body.cell_length > start + room > start + 1:
                more = Segment(self._signs["more"], self._rich("mark", marks))
                shown = Strip.join([shown.crop(0, room - 1), Strip([more], 1)])
        else:
            starts = breaks(self._scene.document.text_of(line), plan.rows.room)
            end = starts[part + 1] if part + 1 < len(starts) else max(body.cell_length, starts[part])
            shown = self._overlaid(body, line, starts[part], end)
            if part:
                [((sign, _),)] = in_ascii([((GOES_ON, "faint"),)], self._scene.ascii_only)
                shown = Strip.join([Strip([Segment(sign, self._rich("faint", marks))]), shown])
        return shown.crop_extend(0, room, self._rich("", marks))

    def _folded(self, body: Strip, line: int, hidden: int, marks: tuple[Mark | None, ...], room: int) -> Strip:
        """The first line of a folded block, with what is hidden in words behind it, which are always in view."""
        [((words, _),)] = in_ascii([((f" … {hidden} line{'s' * (hidden != 1)}", ""),)], self._scene.ascii_only)
        words = clip(words, room)
        start = self._port.left
        end = max(start, min(body.cell_length, start + room - len(words)))
        tail = Strip([Segment(words, self._rich("faint", marks))], len(words))
        return Strip.join([self._overlaid(body, line, start, end), tail])

    def _overlaid(self, body: Strip, line: int, start: int, end: int) -> Strip:
        """Some cells of a line's text, with all that stands out in them."""
        text = self._scene.document.text_of(line)
        strip = body.crop(start, end)
        for (first, last), style in self._scene.over_text(line, text, flat=self.palette.flat):
            left, right = (first, last) if text.isascii() else (cells(text[:first]), cells(text[:last]))
            if left < end and right > start:
                strip = _over(strip, max(left, start) - start, min(right, end) - start, self.palette.highlight(style))
        return strip

    def _strip(self, line: int, marks: tuple[Mark | None, ...], *, gutter: bool) -> Strip:
        key = (line, gutter, marks)
        found = self._coloured.get(key)
        if found is None:
            document = self._scene.document
            found = self._coloured[key] = self._make((document.gutter if gutter else document.lines)[line], marks)
            if len(self._coloured) > CACHED:
                self._coloured.popitem(last=False)
        # Not kept as a strip, which remembers every cut that was made of it.
        return Strip(*found)

    def _make(self, line: Line, marks: tuple[Mark | None, ...]) -> tuple[list[Segment], int]:
        [line] = in_ascii([line], self._scene.ascii_only)
        strip = Strip([Segment(text, self._rich(style, marks)) for text, style in line if text]).simplify()
        return list(strip), strip.cell_length


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
