"""A list with a cursor."""

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from textual.strip import Strip
from textual.style import Style
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from jaxtour.render.text.layout import Line, in_ascii
from jaxtour.tui.actions import bindings
from jaxtour.tui.compat import begins_with_cursor
from jaxtour.tui.styling import content

HIGHLIGHTED = "option-list--option-highlighted"
HERE = "›"
"""The cursor's sign, as in the panes: a terminal may have no colours."""
METHODS: Mapping[str, str] = {
    "down": "cursor_down", "up": "cursor_up", "page_down": "page_down", "page_up": "page_up",
    "top": "first", "bottom": "last", "choose": "select",
}  # fmt: skip
"""Textual's methods for our actions."""


class Chooser(OptionList, inherit_bindings=False):
    """Textual's option list, with our keys and styles; the first cell of a row is the cursor's."""

    BINDINGS = [*bindings("pane", methods=METHODS), *bindings("list", methods=METHODS)]
    DEFAULT_CSS = """
    Chooser, Chooser:focus { border: none; padding: 0; background: transparent; background-tint: 0%;
        text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        scrollbar-color: $foreground 30%; scrollbar-background: transparent;
        & > .option-list--option-highlighted { color: $foreground; background: $primary 28%; text-style: none; }
        & > .option-list--option-hover { background: transparent; }
    }
    Chooser:ansi > .option-list--option-highlighted, Chooser:ansi:focus > .option-list--option-highlighted {
        color: ansi_default; background: ansi_default;
    }
    """

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(id=name)
        self._rows: Sequence[Line] = ()
        self._ascii_only = ascii_only

    @property
    def cursor(self) -> int:
        """The line under the cursor."""
        return self.highlighted or 0

    def fill(self, lines: Sequence[Line], cursor: int = 0) -> None:
        """Show other lines, with the cursor on one of them."""
        lines = in_ascii(list(lines), self._ascii_only)
        prompts = [content(line, ansi=self.app.native_ansi_color) for line in lines]
        if len(lines) != len(self._rows):
            self.set_options([Option(prompt) for prompt in prompts])
        else:
            for place, (old, new) in enumerate(zip(self._rows, lines, strict=True)):
                if old != new:
                    self.replace_option_prompt_at_index(place, prompts[place])
        self._rows = lines
        self.highlighted = cursor if lines else None

    def render_line(self, y: int) -> Strip:
        """Return the row at `y`, with a sign on the one under the cursor."""
        strip = super().render_line(y)
        line = self.scroll_offset.y + y
        if strip.text[:1] != " " or not begins_with_cursor(self, line):
            return strip
        first, rest = strip.crop(0, 1), strip.crop(1)
        style = next((segment.style for segment in first), None)
        return Strip.join([Strip([Segment(">" if self._ascii_only else HERE, style)]), rest])

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Return the style of a row; the cursor's row is reversed in a terminal's own colours.

        Textual 8.2.8 ignores `text-style: reverse` of the style sheet here.
        """
        style = super().get_visual_style(*component_classes, partial=partial)
        if HIGHLIGHTED in component_classes and self.app.native_ansi_color:
            style += Style(reverse=True)
        return style
