"""The line to write in what is searched, in place of the bottom line."""

from typing import ClassVar

from textual.binding import BindingType

from jaxtour.tui.actions import bindings
from jaxtour.tui.widgets.text_input import TextInput


class SearchLine(TextInput):
    """Says what is written; its screen searches."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("search", on="screen.")
    DEFAULT_CSS = """
    SearchLine, SearchLine:focus { dock: bottom; border: none; height: 1; padding: 0 1; background: $panel;
                                   background-tint: 0%; }
    """

    def __init__(self) -> None:
        super().__init__(id="search", placeholder="a text; a capital in it makes capitals count", select_on_focus=False)
        self.cursor_blink = False
