"""Keys that come faster than what they are written in."""

from textual import events
from textual.widget import Widget


def write(event: events.Key, focused: Widget | None) -> bool:
    """Write a character that came before its line or its editor had the focus; whether it was one.

    A line that can take it would have done so: that it is heard above tells that it was sent to what had the focus
    before.
    """
    if event.character is None or focused is None:
        return False
    enter = event.key == "enter"
    if not enter and not focused.check_consume_key(event.key, event.character):
        return False
    # Imported here: whoever has such a widget has paid for it.
    from textual.widgets import Input

    if isinstance(focused, Input) and not enter:
        focused.insert_text_at_cursor(event.character)
        return True
    from textual.widgets import TextArea

    if isinstance(focused, TextArea):
        focused.insert("\n" if enter else event.character)
        return True
    return False
