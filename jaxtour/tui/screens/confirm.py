"""A question with the answers y and n."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.styling import content


class ConfirmScreen(BoxScreen[bool]):
    """Asks before something is lost."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", show=False),
        Binding("n,escape,q", "dismiss(False)", show=False),
    ]

    def __init__(self, question: str, consequence: str, *, ascii_only: bool = False) -> None:
        super().__init__(Static(content(((consequence, "muted"),)), id="confirm", markup=False), ascii_only=ascii_only)
        self._question = question

    def refill(self) -> None:
        """Write the question."""
        self.entitle(self._question, (("y", "primitive"), (" yes   ", ""), ("n", "primitive"), (" no", "")))
