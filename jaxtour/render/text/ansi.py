"""Renders styled lines as text in the terminal's own sixteen colours."""

from collections.abc import Iterable, Mapping

from jaxtour.render.text.spans import Line, Style, plain

SGR: Mapping[Style, str] = {
    "muted": "2",
    "faint": "2",
    "strong": "1",
    "emphasis": "3",
    "title": "1;94",
    "link": "4;94",
    "code": "1",
    "type": "32",
    "primitive": "1;94",
    "keyword": "35",
    "constant": "36",
    "number": "36",
    "string": "32",
    "comment": "2;3",
    "function": "94",
    "error": "1;31",
    "warning": "33",
    "success": "32",
    "mark": "33",
    "bar": "94",
    "bar-baseline": "2",
    "bar-muted": "2",
    "chip-on": "7",
}
"""The parameters of `ESC [ … m` by style; other styles look like plain text."""


def ansi_lines(lines: Iterable[Line]) -> str:
    """Return the lines' text; each line ends in a newline and resets the colours. The text must be clean."""
    return "".join(_line(line) + "\n" for line in lines)


def _line(line: Line) -> str:
    room = len(plain(line).rstrip())
    text = ""
    for part, style in line:
        shown = part[:room]
        room -= len(shown)
        text += f"\x1b[{SGR[style]}m{shown}\x1b[0m" if shown and style in SGR else shown
    return text
