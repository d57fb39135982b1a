"""The editor that takes the source's place; made only when the learner edits."""

import dataclasses
import re
from typing import ClassVar

from rich.style import Style as RichStyle
from rich.text import Text
from textual.binding import BindingType
from textual.document._document import EditResult, Location
from textual.document._edit import Edit
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from jaxtour.render.text.spans import Line, Style
from jaxtour.tui.actions import bindings
from jaxtour.tui.messages import EditEnded
from jaxtour.tui.stand_ins import StandIns
from jaxtour.tui.styling import Palette, content

CAPTURES: dict[str, Style] = {
    "keyword": "keyword",
    "keyword.function": "keyword",
    "keyword.return": "keyword",
    "keyword.operator": "keyword",
    "conditional": "keyword",
    "repeat": "keyword",
    "exception": "keyword",
    "include": "keyword",
    "constant.builtin": "number",
    "boolean": "number",
    "number": "number",
    "float": "number",
    "string": "string",
    "string.documentation": "string",
    "comment": "comment",
    "function": "function",
    "function.call": "function",
    "method": "function",
    "method.call": "function",
    "class": "type",
    "type": "type",
    "type.class": "type",
    "operator": "operator",
}
"""Tree-sitter's names for pieces of Python, in our words."""


class Editor(TextArea):
    """Python, edited in place; Esc leaves and keeps.

    Its document holds stand-ins for what would steer the terminal, be invisible or be taken for a line break;
    `text`, the clipboard and whatever else leaves have the learner's own characters.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("editor")
    DEFAULT_CSS = """
    Editor, Editor:focus { border: round $primary; border-title-color: $text-primary; border-title-style: bold;
             background: $background; padding: 0 0 0 1; border-title-background: transparent; scrollbar-size: 0 1;
             border-subtitle-color: $foreground 62%; border-subtitle-background: transparent; }
    """

    def __init__(self, code: str) -> None:
        self._stand_ins = StandIns()
        super().__init__(
            self._stand_ins.hold(code.rstrip("\n")),
            id="editor",
            language="python",
            show_line_numbers=True,
            tab_behavior="indent",
            soft_wrap=False,
        )
        self.cursor_blink = False
        self.border_title = "Source"
        self.tell(())

    @property
    def text(self) -> str:
        """The learner's text."""
        return self._stand_ins.own(self.document.text)

    @text.setter
    def text(self, value: str) -> None:
        self.load_text(value)

    def load_text(self, text: str) -> None:
        """Edit another text, and forget what was done to this one."""
        super().load_text(self._stand_ins.hold(text))

    def get_text_range(self, start: Location, end: Location) -> str:
        """The learner's text between two places."""
        return self._stand_ins.own(super().get_text_range(start, end))

    def edit(self, edit: Edit) -> EditResult:
        """Do what every key and every paste comes to; a terminal pastes newlines as carriage returns."""
        edit.text = self._stand_ins.hold(re.sub("\r\n?", "\n", edit.text))
        done = super().edit(edit)
        return dataclasses.replace(done, replaced_text=self._stand_ins.own(done.replaced_text))

    def get_line(self, line_index: int) -> Text:
        """The line as it is painted."""
        return Text(self._stand_ins.painted(self.document.get_line(line_index)), end="", no_wrap=True)

    def tell(self, happened: Line) -> None:
        """Say in the border what the run of this code came to."""
        words: Line = (*happened, ("   ", ""), ("editing", "muted")) if happened else (("editing", "muted"),)
        self.border_subtitle = content(words, ansi=self.app.native_ansi_color if self.is_attached else False)

    def on_mount(self) -> None:
        """Take on the colours of the tour's theme."""
        self.repaint_theme()
        self.watch(self.app, "theme", self.repaint_theme, init=False)

    def repaint_theme(self) -> None:
        """Make the editor's theme of the app's."""
        palette = Palette(self.visual_style, ansi=self.app.native_ansi_color)

        def rich(style: Style) -> RichStyle:
            return palette.visual(style).rich_style

        cursor = RichStyle(reverse=True)
        self.register_theme(
            TextAreaTheme(
                name="tour",
                base_style=rich(""),
                gutter_style=rich("faint"),
                cursor_style=cursor,
                cursor_line_style=RichStyle(),
                cursor_line_gutter_style=rich("strong"),
                bracket_matching_style=RichStyle(bold=True, underline=True),
                selection_style=palette.visual("", "cursor").rich_style,
                syntax_styles={capture: rich(style) for capture, style in CAPTURES.items()},
            )
        )
        self.theme = "tour"

    def action_editor_run(self) -> None:
        """Keep the edit and run it."""
        self.post_message(EditEnded(run=True))

    def action_editor_leave(self) -> None:
        """Keep the edit and leave."""
        self.post_message(EditEnded())
