"""The help: all keys, from the list of actions."""

from jaxtour.render.text.layout import Line, pad, width_of
from jaxtour.tui.actions import Action, Keys, bindings, by_group
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.screens.box import BoxScreen, closing

TWO_COLUMNS = 100
KEY_CELLS = 12


class HelpScreen(BoxScreen[None]):
    """Every key and what it does."""

    BINDINGS = bindings("modal")

    def __init__(self, keys: Keys, *, ascii_only: bool = False) -> None:
        self._lines = LinesView("help", ascii_only=ascii_only)
        super().__init__(self._lines, ascii_only=ascii_only)
        self._keys = keys

    def refill(self) -> None:
        """Show the keys."""
        self._lines.show(Document(lines=help_lines(self._keys, self.inside())))
        self.entitle("Keys", closing(self._keys))


def help_lines(keys: Keys, width: int) -> list[Line]:
    """Return the groups of keys, in two columns if there is room."""
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
    meanings: dict[str, list[str]] = {}
    for each in actions:
        if each.help:
            # The second meaning of a key says when the key has it.
            meanings.setdefault(" ".join(keys.of(each)), []).append(each.help)
    rows: list[Line] = [
        ((pad("" if place else key, KEY_CELLS), "strong"), (said, ""))
        for key, every in meanings.items()
        for place, said in enumerate(every)
    ]
    return [((name, "title"),), *rows, ()]
