"""Every private part of Textual that the tour uses: each entry names the checked release and the reason.

Check them again with each release; the tests in `tests/tui` fail when one of these changes.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import textual.screen
from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.content import Content
from textual.geometry import Region
from textual.reactive import Reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from jaxtour.tui.cells import Cells, PlacedStrip
from jaxtour.tui.graphics import Graphics

if TYPE_CHECKING:
    from textual.widgets import OptionList

Result = TypeVar("Result")


def write_changed_cells(app: App[Result]) -> None:
    """Make an app write only the cells that changed.

    Textual 8.2.8, `App._display` and `textual._compositor`: Textual writes all of a refreshed region, and a change of
    style refreshes the whole widget. There is no public hook between rendering and writing.
    """
    cells, display = Cells(), app._display

    def changed(screen: Screen[object], renderable: RenderableType | None) -> None:
        if isinstance(renderable, LayoutUpdate):
            # Another size or screen, or another program wrote to the terminal.
            cells.forget(*renderable.region.size)
        if isinstance(renderable, ChopsUpdate | LayoutUpdate):
            renderable = ChangedCells(renderable, cells)  # type: ignore[assignment] # as Textual's own are
        display(screen, renderable)

    app._display = changed  # type: ignore[method-assign]


class ChangedCells(CompositorUpdate):
    """An update of Textual's, without the cells that the terminal shows already."""

    def __init__(self, update: ChopsUpdate | LayoutUpdate, cells: Cells) -> None:
        self._update = update
        self._cells = cells

    def render_segments(self, console: Console) -> str:
        """Return the text to write."""
        # The public `color_system` is only a name.
        return self._cells.update(pieces(self._update), console._color_system or ColorSystem.TRUECOLOR)


def pieces(update: ChopsUpdate | LayoutUpdate) -> Iterator[PlacedStrip]:
    """Yield the strips of an update, each with its place, as `render_segments` of Textual 8.2.8 goes through them."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield update.region.x, y, Strip.join(strips)
        return
    for y, start, end in update.spans:
        for strip_end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < end and strip_end > start:
                yield x, y, strip.crop(0, min(strip_end, end) - x)


def begin_with_theme(app: App[Result], name: str) -> None:
    """Set the theme of an app that does not run yet.

    Textual 8.2.8, `App._watch_theme`: setting `theme` parses and applies all style sheets a second time when the app
    runs, which takes a twentieth of the time to the first frame.
    """
    app.set_reactive(App.theme, name)
    app.set_class(app.current_theme.dark, "-dark-mode", update=False)
    app.set_class(not app.current_theme.dark, "-light-mode", update=False)
    app._refresh_truecolor_filter(app.ansi_theme)
    app.stylesheet.set_variables(app.get_css_variables())


def set_border_words(widget: Widget, title: Content, subtitle: Content) -> None:
    """Set the words in both borders of a widget, and repaint these two rows.

    Textual 8.2.8, `Widget._border_title`: the setter of `border_title` repaints the whole widget, and the words change
    with each cursor key.
    """
    widget._border_title = title
    widget._border_subtitle = subtitle
    width, height = widget.outer_size
    left, top = widget.content_offset
    widget.refresh(Region(-left, -top, width, 1), Region(-left, height - top - 1, width, 1))


def unpainted_focus() -> Reactive[Widget | None]:
    """Return `Screen.focused`, without repainting the whole screen.

    Textual 8.2.8 declares it with `repaint=True`; the two widgets that change repaint themselves.
    """
    return Reactive(None, repaint=False)


def frames_a_second(most: int) -> None:
    """Let screens made from now on draw more frames a second than 60, which is Textual's own limit.

    Textual 8.2.8, `Screen._update_timer`: what changes soon after a frame waits for the end of the frame's period.
    """
    textual.screen.UPDATE_PERIOD = 1 / most  # type: ignore[misc] # a constant that an environment variable sets too early


def graphics_of(app: App[Result]) -> Graphics | None:
    """Return the graphics of the terminal; None unless the tour's own driver draws.

    Textual 8.2.8, `App._driver`: there is no public access to it.
    """
    return getattr(app._driver, "graphics", None)


def copy_text(app: App[Result], text: str) -> None:
    """Copy a text to the terminal's clipboard, with `?` for lone surrogates, and to the app's own unchanged.

    Textual 8.2.8, `App._clipboard`: `copy_to_clipboard` sets it, and raises for text that UTF-8 cannot encode.
    """
    App.copy_to_clipboard(app, text.encode("utf-8", "replace").decode())
    app._clipboard = text


def actions_of(widget: Widget, key: str, *, first: bool = False) -> list[str]:
    """Return what the widget itself does with a key that the app has not handled; `first`, with priority over others.

    Textual 8.2.8, `DOMNode._bindings`: `Screen.active_bindings`, which is public, collects those of every widget.
    """
    return [each.action for each in widget._bindings.key_to_bindings.get(key, ()) if each.priority == first]


def begins_with_cursor(options: "OptionList", line: int) -> bool:
    """Return whether a line of an option list is the first one of the option under the cursor.

    Textual 8.2.8, `OptionList._lines`: there is no public way from a line to its option.
    """
    return line < len(options._lines) and options._lines[line] == (options.highlighted, 0)
