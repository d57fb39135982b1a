"""Maps the styles of `render` to colours, as variables of the theme."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.color import TRANSPARENT
from textual.content import Content
from textual.filter import LineFilter
from textual.style import Style as Visual

from jaxtour.render.text.layout import Line, Style

Mark: TypeAlias = Literal["error", "warning", "cursor", "here", "here-away"]
"""Marks of a whole line; `here` is the cursor's line, `here-away` without the focus."""
HighlightStyle: TypeAlias = Literal["link", "caller", "found", "found-here", "selection", "proof"]
"""Why some characters of a line are highlighted."""

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
    "found": "underline on $primary 34%",
    # Areas of a picture, each lettered.
    "series-1": "$foreground on $primary 55%",
    "series-2": "$foreground on $success 45%",
    "series-3": "$foreground on $warning 45%",
    "series-4": "$foreground on $accent 50%",
    "series-5": "$foreground on $secondary 50%",
    "series-6": "$foreground on $error 40%",
    "series-rest": "$foreground on $foreground 16%",
}

# A terminal's own colours have no shades, so less important text is dim.
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
    "found": "underline",
    "series-1": "reverse ansi_blue",
    "series-2": "reverse ansi_green",
    "series-3": "reverse ansi_yellow",
    "series-4": "reverse ansi_magenta",
    "series-5": "reverse ansi_cyan",
    "series-6": "reverse ansi_red",
    "series-rest": "reverse dim",
}

MARKS: Mapping[Mark, str] = {
    "error": "on $error 18%",
    "warning": "on $warning 12%",
    "cursor": "on $primary 28%",
    "here": "on $primary 16%",
    "here-away": "on $foreground 5%",
}
# The cursor's line has only its sign: on a reversed line, no highlight would be visible.
ANSI_MARKS: Mapping[Mark, str] = {"error": "underline", "warning": "", "cursor": "reverse", "here": "", "here-away": ""}

HIGHLIGHTS: Mapping[HighlightStyle, str] = {
    "link": "on $warning 24%",
    "caller": "underline",
    "found": "underline on $primary 34%",
    "found-here": "reverse",
    "selection": "bold underline",
    "proof": "bold on $success 30%",
}
FLAT_HIGHLIGHTS: Mapping[HighlightStyle, str] = {
    "link": "underline",
    "caller": "underline",
    "found": "underline",
    "found-here": "reverse",
    "selection": "reverse",
    "proof": "bold underline",
}
"""Highlights without backgrounds: in a terminal's own colours, and without any colours."""


class Palette:
    """The styles of one theme on one background, each made once."""

    def __init__(
        self, base: Visual, *, ansi: bool, colourless: bool = False, filters: Sequence[LineFilter] = ()
    ) -> None:
        """Let `filters` change each style once; Textual would change each segment of each row."""
        self._filters = filters
        self._styles = ANSI if ansi else COLOURED
        self._marks = ANSI_MARKS if ansi else MARKS
        self.flat = ansi or colourless
        """Whether there are no backgrounds."""
        self._highlights = FLAT_HIGHLIGHTS if self.flat else HIGHLIGHTS
        self._base = base
        self._known: dict[tuple[Style, tuple[Mark | None, ...]], Visual] = {}
        self._rich: dict[tuple[Style, tuple[Mark | None, ...]], RichStyle] = {}
        self._over: dict[HighlightStyle, RichStyle] = {}

    def visual(self, style: Style, *marks: Mark | None) -> Visual:
        """Return the style on this background and these marks."""
        key = (style, marks)
        if key not in self._known:
            under = self._base
            for mark in marks:
                if mark:
                    under += Visual.parse(self._marks[mark])
            self._known[key] = under + Visual.parse(self._styles[style])
        return self._known[key]

    def rich(self, style: Style, marks: tuple[Mark | None, ...] = ()) -> RichStyle:
        """Return the style on this background and these marks, as a style of a segment."""
        found = self._rich.get((style, marks))
        if found is None:
            found = self.visual(style, *marks).rich_style
            for each in self._filters:
                found = each.apply([Segment(" ", found)], self._base.background or TRANSPARENT)[0].style or found
            self._rich[style, marks] = found
        return found

    def highlight(self, style: HighlightStyle) -> RichStyle:
        """Return the style that a highlight adds to text; the text's colour stays, and the line's marks are hidden."""
        if style not in self._over:
            given = Visual.parse(self._highlights[style])
            rich = (self._base + given).rich_style
            self._over[style] = RichStyle(
                bgcolor=rich.bgcolor if given.background else None,
                bold=rich.bold or None,
                underline=rich.underline or None,
                reverse=rich.reverse or None,
            )
        return self._over[style]


def content(line: Line, *, ansi: bool = False) -> Content:
    """Return the line as Textual's content, for a border or a label."""
    styles = ANSI if ansi else COLOURED
    return Content.assemble(*((text, styles[style]) for text, style in line if text))


def contents(lines: Iterable[Line], *, ansi: bool = False) -> Content:
    """Return several lines as one content."""
    return Content("\n").join([content(line, ansi=ansi) for line in lines])
