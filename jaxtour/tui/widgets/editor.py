"""The editor in place of the source; made only when the learner edits."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from itertools import chain

from rich.style import Style as RichStyle
from rich.text import Text
from textual import events
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult, Location, TextAreaTheme

from jaxtour.engine.wire.messages import Name
from jaxtour.render.text.layout import Line, Style
from jaxtour.text import UNCLEAN, stand_in
from jaxtour.tui.actions import bindings
from jaxtour.tui.compat import actions_of
from jaxtour.tui.messages import EditEnded, NamesWanted
from jaxtour.tui.styling import Palette, content
from jaxtour.tui.widgets.names import NameList, before_cursor, words_of

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
"""Our styles for tree-sitter's names of pieces of Python."""
_STRING_OR_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|#.*""")
_ENDS_BLOCK = re.compile(r"\s*(return|pass|break|continue|raise)\b")


def indent_after(before: str) -> str:
    """Return what a new line begins with, after this line of Python before the cursor."""
    indent = before[: len(before) - len(before.lstrip())]
    level = "\t" if indent.endswith("\t") else "    "
    code = _STRING_OR_COMMENT.sub(lambda found: "''" if found[1] else "", before).rstrip()
    if code.endswith(":"):
        return indent + level
    goes_on = code.endswith("\\") or sum(map(code.count, "([{")) > sum(map(code.count, ")]}"))
    return indent[: -len(level)] if _ENDS_BLOCK.match(code) and not goes_on else indent


class Editor(TextArea):
    """Edits Python in place; Esc leaves and keeps the edit.

    Its document holds stand-ins for characters that would control the terminal, be invisible or break lines; `text` and
    the clipboard have the learner's own characters.
    """

    BINDINGS = bindings("editor")
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
        self.names = NameList(self)
        self.written = False
        """Whether anything was typed since the code was last run from here."""
        self.border_title = "Source"
        self.say(())

    @property
    def text(self) -> str:
        """The learner's text."""
        return self._stand_ins.own(self.document.text)

    @text.setter
    def text(self, value: str) -> None:
        """The learner's text."""
        self.load_text(value)

    def still_has(self, code: str) -> bool:
        """Return whether this code was run from here and nothing was typed since."""
        return not self.written and self.text.rstrip("\n") == code.rstrip("\n")

    def load_text(self, text: str) -> None:
        """Edit another text, and forget the history of this one."""
        super().load_text(self._stand_ins.hold(text))

    def get_text_range(self, start: Location, end: Location) -> str:
        """Return the learner's text between two places."""
        return self._stand_ins.own(super().get_text_range(start, end))

    def edit(self, edit: Edit) -> EditResult:
        """Apply an edit of a key or a paste; terminals paste newlines as carriage returns."""
        self.written = True
        edit.text = self._stand_ins.hold(re.sub("\r\n?", "\n", edit.text))
        done = super().edit(edit)
        return dataclasses.replace(done, replaced_text=self._stand_ins.own(done.replaced_text))

    def get_line(self, line_index: int) -> Text:
        """Return the line as it is painted."""
        return Text(self._stand_ins.painted(self.document.get_line(line_index)), end="", no_wrap=True)

    def say(self, failed: Line) -> None:
        """Show in the border how the code failed, if it did."""
        words: Line = (*failed, ("   ", ""), ("editing", "muted")) if failed else (("editing", "muted"),)
        self.border_subtitle = content(words, ansi=self.app.native_ansi_color if self.is_attached else False)

    def on_mount(self) -> None:
        """Set the colours of the theme, now and when it changes."""
        self.repaint_theme()
        self.watch(self.app, "theme", self.repaint_theme, init=False)

    def repaint_theme(self) -> None:
        """Make the editor's theme from the app's."""
        palette = Palette(self.visual_style, ansi=self.app.native_ansi_color)

        def rich(style: Style) -> RichStyle:
            return palette.visual(style).rich_style

        self.register_theme(
            TextAreaTheme(
                name="tour",
                base_style=rich(""),
                gutter_style=rich("faint"),
                cursor_style=RichStyle(reverse=True),
                cursor_line_style=RichStyle(),
                cursor_line_gutter_style=rich("strong"),
                bracket_matching_style=RichStyle(bold=True, underline=True),
                selection_style=palette.visual("", "cursor").rich_style,
                syntax_styles={capture: rich(style) for capture, style in CAPTURES.items()},
            )
        )
        self.theme = "tour"

    def action_editor_run(self) -> None:
        """Keep the edit and run it, including letters that have already arrived."""
        self.call_later(self._run)

    def _run(self) -> None:
        self.written = False
        self.post_message(EditEnded(run=True))

    def action_editor_leave(self) -> None:
        """Close the list of names; without one keep the edit and leave."""
        if not self.names.close():
            self.screen.post_message(EditEnded())
            # At once: the next keys are commands, which come after the message.
            self.screen.set_focus(None)

    def action_complete(self) -> None:
        """Insert the name under the cursor, or request completions; without a prefix, indent."""
        self.call_later(self._complete)

    def _complete(self) -> None:
        if self.names.shown:
            self._insert_name()
        elif beginning := before_cursor(self._line_before):
            self.post_message(NamesWanted(beginning))
        else:
            row, column = self.cursor_location
            self.insert(" " * (self.indent_width - self.get_column_width(row, column) % self.indent_width))

    @property
    def _line_before(self) -> str:
        """The line up to the cursor; nothing while text is selected, which the next key replaces."""
        row, column = self.cursor_location
        return self.document.get_line(row)[:column] if self.selection.is_empty else ""

    async def offer(self, beginning: str, names: Sequence[Name]) -> None:
        """List the names that the worker knows and those in the code; insert the only one."""
        if before_cursor(self._line_before) != beginning:
            return  # the learner kept typing
        own = [Name(name=word) for word in words_of(self.document.text, beginning)]
        known = {each.name for each in names}
        await self.names.open(beginning, [*names, *(each for each in own if each.name not in known)])
        if len(self.names.fitting) == 1:
            self._insert_name()

    def _insert_name(self) -> None:
        start = before_cursor(self._line_before).rpartition(".")[2]
        self.insert(self.names.chosen.removeprefix(start))
        self.names.close()

    async def on_key(self, event: events.Key) -> None:
        """Insert the name under the cursor of the list, or type, or do what a key is bound to."""
        # A binding comes back from the app, after letters that have already arrived.
        actions = actions_of(self, event.key)
        if event.key != "enter" and not actions:
            return  # `TextArea` writes it
        event.prevent_default()
        event.stop()
        if actions:
            await self.run_action(actions[0])
        elif self.names.shown:
            self._insert_name()
        else:
            self.begin_line()

    def begin_line(self) -> None:
        """Begin a line with the indentation that the code needs."""
        start, end = sorted(self.selection)
        before, after = self.document.get_line(start[0])[: start[1]], self.document.get_line(end[0])[end[1] :]
        if before.strip():
            end = (end[0], end[1] + len(after) - len(after.lstrip()))  # the spaces would be extra
        self.replace(f"\n{indent_after(before)}", start, end, maintain_selection_offset=False)

    def action_delete_left(self) -> None:
        """Delete the selection, a character, or a level of the indentation."""
        row, column = self.cursor_location
        if self._line_before and not self._line_before.strip(" "):
            start = row, (column - 1) // self.indent_width * self.indent_width
            self.delete(start, (row, column), maintain_selection_offset=False)
        else:
            super().action_delete_left()

    def action_editor_top(self) -> None:
        """Go to the first line."""
        self.move_cursor(self.document.start)

    def action_editor_bottom(self) -> None:
        """Go to the last line."""
        self.move_cursor(self.document.end)

    def on_text_area_changed(self) -> None:
        """Keep the names that still fit."""
        self.names.narrow(before_cursor(self._line_before))

    def on_text_area_selection_changed(self) -> None:
        """Close the list when the cursor goes elsewhere."""
        self.names.narrow(before_cursor(self._line_before))

    def on_unmount(self) -> None:
        """Take the list away too."""
        self.names.close()

    def action_cursor_up(self, select: bool = False) -> None:
        """Go a line up, in the list of names if there is one."""
        if not self.names.step(-1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Go a line down, in the list of names if there is one."""
        if not self.names.step(1):
            super().action_cursor_down(select)


# Characters for private use are as long in UTF-8 as what is painted for them, so that positions in bytes stay right;
# after them come planes that Unicode leaves empty.
_POOL = (range(0xE000, 0xF900), range(0x40000, 0xE0000))
_EXCHANGED = re.compile(f"(?!\t){UNCLEAN.pattern}|[\ue000-\uf8ff\U00040000-\U000dffff]")


class StandIns:
    """Replaces characters one for one, so that no column moves, and restores them.

    Characters of the pool of stand-ins are replaced too. The pool is larger than the number of different characters in
    2.5 MB of text.
    """

    def __init__(self) -> None:
        self._free: Iterator[int] = chain(*_POOL)
        self._held: dict[str, str] = {}
        self._own: dict[int, str] = {}
        self._painted: dict[int, str] = {}

    def hold(self, text: str) -> str:
        """Return the text with stand-ins: nothing in it is invisible, and newlines are its only line breaks."""
        return _EXCHANGED.sub(self._exchange, text)

    def own(self, held: str) -> str:
        """Return the original of a text with stand-ins."""
        return held.translate(self._own) if self._own else held

    def painted(self, held: str) -> str:
        """Return what the screen shows for a text with stand-ins, character for character."""
        return held.translate(self._painted) if self._painted else held

    def _exchange(self, match: re.Match[str]) -> str:
        character = match[0]
        if character not in self._held:
            code = next(self._free)
            self._held[character] = chr(code)
            self._own[code] = character
            self._painted[code] = stand_in(character)
        return self._held[character]
