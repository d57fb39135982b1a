"""The box that asks for the learner's prediction: one of the choices, or a few words."""

from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Input, Static

from jaxtour.course.model import Ask
from jaxtour.engine.compare.answers import unreadable
from jaxtour.render.text.layout import Line, in_ascii
from jaxtour.tui.compat_input import TextInput
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.styling import contents
from jaxtour.tui.widgets.chooser import Chooser

KEYS: Line = (("Enter", "primitive"), (" answer   ", ""), ("Esc", "primitive"), (" not now", ""))


class AskScreen(BoxScreen[str | None]):
    """Asks a step's question; returns the answer, or None."""

    BINDINGS = [Binding("escape", "dismiss", show=False)]

    def __init__(self, ask: Ask, begun: str = "", *, ascii_only: bool = False) -> None:
        self._ask = ask
        self._amiss = ""
        """Why the text is not accepted."""
        self._question = Static(id="question", markup=False)
        answer: TextInput | Chooser
        if ask.choices:
            answer = Chooser("choices", ascii_only=ascii_only)
            answer.fill([_row(place, choice) for place, choice in enumerate(ask.texts, 1)])
        else:
            answer = TextInput(begun, "type a number, a shape or a word", id="said", select_on_focus=False)
            answer.cursor_blink = False
        super().__init__(Vertical(self._question, answer, id="ask-box"), lead=answer, ascii_only=ascii_only)

    def refill(self) -> None:
        """Write the question."""
        lines: list[Line] = [((self._ask.question, "strong"),)]
        if self._ask.hint:
            lines.append(((self._ask.hint, "muted"),))
        if self._amiss:
            lines.append((("✗ ", "warning"), (self._amiss, "")))
        self._question.update(contents(in_ascii(lines, self.ascii), ansi=self.app.native_ansi_color))
        self.entitle("What do you think?", KEYS)

    def on_key(self, event: Key) -> None:
        """Take the choice with this digit."""
        if event.key.isdigit() and 1 <= int(event.key) <= len(self._ask.choices):
            event.stop()
            self.dismiss(self._ask.texts[int(event.key) - 1])

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Take the choice under the cursor."""
        self.dismiss(self._ask.texts[message.option_index])

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Accept the text, or say why not; an empty text is None."""
        said = message.value.strip()
        self._amiss = unreadable(self._ask, said) if said else ""
        if self._amiss:
            self.refill()
        else:
            self.dismiss(said or None)


def _row(number: int, choice: str) -> Line:
    return ((f" {number}  ", "muted"), (choice, ""))
