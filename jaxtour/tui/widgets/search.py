"""The input for the text to search, over the start of the bottom line."""

from typing import ClassVar

from textual.binding import BindingType

from jaxtour.tui.actions import bindings
from jaxtour.tui.widgets.text_input import TextInput

SEARCH_CELLS = 26


class SearchLine(TextInput):
    """Takes the text to search; its screen searches."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("search", on="screen.")
    DEFAULT_CSS = """
    SearchLine, SearchLine:focus { dock: bottom; border: none; height: 1; padding: 0 1; background: $panel;
                                   background-tint: 0%; }
    """

    def __init__(self) -> None:
        super().__init__(id="search", placeholder="text to search", select_on_focus=False)
        self.cursor_blink = False
        self.styles.width = SEARCH_CELLS
