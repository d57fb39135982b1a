"""The palette: every action that works now, every step of the lesson, every lesson, by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from jaxtour.render.clean import clean
from jaxtour.render.layout import pad
from jaxtour.render.spans import Line
from jaxtour.tui.actions import Context, Keys, bindings, in_footer, scoped
from jaxtour.tui.lines.document import Document
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import content
from jaxtour.tui.tour import Tour
from jaxtour.tui.widgets.chooser import Chooser

KEY_CELLS = 9


@dataclass(frozen=True, slots=True)
class Found:
    """Something that can be found: an action by its id, or a place in the course."""

    name: str
    beside: str
    action: str | None = None
    lesson: int = 0
    step: int | None = None


def everything(tour: Tour, context: Context) -> list[Found]:
    """All that the palette offers."""
    found = [
        Found(action.help[:1].upper() + action.help[1:], tour.keys.first(action), action=action.id)
        for action in scoped("step")
        if action.palette and action.when(context)
    ]
    if tour.alone:
        return found
    for number, step in enumerate(tour.lesson.steps):
        found.append(
            Found(clean(step.title, keep_newlines=False), f"step {number + 1}", lesson=tour.index, step=number)
        )
    for number, entry in enumerate(tour.catalogue.entries):
        lesson = tour.known(entry)
        found.append(Found(clean(lesson.title if lesson else entry.id), f"lesson {number + 1}", lesson=number))
    return found


def matching(found: Iterable[Found], written: str) -> list[Found]:
    """What has every word that was written; names that begin with them first."""
    words = written.lower().split()
    kept = [each for each in found if all(word in f"{each.name} {each.beside}".lower() for word in words)]
    return sorted(kept, key=lambda each: not each.name.lower().startswith(written.lower().strip()))


class FindInput(Input):
    """A line to write part of a name in."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("find", on="screen.")


class FindScreen(ModalScreen[Found | None]):
    """Comes back with what was chosen."""

    CSS_PATH = "modal.tcss"

    def __init__(self, found: list[Found], keys: Keys, *, ascii_only: bool = False) -> None:
        super().__init__(classes="-ascii" if ascii_only else None)
        self._all = found
        self._shown = found
        self._keys = keys
        self._input = FindInput(id="find", placeholder="part of a name")
        self._input.cursor_blink = False
        self._list = Chooser("found", ascii_only=ascii_only)
        self._list.can_focus = False

    def compose(self) -> ComposeResult:
        """A line to write in over the list."""
        with Vertical(id="find-box", classes="box") as box:
            box.border_title = "Find"
            keys = keys_line(in_footer("find", Context()), self._keys, 60)
            box.border_subtitle = content(keys, ansi=self.app.native_ansi_color)
            yield self._input
            yield self._list

    def on_mount(self) -> None:
        """Show everything."""
        self._input.focus()
        self._fill()

    def _fill(self) -> None:
        width = min(76, self.app.size.width) - 5
        lines: list[Line] = [
            ((pad(each.name, width - KEY_CELLS - 1), ""), (f" {pad(each.beside, KEY_CELLS, right=True)}", "muted"))
            for each in self._shown
        ]
        self._list.fill(Document(lines=lines or [(("nothing is called that", "muted"),)]), 0)

    def on_input_changed(self) -> None:
        """Show what matches."""
        self._shown = matching(self._all, self._input.value)
        self._fill()

    def on_chooser_chosen(self, message: Chooser.Chosen) -> None:
        """Take what is under the cursor."""
        if message.index < len(self._shown):
            self.dismiss(self._shown[message.index])

    def action_found_down(self) -> None:
        """The line below."""
        self._list.action_down()

    def action_found_up(self) -> None:
        """The line above."""
        self._list.action_up()

    def action_found_choose(self) -> None:
        """Take what is under the cursor."""
        self._list.action_choose()

    def action_found_close(self) -> None:
        """Go back."""
        self.dismiss(None)
