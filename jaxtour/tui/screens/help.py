"""All keys, from the registry."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from jaxtour.render.layout import pad, width_of
from jaxtour.render.spans import Line
from jaxtour.tui.actions import Action, Keys, bindings, by_group
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.styling import content

TWO_COLUMNS = 100
KEY_CELLS = 12


class HelpScreen(ModalScreen[None]):
    """Every key and what it does."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings("modal")

    def __init__(self, keys: Keys, *, ascii_only: bool = False) -> None:
        super().__init__(classes="-ascii" if ascii_only else None)
        self._keys = keys
        self._view = LinesView("help", ascii_only=ascii_only)
        self._view.add_class("box")

    def compose(self) -> ComposeResult:
        """A box of lines."""
        self._view.border_title = "Keys"
        close = self._keys.first("dismiss")
        ansi = self.app.native_ansi_color
        self._view.border_subtitle = content(((close, "primitive"), (" close", "")), ansi=ansi)
        yield self._view

    def on_mount(self) -> None:
        """Fill the box."""
        self._fill()
        self._view.focus()

    def on_resize(self) -> None:
        """Two columns where there is room."""
        self._fill()

    def _fill(self) -> None:
        self._view.show(Document(lines=help_lines(self._keys, self.app.size.width - 4)))

    def action_dismiss(self) -> None:  # type: ignore[override]
        """Go back."""
        self.dismiss()


def help_lines(keys: Keys, width: int) -> list[Line]:
    """The groups of keys, in two columns where there is room."""
    blocks = [_block(keys, group) for group in by_group().items()]
    if width < TWO_COLUMNS:
        return [line for block in blocks for line in block]
    half = sum(map(len, blocks)) / 2
    left: list[Line] = []
    right: list[Line] = []
    for block in blocks:
        (left if len(left) + len(block) / 2 <= half and not right else right).extend(block)
    column = max(map(width_of, left)) + 4
    rows = max(len(left), len(right))
    left += [()] * (rows - len(left))
    right += [()] * (rows - len(right))
    return [(*a, (" " * (column - width_of(a)), ""), *b) for a, b in zip(left, right, strict=True)]


def _block(keys: Keys, group: tuple[str, list[Action]]) -> list[Line]:
    name, actions = group
    rows: list[Line] = [
        ((pad(" ".join(keys.of(each)), KEY_CELLS), "strong"), (each.help, "")) for each in actions if each.help
    ]
    return [((name, "title"),), *rows, ()]
