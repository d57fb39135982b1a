"""The input for the text to search, and what is typed before an input has the focus."""

from textual import events
from textual.widget import Widget
from textual.widgets import Input

from jaxtour.tui.actions import bindings
from jaxtour.tui.compat_input import TextInput

SEARCH_CELLS = 26


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


def written_ahead(event: events.Key, focused: Widget | None) -> bool:
    """Write a character that was typed before its input or editor had the focus; return whether it was one.

    A focused input takes its characters itself, so a character that reaches the app was sent to the previous focus.
    """
    if event.character is None or focused is None:
        return False
    enter = event.key == "enter"
    if not enter and not focused.check_consume_key(event.key, event.character):
        return False
    if isinstance(focused, Input) and not enter:
        focused.insert_text_at_cursor(event.character)
        return True
    # Imported here: a focused one has been imported already.
    from jaxtour.tui.widgets.editor import Editor

    if isinstance(focused, Editor):
        if enter:
            focused.begin_line()
        else:
            focused.insert(event.character)
        return True
    return False
