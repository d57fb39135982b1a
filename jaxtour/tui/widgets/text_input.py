"""The input for the text to search, and keys typed before an input has the focus."""

from textual import events
from textual.widget import Widget
from textual.widgets import Input

from jaxtour.tui.actions import bindings
from jaxtour.tui.compat import actions_of
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


async def written_ahead(event: events.Key, focused: Widget | None) -> bool:
    """Handle a key that was typed before its input or editor had the focus; return whether it was one.

    A focused input takes its characters itself, so a character that reaches the app was sent to the previous focus.
    The same goes for the editor's own keys, which Textual looks up only before it sends a key.
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
    # Imported here: a focused one is already imported.
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
