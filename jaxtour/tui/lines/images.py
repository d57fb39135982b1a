"""Shows a figure, drawn by textual-image: in half blocks, or by the graphics of the terminal where it has them.

The private parts of textual-image used here were checked with 0.12.0 and 0.14.2, which the extra pins.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from PIL import Image as Pillow
from PIL import ImageFilter
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from jaxtour.engine.wire.messages import Figure
from jaxtour.text import clean
from jaxtour.tui.compat import graphics_of
from jaxtour.tui.graphics import Graphics

MOST = 1600
"""Pixels of each side: a larger picture is made smaller once, not each time it is drawn."""


@contextmanager
def _no_terminal(width: int, height: int) -> Iterator[None]:
    """Let textual-image be imported with this size of a cell.

    Otherwise it would query the terminal, and take keys that arrive meanwhile for the answer.
    """
    told = {"TEXTUAL_CELL_WIDTH": str(width), "TEXTUAL_CELL_HEIGHT": str(height)}
    stdout, environ = sys.__stdout__, dict(os.environ)
    sys.__stdout__ = io.StringIO()  # type: ignore[misc, assignment]
    os.environ.update(told)
    try:
        yield
    finally:
        sys.__stdout__ = stdout  # type: ignore[misc]
        for name in told:
            os.environ.pop(name)
            os.environ.update({name: environ[name]} if name in environ else {})


class FigureView(Widget, can_focus=False):
    """Shows a figure as large as fits; its caption is the line above it."""

    DEFAULT_CSS = """
    FigureView { overflow: hidden; }
    FigureView > * { width: auto; height: auto; }
    """

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self.figure = figure

    def show(self, figure: Figure) -> None:
        """Draw another figure, which may be in the same file."""
        if figure != self.figure:
            self.figure = figure
            self.refresh(recompose=True)

    def on_mount(self) -> None:
        """Ask the terminal for its graphics; the answer leads to `redraw`."""
        if graphics := graphics_of(self.app):
            graphics.ask()

    def redraw(self) -> None:
        """Draw the figure as the terminal can show it."""
        self.refresh(recompose=True)

    def compose(self) -> ComposeResult:
        """Yield the picture, or why there is none."""
        try:
            with Pillow.open(self.figure.path.text) as file:
                drawn = file.convert("RGBA")
            picture = Pillow.new("RGBA", drawn.size, "white")
            picture.alpha_composite(drawn)
            picture.thumbnail((MOST, MOST))
        except Exception as error:  # a file can break Pillow in any way
            yield Static(Content(clean(f"no picture: {type(error).__name__}: {error}", keep_newlines=False)))
        else:
            yield _drawn(picture, graphics_of(self.app))


def _drawn(picture: Pillow.Image, graphics: Graphics | None) -> Widget:
    """Return a widget that draws a picture."""
    with _no_terminal(*(graphics.cell_size() if graphics else Graphics.USUAL)):
        from textual_image.renderable import tgp
        from textual_image.widget import HalfcellImage, SixelImage, TGPImage

    way = graphics.way if graphics else "blocks"
    if graphics and way == "kitty":
        # It would write alongside the thread that writes for Textual.
        vars(tgp)["sys"] = SimpleNamespace(__stdout__=graphics)
        return TGPImage(picture)
    return SixelImage(picture) if way == "sixel" else HalfcellImage(_bolder(picture.convert("RGB")))


def _bolder(picture: Pillow.Image) -> Pillow.Image:
    """Return the picture with broader lines: a plot's line is a tenth of a half block, and would almost vanish."""
    is_bright = picture.convert("L").tobytes()[0] > 127  # the corner: the background
    broaden = ImageFilter.MinFilter if is_bright else ImageFilter.MaxFilter
    return picture.filter(broaden(picture.width // 100 | 1))
