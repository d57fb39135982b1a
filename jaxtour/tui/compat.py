"""What is private of Textual and used here: each entry with the release it was checked on, and why it must be.

Looked at again with each release that is taken on: the tests of `tests/tui` fail where one of these goes another way.
"""

from collections.abc import Iterator
from typing import TextIO, TypeVar

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.content import Content
from textual.driver import Driver
from textual.geometry import Region
from textual.reactive import Reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from jaxtour.tui.cells import Cells, Piece

Result = TypeVar("Result")


def write_changed_cells(app: App[Result]) -> None:
    """Have an app write the cells that changed.

    Textual 8.2.8, `App._display` and `textual._compositor`: Textual writes the regions that widgets refresh, whole,
    and a change of style refreshes all of a widget. No public hook stands between what it renders and what it writes.
    The method of the one app is wrapped: a class between Textual's and ours would make our own apps a level deeper.
    """
    cells, display = Cells(), app._display

    def changed(screen: Screen[object], renderable: RenderableType | None) -> None:
        if isinstance(renderable, LayoutUpdate):
            # A new size, another screen, or the return from a program that wrote over this one.
            cells.forget(*renderable.region.size)
        if isinstance(renderable, ChopsUpdate | LayoutUpdate):
            renderable = ChangedCells(renderable, cells)  # type: ignore[assignment] # as Textual's own are
        display(screen, renderable)

    app._display = changed  # type: ignore[method-assign]


class ChangedCells(CompositorUpdate):
    """An update of Textual's, less what the terminal shows already."""

    def __init__(self, update: ChopsUpdate | LayoutUpdate, cells: Cells) -> None:
        self._update = update
        self._cells = cells

    def render_segments(self, console: Console) -> str:
        """What to write."""
        # `console.color_system` has only its name.
        return self._cells.update(pieces(self._update), console._color_system or ColorSystem.TRUECOLOR)


def pieces(update: ChopsUpdate | LayoutUpdate) -> Iterator[Piece]:
    """The strips that an update would write, each with its place.

    Textual 8.2.8, as the `render_segments` of these classes go through them.
    """
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield update.region.x, y, Strip.join(strips)
        return
    for y, start, end in update.spans:
        for strip_end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < end and strip_end > start:
                yield x, y, strip.crop(0, min(strip_end, end) - x)


def begin_with_theme(app: App[Result], name: str) -> None:
    """Give an app that does not run yet its theme.

    Textual 8.2.8, `App._watch_theme`: what is set as `theme` counts once the app runs, and then every style sheet is
    parsed and applied a second time, a twentieth of the way to the first frame.
    """
    app.set_reactive(App.theme, name)
    app.set_class(app.current_theme.dark, "-dark-mode", update=False)
    app.set_class(not app.current_theme.dark, "-light-mode", update=False)
    app._refresh_truecolor_filter(app.ansi_theme)
    app.stylesheet.set_variables(app.get_css_variables())


def set_border_words(widget: Widget, title: Content, subtitle: Content) -> None:
    """Set the words in both borders of a widget, and have these two rows painted again.

    Textual 8.2.8, `Widget._border_title`: the setters of `border_title` have all of the widget painted again, and the
    words change with each key that moves the cursor.
    """
    widget._border_title = title
    widget._border_subtitle = subtitle
    width, height = widget.outer_size
    left, top = widget.content_offset
    widget.refresh(Region(-left, -top, width, 1), Region(-left, height - top - 1, width, 1))


def unpainted_focus() -> Reactive[Widget | None]:
    """`Screen.focused` for a screen whose focus moves without painting the whole screen again.

    Textual 8.2.8 declares it with `repaint=True`; the two widgets that change paint themselves.
    """
    return Reactive(None, repaint=False)


def draw_on(driver: Driver, file: TextIO) -> None:
    """Have a driver write to a file.

    Textual 8.2.8: `LinuxDriver` takes stderr, and keeps it in `_file`.
    """
    driver._file = file  # type: ignore[attr-defined]


def copy_text(app: App[Result], text: str) -> None:
    """Copy a text to the terminal's clipboard, with `?` for half a surrogate pair, and to the app's own as it is.

    Textual 8.2.8, `App._clipboard`: `copy_to_clipboard` sets it, and raises for what UTF-8 cannot encode.
    """
    App.copy_to_clipboard(app, text.encode("utf-8", "replace").decode())
    app._clipboard = text
