"""Where the meaning of a span becomes a colour: the styles of `render`, in the variables of the theme."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from textual.content import Content
from textual.style import Style as Visual

from jaxtour.render.spans import Line, Style

Mark: TypeAlias = Literal["error", "warning", "cursor", "chosen"]
"""What a whole line of a pane can be besides ordinary."""

COLOURED: Mapping[Style, str] = {
    "": "",
    "muted": "$foreground 62%",
    "faint": "$foreground 42%",
    "strong": "bold",
    "emphasis": "italic",
    "title": "bold $text-primary",
    "link": "underline $text-primary",
    "code": "bold",
    "type": "$text-success",
    "primitive": "bold $text-primary",
    "keyword": "$text-accent",
    "constant": "$text-accent",
    "name": "",
    "number": "$text-accent",
    "string": "$text-success",
    "comment": "italic $foreground 55%",
    "function": "$text-primary",
    "operator": "$foreground 80%",
    "error": "bold $text-error",
    "warning": "$text-warning",
    "success": "$text-success",
    "mark": "$text-warning",
    "bar": "$primary",
    "bar-baseline": "$foreground 55%",
    "bar-muted": "$foreground 22%",
    "chip": "on $foreground 12%",
    "chip-on": "bold on $primary 40%",
}

# A terminal's own colours have no shades: what is less important is dim there.
ANSI: Mapping[Style, str] = {
    **COLOURED,
    "muted": "dim",
    "faint": "dim",
    "title": "bold ansi_bright_blue",
    "link": "underline ansi_bright_blue",
    "type": "ansi_green",
    "primitive": "bold ansi_bright_blue",
    "keyword": "ansi_magenta",
    "constant": "ansi_cyan",
    "number": "ansi_cyan",
    "string": "ansi_green",
    "comment": "italic dim",
    "function": "ansi_bright_blue",
    "operator": "",
    "error": "bold ansi_red",
    "warning": "ansi_yellow",
    "success": "ansi_green",
    "mark": "ansi_yellow",
    "bar": "ansi_bright_blue",
    "bar-baseline": "",
    "bar-muted": "dim",
    "chip": "",
    "chip-on": "reverse",
}

MARKS: Mapping[Mark, str] = {
    "error": "on $error 18%",
    "warning": "on $warning 12%",
    "cursor": "on $primary 28%",
    "chosen": "bold",
}
ANSI_MARKS: Mapping[Mark, str] = {"error": "underline", "warning": "", "cursor": "reverse", "chosen": "bold"}


class Palette:
    """The styles of one theme on one background, worked out once each."""

    def __init__(self, base: Visual, *, ansi: bool) -> None:
        self._styles = ANSI if ansi else COLOURED
        self._marks = ANSI_MARKS if ansi else MARKS
        self._base = base
        self._known: dict[tuple[Style, Mark | None], Visual] = {}

    def visual(self, style: Style, mark: Mark | None = None) -> Visual:
        """The style on this background."""
        key = (style, mark)
        if key not in self._known:
            under = self._base + Visual.parse(self._marks[mark]) if mark else self._base
            self._known[key] = under + Visual.parse(self._styles[style])
        return self._known[key]


def content(line: Line, *, ansi: bool = False) -> Content:
    """The line for a place that takes Textual's content: a border, a label."""
    styles = ANSI if ansi else COLOURED
    return Content.assemble(*((text, styles[style]) for text, style in line if text))


def contents(lines: Iterable[Line], *, ansi: bool = False) -> Content:
    """Several lines as one content."""
    return Content("\n").join([content(line, ansi=ansi) for line in lines])
