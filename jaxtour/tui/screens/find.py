"""The palette: finds actions that work now, steps of the lesson, and lessons by name."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.containers import Vertical

from jaxtour.render.text.layout import Line, pad
from jaxtour.tui.actions import Context, Keys, bindings, in_footer, scoped
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.chooser import Chooser
from jaxtour.tui.widgets.text_input import TextInput

WIDEST = 76
KEY_CELLS = 9
KEYS_CELLS = 60


@dataclass(frozen=True, slots=True)
class Found:
    """An entry of the palette: an action by its id, or a place in the course."""

    name: str
    beside: str
    action: str | None = None
    lesson: int = 0
    step: int | None = None


def everything(tour: Tour, context: Context) -> list[Found]:
    """All entries of the palette."""
    found = [
        Found(action.help[:1].upper() + action.help[1:], tour.keys.first(action), action=action.id)
        for action in scoped("step")
        if action.palette and action.when(context)
    ]
    if tour.alone:
        return found
    for number, step in enumerate(tour.lesson.steps):
        found.append(Found(step.title, f"step {number + 1}", lesson=tour.index, step=number))
    for number, entry in enumerate(tour.catalogue.entries):
        lesson = tour.known(entry)
        found.append(Found(lesson.title if lesson else entry.id, f"lesson {number + 1}", lesson=number))
    return found


def matching(found: Iterable[Found], written: str) -> list[Found]:
    """The entries that have every word of the text; names that start with the text come first."""
    words = written.lower().split()
    kept = [each for each in found if all(word in f"{each.name} {each.beside}".lower() for word in words)]
    return sorted(kept, key=lambda each: not each.name.lower().startswith(written.lower().strip()))


class FindInput(TextInput):
    """The input for part of a name."""

    BINDINGS = bindings("find", on="screen.")


class FindScreen(BoxScreen[Found | None]):
    """Returns the chosen entry.

    Textual's `CommandPalette` searches in a task that Enter does not wait for: in 8.2.8 the keys `ctrl+p`, `state`,
    Enter, sent at once as a slow line sends them, run the first of all commands. It also reads names as markup, and
    animates a widget at 16 frames a second until all providers have answered.
    """

    def __init__(self, found: list[Found], keys: Keys, *, ascii_only: bool = False) -> None:
        self._all = found
        self._shown = found
        self._keys = keys
        self._input = FindInput(id="find", placeholder="part of a name")
        self._input.cursor_blink = False
        self._list = Chooser("found", ascii_only=ascii_only)
        self._list.can_focus = False
        super().__init__(Vertical(self._input, self._list, id="find-box"), lead=self._input, ascii_only=ascii_only)

    def refill(self) -> None:
        """Show the entries that match."""
        self._shown = matching(self._all, self._input.value)
        width = self.inside(WIDEST)
        lines: list[Line] = [
            ((pad(each.name, width - KEY_CELLS - 1), ""), (f" {pad(each.beside, KEY_CELLS, right=True)}", "muted"))
            for each in self._shown
        ]
        self._list.fill(lines or [(("nothing has that name", "muted"),)], 0)
        self.entitle("Find", keys_line(in_footer("find", Context()), self._keys, KEYS_CELLS))

    def on_input_changed(self) -> None:
        """Show the entries that match."""
        self.refill()

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Take the entry under the cursor."""
        if message.option_index < len(self._shown):
            self.dismiss(self._shown[message.option_index])

    def action_found_down(self) -> None:
        """Go a line down."""
        self._list.action_cursor_down()

    def action_found_up(self) -> None:
        """Go a line up."""
        self._list.action_cursor_up()

    def action_found_choose(self) -> None:
        """Take the entry under the cursor."""
        self._list.action_select()
