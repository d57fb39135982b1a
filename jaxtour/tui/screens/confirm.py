"""A question that is answered with y or n."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from jaxtour.tui.styling import content


class ConfirmScreen(ModalScreen[bool]):
    """Asks before something is lost."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", show=False),
        Binding("n,escape,q", "answer(False)", show=False),
    ]

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence

    def compose(self) -> ComposeResult:
        """The question in a box."""
        box = Static(content(((self._consequence, "muted"),)), id="confirm", classes="box", markup=False)
        box.border_title = self._question
        box.border_subtitle = content((("y", "primitive"), (" yes   ", ""), ("n", "primitive"), (" no", "")))
        yield box

    def action_answer(self, yes: bool) -> None:
        """Go back with the answer."""
        self.dismiss(yes)
