"""The learner's prediction: one of the choices, or a few words."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from jaxtour.course.model import Ask
from jaxtour.render.clean import clean
from jaxtour.render.spans import Line
from jaxtour.tui.lines.document import Document
from jaxtour.tui.styling import content, contents
from jaxtour.tui.widgets.chooser import Chooser

ENDING: Line = (("Enter", "primitive"), (" answer   ", ""), ("Esc", "primitive"), (" not now", ""))


class AskScreen(ModalScreen[str | None]):
    """Asks a step's question; comes back with the answer, or with None."""

    CSS_PATH = "modal.tcss"

    def __init__(self, ask: Ask, *, ascii_only: bool = False) -> None:
        super().__init__(classes="-ascii" if ascii_only else None)
        self._ask = ask
        self._ascii = ascii_only

    def compose(self) -> ComposeResult:
        """The question over the choices, or over a line to write in."""
        ansi = self.app.native_ansi_color
        lines: list[Line] = [((clean(self._ask.question), "strong"),)]
        if self._ask.hint:
            lines.append(((clean(self._ask.hint), "muted"),))
        with Vertical(id="ask-box", classes="box") as box:
            box.border_title = "What do you think?"
            box.border_subtitle = content(ENDING, ansi=ansi)
            yield Static(contents(lines, ansi=ansi), id="question", markup=False)
            if self._ask.choices:
                yield Chooser("choices", ascii_only=self._ascii)
            else:
                written = Input(id="said", placeholder="a number, a shape, a word")
                written.cursor_blink = False
                yield written

    def on_mount(self) -> None:
        """Fill in the choices."""
        if self._ask.choices:
            lines: list[Line] = [
                ((f" {number}  ", "muted"), (clean(choice), "")) for number, choice in enumerate(self._ask.choices, 1)
            ]
            chooser = self.query_one(Chooser)
            chooser.fill(Document(lines=lines), 0)
            chooser.focus()

    def on_key(self, event: Key) -> None:
        """A digit is a choice."""
        if self._ask.choices and event.key.isdigit() and 1 <= int(event.key) <= len(self._ask.choices):
            event.stop()
            self.dismiss(self._ask.choices[int(event.key) - 1])
        elif event.key == "escape":
            event.stop()
            self.dismiss(None)

    def on_chooser_chosen(self, message: Chooser.Chosen) -> None:
        """Take the choice under the cursor."""
        self.dismiss(self._ask.choices[message.index])

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Take what was written; nothing is no answer."""
        self.dismiss(message.value.strip() or None)

    def action_close(self) -> None:
        """Go back without an answer."""
        self.dismiss(None)
