"""A line across the screen that repaints only the cells that changed."""

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from jaxtour.render.text.layout import clip_line, in_ascii
from jaxtour.render.text.spans import Line
from jaxtour.tui.styling import Palette


class Bar(Widget):
    """One row of styled text."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Bar { height: 1; background: $panel; padding: 0 1; }
    """

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(id=name)
        self.line: Line = ()
        self._ascii = ascii_only
        self._palette: Palette | None = None
        self._strip: Strip | None = None

    def show(self, line: Line) -> None:
        """Show another line."""
        if line == self.line:
            return
        self.line = line
        old, self._strip = self._strip, None
        width = self.size.width
        if old is None or not width:
            self.refresh()
            return
        first, last = changed(old.crop_extend(0, width, None), self._made().crop_extend(0, width, None))
        if last > first:
            self.refresh(Region(first, 0, last - first, 1))

    def on_resize(self) -> None:
        """Cut the line anew."""
        self._strip = None

    def notify_style_update(self) -> None:
        """Forget the colours: the theme changed."""
        super().notify_style_update()
        self._palette = self._strip = None

    def render_line(self, y: int) -> Strip:
        """The row."""
        base = self.palette.visual("").rich_style
        return self._made().crop_extend(0, self.size.width, base) if y == 0 else Strip.blank(self.size.width, base)

    @property
    def palette(self) -> Palette:
        """The styles of spans on the bar's background."""
        if self._palette is None:
            self._palette = Palette(self.visual_style, ansi=self.app.native_ansi_color)
        return self._palette

    def _made(self) -> Strip:
        if self._strip is None:
            [line] = in_ascii([clip_line(self.line, self.size.width)], self._ascii)
            visual = self.palette.visual
            self._strip = Strip([Segment(text, visual(style).rich_style) for text, style in line if text]).simplify()
        return self._strip


def changed(old: Strip, new: Strip) -> tuple[int, int]:
    """The first cell that differs, and the cell after the last one; equal numbers when none does."""
    before, after = _cells(old), _cells(new)
    differ = [index for index, (left, right) in enumerate(zip(before, after, strict=False)) if left != right]
    return (differ[0], differ[-1] + 1) if differ else (0, 0)


def _cells(strip: Strip) -> list[tuple[str, object]]:
    cells: list[tuple[str, object]] = []
    for text, style, _ in strip:
        for character in text:
            cells += [(character, style)] * max(1, Segment(character).cell_length)
    return cells
