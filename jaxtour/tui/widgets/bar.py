"""A line across the screen."""

from rich.segment import Segment
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
        if line != self.line:
            self.line = line
            self._strip = None
            self.refresh()

    def on_resize(self) -> None:
        """Crop the line again."""
        self._strip = None

    def notify_style_update(self) -> None:
        """Forget the colours: the theme changed."""
        super().notify_style_update()
        self._palette = self._strip = None

    def render_line(self, y: int) -> Strip:
        """The row at `y`."""
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
