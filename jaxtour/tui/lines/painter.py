"""Paints a document's lines as strips of cells, and finds the rows that must be painted again."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TypeAlias

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.geometry import Region
from textual.strip import Strip

from jaxtour.render.text.layout import Line, Style, clip, in_ascii
from jaxtour.text import plural
from jaxtour.tui.lines.document import EMPTY, Columns, cells
from jaxtour.tui.lines.rows import GOES_ON, breaks
from jaxtour.tui.lines.scene import Port, Scene
from jaxtour.tui.styling import HighlightStyle, Mark, Palette

RowLook: TypeAlias = tuple[object, ...]
"""Everything that decides what a row shows, except the palette; comparing it is cheaper than painting."""

Over: TypeAlias = Sequence[tuple[Columns, HighlightStyle]]
"""The characters of a line that are highlighted, and how."""

DOCUMENTS = 3
"""The documents whose coloured lines are kept: a learner who goes to another step often comes back."""
CACHED = 256
"""Coloured lines kept; a screenful is 60. More would slow down garbage collection."""

SIGNS = {"here": "›", "link": "▌", "caller": "▏", "proof": "✓", "open": "▾", "closed": "▸", "more": "›", "thumb": "▐"}
ASCII_SIGNS = {
    "here": ">", "link": "*", "caller": ":", "proof": "#", "open": "-", "closed": "+", "more": ">", "thumb": "|"
}  # fmt: skip
"""The signs in ASCII; `in_ascii` would make some of them equal."""


class Painter:
    """Paints the rows of one view in the styles of a palette, and keeps coloured lines."""

    def __init__(self, scene: Scene, palette: Palette) -> None:
        self._scene = scene
        self._port = Port(0, 0, 0, 0, focused=False)
        self.palette = palette
        self._signs = ASCII_SIGNS if scene.ascii_only else SIGNS
        # Not as strips: each strip caches every crop made from it.
        self._kept: OrderedDict[tuple[int, bool, tuple[Mark | None, ...]], tuple[list[Segment], int]] = OrderedDict()
        self._blank = Strip([], 0)
        """The last row without text."""
        self._documents = deque([(scene.document, self._kept)], maxlen=DOCUMENTS)
        """The last documents, with what was kept of each."""

    def take_up(self) -> None:
        """Go on with the lines of the document that is shown now."""
        document = self._scene.document
        for known, kept in self._documents:
            if known is document:
                self._kept = kept
                return
        self._kept = OrderedDict()
        self._documents.append((document, self._kept))

    def row(self, y: int, port: Port) -> Strip:
        """Return the row at `y` of the view."""
        self._port = port
        scene, rows = self._scene, self._scene.plan.rows
        width = max(0, self._port.width - 1)
        row = self._port.top + y
        thumb = y in self._port.thumb(rows.count)
        if row >= rows.count and not thumb:
            return self._empty(width)
        segments: list[Segment] = []
        if row < rows.count:
            line, part = rows.at(row)
            marks = scene.marks(line, focused=self._port.focused)
            if scene.gutter:
                segments += self._gutter(line, part, marks).crop(0, width)
            segments += self._body(line, part, marks, max(0, width - scene.gutter))
        else:
            segments.append(Segment(" " * width, self._rich("", ())))
        segments.append(Segment(self._signs["thumb"] if thumb else " ", self._rich("bar-muted" if thumb else "", ())))
        return Strip(segments, width + 1)

    def _empty(self, width: int) -> Strip:
        """Return a row without text, the same one as long as the width stays."""
        if self._blank.cell_length != width + 1:
            self._blank = Strip([Segment(" " * (width + 1), self._rich("", ()))], width + 1)
        return self._blank

    def _rich(self, style: Style, marks: tuple[Mark | None, ...]) -> RichStyle:
        return self.palette.rich(style, marks)

    def _gutter(self, line: int, part: int, marks: tuple[Mark | None, ...]) -> Strip:
        """Return the cursor's sign, the fold's sign, the document's gutter, and a highlight's sign in the last cell."""
        scene, focused = self._scene, self._port.focused
        segments: list[Segment] = []
        folds = scene.plan.folds
        if scene.document.cursor:
            here = scene.has_cursor(line) and not part
            sign = self._signs["here"] if here else " "
            segments.append(Segment(sign, self._rich("primitive" if focused else "faint", marks)))
        if folds:
            closed = folds.hidden_behind(line)
            shown = folds.starts(line) and not part
            sign = self._signs["closed" if closed else "open"] if shown else " "
            segments.append(Segment(sign, self._rich("mark" if closed else "faint", marks)))
        taken = len(segments)
        if scene.own_gutter and not part:
            own, length = self._coloured(line, marks, gutter=True)
            segments += own if length <= scene.own_gutter else Strip(own, length).crop(0, scene.own_gutter)
            taken += min(length, scene.own_gutter)
        if taken < scene.gutter:
            segments.append(Segment(" " * (scene.gutter - taken), self._rich("", marks)))
        strip = Strip(segments, scene.gutter)
        highlight = scene.highlight(line)
        if scene.proof(line) and not part:
            strip = self._with_sign(strip, "proof", marks)
        elif highlight is not None and highlight.style in ("link", "caller"):
            strip = self._with_sign(strip, highlight.style, marks)
        if scene.has_cursor(line) and focused and self.palette.flat:
            strip = strip.apply_style(RichStyle(reverse=True))
        return strip

    def _with_sign(self, strip: Strip, style: HighlightStyle, marks: tuple[Mark | None, ...]) -> Strip:
        place = self._scene.gutter - 1
        last = strip.crop(place)
        if last.text == " ":
            last = Strip([Segment(self._signs[style], self._rich("mark" if style != "proof" else "success", marks))], 1)
        else:
            # An error's sign stays, with the highlight's colours.
            last = _over(last, 0, 1, self.palette.highlight(style))
        return Strip.join([strip.crop(0, place), last])

    def _body(self, line: int, part: int, marks: tuple[Mark | None, ...], room: int) -> Iterable[Segment]:
        """Return the part of a line's text that the row shows, with its highlights."""
        plan, start = self._scene.plan, self._port.left
        text, length = self._coloured(line, marks, gutter=False)
        over = [*self._scene.over_text(line, self._scene.document.text_of(line), flat=self.palette.flat)]
        hidden = plan.folds.hidden_behind(line)
        if not (over or hidden or start or length > room):
            return (*text, Segment(" " * (room - length), self._rich("", marks))) if length < room else text
        body = Strip(text, length)
        if hidden:
            shown = self._folded(body, line, over, hidden, marks, room)
        elif plan.rows.room is None:
            shown = self._overlaid(body, line, over, start, start + room)
            if length > start + room > start + 1:
                more = Segment(self._signs["more"], self._rich("mark", marks))
                shown = Strip.join([shown.crop(0, room - 1), Strip([more], 1)])
        else:
            starts = breaks(self._scene.document.text_of(line), plan.rows.room)
            end = starts[part + 1] if part + 1 < len(starts) else max(length, starts[part])
            shown = self._overlaid(body, line, over, starts[part], end)
            if part:
                [((sign, _),)] = in_ascii([((GOES_ON, "faint"),)], self._scene.ascii_only)
                shown = Strip.join([Strip([Segment(sign, self._rich("faint", marks))]), shown])
        return shown.crop_extend(0, room, self._rich("", marks))

    def _folded(
        self, body: Strip, line: int, over: Over, hidden: int, marks: tuple[Mark | None, ...], room: int
    ) -> Strip:
        """Return the first line of a folded block, and the number of hidden lines, which is always in view."""
        [((words, _),)] = in_ascii([((f" … {plural(hidden, 'line')}", ""),)], self._scene.ascii_only)
        words = clip(words, room)
        start = self._port.left
        end = max(start, min(body.cell_length, start + room - len(words)))
        tail = Strip([Segment(words, self._rich("faint", marks))], len(words))
        return Strip.join([self._overlaid(body, line, over, start, end), tail])

    def _overlaid(self, body: Strip, line: int, over: Over, start: int, end: int) -> Strip:
        """Return some cells of a line's text, with their highlights."""
        text = self._scene.document.text_of(line)
        strip = body.crop(start, end)
        for (first, last), style in over:
            left, right = (first, last) if text.isascii() else (cells(text[:first]), cells(text[:last]))
            if left < end and right > start:
                strip = _over(strip, max(left, start) - start, min(right, end) - start, self.palette.highlight(style))
        return strip

    def _coloured(self, line: int, marks: tuple[Mark | None, ...], *, gutter: bool) -> tuple[list[Segment], int]:
        """Return a line, or its gutter, as segments, and their cells."""
        key = (line, gutter, marks)
        found = self._kept.get(key)
        if found is None:
            document = self._scene.document
            found = self._kept[key] = self._make((document.gutter if gutter else document.lines)[line], marks)
            if len(self._kept) > CACHED:
                self._kept.popitem(last=False)
        return found

    def _make(self, line: Line, marks: tuple[Mark | None, ...]) -> tuple[list[Segment], int]:
        [line] = in_ascii([line], self._scene.ascii_only)
        strip = Strip([Segment(text, self._rich(style, marks)) for text, style in line if text]).simplify()
        return list(strip), strip.cell_length


def _over(strip: Strip, start: int, end: int, style: RichStyle) -> Strip:
    """Return the strip with a style added to some of its cells."""
    if start >= end:
        return strip
    length = strip.cell_length
    return Strip.join([
        strip.crop(0, start),
        Strip([Segment(text, (own or RichStyle()) + style) for text, own, _ in strip.crop(start, end)]),
        strip.crop(end, length),
    ])  # fmt: skip


class PaintedRows:
    """The looks of the rows when they were last painted, so that a key repaints only what changed."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._looks: list[tuple[int, RowLook]] = []
        """The cell of the view where each row's text ends, and the row's look."""
        self._document = EMPTY
        self._lines: dict[int, tuple[str, int, object, object]] = {}
        """What that document says about lines: most keys look at each row again."""
        self._thumb = range(0)
        self.port = Port(0, 0, 0, 0, focused=False)
        """The part of the rows that they were painted for."""

    def changed(self, port: Port) -> list[Region]:
        """Return the parts of the rows that look different now, as far as their text reaches."""
        was, self._looks = self._looks, [self._look(row, port) for row in range(port.top, port.top + port.height)]
        thumb_was, self._thumb = self._thumb, port.thumb(self._scene.plan.rows.count)
        width_was, self.port = self.port.width, port
        if port.width != width_was:
            return [Region(0, 0, *port[:2])]
        found = []
        for y, (old, new) in enumerate(zip_longest(was[: port.height], self._looks)):
            if old != new:
                found.append(Region(0, y, max(old[0], new[0]) if old else port.width, 1))
            if (y in thumb_was) != (y in self._thumb):
                found.append(Region(port.width - 1, y, 1, 1))
        return found

    def paint(self, y: int) -> None:
        """Remember how a row looks as it is painted: the cursor may have moved without a repaint so far."""
        if y < len(self._looks):
            self._looks[y] = self._look(self.port.top + y, self.port)

    def _look(self, row: int, port: Port) -> tuple[int, RowLook]:
        """Return the end of a row's text, and the row's look."""
        scene, plan = self._scene, self._scene.plan
        if row >= plan.rows.count:
            return (0, ())
        line, part = plan.rows.at(row)
        text, length, raw, gutter = self._of_document(line)
        marks = scene.marks(line, focused=port.focused)
        folded = plan.folds.hidden_behind(line)
        look: RowLook = (
            part,
            plan.rows.room,
            raw,
            gutter,
            scene.gutter,
            port.left,
            marks,
            plan.folds.starts(line),
            folded,
            scene.highlight(line),
            scene.proof(line),
            *scene.found_in(line, text),
            scene.cursor.selection if scene.has_cursor(line) else None,
        )
        whole = any(marks) or folded or plan.rows.room is not None
        return (port.width if whole else min(port.width, scene.gutter + max(0, length - port.left)), look)

    def _of_document(self, line: int) -> tuple[str, int, object, object]:
        """Return what the document says about a line: its text, its cells, its looks, and its gutter."""
        document = self._scene.document
        if document is not self._document or len(self._lines) > CACHED:
            self._document, self._lines = document, {}
        found = self._lines.get(line)
        if found is None:
            text, gutter = document.text_of(line), document.gutter
            found = text, cells(text), document.raw(line), gutter[line] if gutter else None
            self._lines[line] = found
        return found
