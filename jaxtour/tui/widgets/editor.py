"""The editor that takes the source's place; made only when the learner edits."""

from typing import ClassVar

from rich.style import Style as RichStyle
from textual.binding import BindingType
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from jaxtour.render.spans import Line, Style
from jaxtour.tui.actions import bindings
from jaxtour.tui.messages import EditEnded
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
    """Python, edited in place; Esc leaves and keeps."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("editor")
    DEFAULT_CSS = """
    Editor, Editor:focus { border: round $primary; border-title-color: $text-primary; border-title-style: bold;
             background: $background; padding: 0 0 0 1; border-title-background: transparent; scrollbar-size: 0 1;
             border-subtitle-color: $foreground 62%; border-subtitle-background: transparent; }
    """

    def __init__(self, code: str) -> None:
        super().__init__(
            code.rstrip("\n"),
            id="editor",
            language="python",
            show_line_numbers=True,
            tab_behavior="indent",
            soft_wrap=False,
        )
        self.cursor_blink = False
        self.border_title = "Source"
        self.tell(())

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
