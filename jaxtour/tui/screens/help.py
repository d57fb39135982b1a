"""The help: all keys, from the list of actions."""

from collections.abc import Callable

from jaxtour.render.text.layout import Line, Style, StyledText, pad, width_of
from jaxtour.tui.actions import Action, Context, Keys, bindings, by_group
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.screens.box import BoxScreen, closing

TWO_COLUMNS = 100
KEY_CELLS = 12


class HelpScreen(BoxScreen[None]):
    """Every key and what it does."""

    BINDINGS = bindings("modal")
    LIVE = True

    def __init__(self, keys: Keys, context: Callable[[], Context], *, ascii_only: bool = False) -> None:
        self._lines = LinesView("help", ascii_only=ascii_only)
        super().__init__(self._lines, ascii_only=ascii_only)
        self._keys = keys
        self._now = context
        self._shown: tuple[object, ...] = ()

    def refill(self) -> None:
        """Show the keys."""
        if (now := (self._now(), self.inside())) != self._shown:
            self._shown = now
            self._lines.show(Document(lines=help_lines(self._keys, *now)))
        self.entitle((("Keys", ""), ("   dim ones do nothing now", "muted")), closing(self._keys))


def help_lines(keys: Keys, context: Context, width: int) -> list[Line]:
    """Return the groups of keys, in two columns if there is room; those that do not work now are dim."""
    blocks = [_block(keys, group, context) for group in by_group().items()]
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


def _block(keys: Keys, group: tuple[str, list[Action]], context: Context) -> list[Line]:
    name, actions = group
    meanings: dict[str, list[StyledText]] = {}
    for each in actions:
        if each.help:
            # The second meaning of a key says when the key has it.
            works = each.scope != "step" or each.when(context)
            meanings.setdefault(" ".join(keys.of(each)), []).append((each.help, "" if works else "muted"))
    rows: list[Line] = []
    for key, every in meanings.items():
        style: Style = "strong" if any(not dim for _, dim in every) else "muted"
        rows += [((pad("" if place else key, KEY_CELLS), style), said) for place, said in enumerate(every)]
    return [((name, "title"),), *rows, ()]
