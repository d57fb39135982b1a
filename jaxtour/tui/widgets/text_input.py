"""Inputs that show invisible characters, and the one for the text to search."""

from rich.cells import get_character_cell_size
from rich.text import Text
from textual import events
from textual.widget import Widget
from textual.widgets import Input

from jaxtour.text import stand_in
from jaxtour.tui.actions import bindings
from jaxtour.tui.compat import actions_of

SEARCH_CELLS = 26


class TextInput(Input):
    """An `Input` that paints a visible character for each that would steer the terminal; its value is unchanged.

    What it overrides is private in Textual; checked with 8.2.8.
    """

    @property
    def _value(self) -> Text:
        return Text(stand_in(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return Text(stand_in(self.value[:position])).cell_len

    def _cell_offset_to_index(self, offset: int) -> int:
        left = offset + self.scroll_offset.x
        for index, character in enumerate(stand_in(self.value)):
            left -= get_character_cell_size(character)
            if left < 0:
                return index
        return len(self.value)


class SearchLine(TextInput):
    """Takes the text to search; its screen searches."""

    BINDINGS = bindings("search", on="screen.")
    DEFAULT_CSS = """
    SearchLine, SearchLine:focus { dock: bottom; border: none; height: 1; padding: 0 1; background: $panel;
                                   background-tint: 0%; }
    """

    def __init__(self) -> None:
        super().__init__(id="search", placeholder="text to search", select_on_focus=False)
        self.cursor_blink = False
        self.styles.width = SEARCH_CELLS


async def written_ahead(event: events.Key, focused: Widget | None) -> bool:
    """Do what a key does that was typed before its input or editor had the focus; return whether it was one.

    A focused input takes its characters itself, so a character that reaches the app was sent to the previous focus.
    The same holds of the editor's own keys, which Textual looks for only before it sends a key.
    """
    if focused is None:
        return False
    enter = event.key == "enter"
    consumed = event.character is not None and focused.check_consume_key(event.key, event.character)
    if isinstance(focused, Input) and consumed and not enter:
        focused.insert_text_at_cursor(event.character or "")
        return True
    if focused.id != "editor":
        return False
    # Imported here: a focused one has been imported already.
    from jaxtour.tui.widgets.editor import Editor

    assert isinstance(focused, Editor)
    if own := actions_of(focused, event.key, first=True):
        await focused.run_action(own[0])
    elif enter:
        focused.begin_line()
    elif consumed:
        focused.insert(event.character or "")
    else:
        return False
    return True
