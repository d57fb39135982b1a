"""Writes keys as people write them."""

NAMES = {
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "slash": "/",
    "vertical_line": "|",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "number_sign": "#",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "space": "Space",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
}


def key_name(key: str) -> str:
    """Return a key as people write it: `Ctrl+C`, `?`, `F5`."""
    *modifiers, last = key.strip().split("+")
    shown = NAMES.get(last, last)
    if len(last) > 1 and last[0] == "f" and last[1:].isdigit():
        shown = last.upper()
    if modifiers and len(shown) == 1:
        shown = shown.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), shown])
