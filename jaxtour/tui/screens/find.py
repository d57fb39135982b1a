"""The palette: finds actions that work now, steps of the lesson, and lessons by name; any step by its text or code."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual import work
from textual.containers import Vertical

from jaxtour.course.search import Hit, SearchIndex
from jaxtour.render.home import hit_row
from jaxtour.render.text.layout import Line, StyledText, pad
from jaxtour.tui.actions import Context, bindings, in_footer, scoped
from jaxtour.tui.compat_input import TextInput
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.screens.home import read_rest
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.chooser import Chooser

WIDEST = 76
KEY_CELLS = 9
KEYS_CELLS = 60
LEAST_WRITTEN = 2
"""The fewest characters to search for; one would be found in every text."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry of the palette: an action by its id, or a place in the course."""

    name: str
    beside: str
    action: str | None = None
    lesson: int = 0
    step: int | None = None
    hit: Hit | None = None
    """The line that was found, if the place was not found by its name."""


def everything(tour: Tour, context: Context) -> list[Found]:
    """Return all entries of the palette."""
    found = [
        Found(action.help[:1].upper() + action.help[1:], tour.keys.first(action), action=action.id)
        for action in scoped("step")
        if action.palette and action.when(context)
    ]
    if context.alone:
        return found
    for number, step in enumerate(tour.lesson.steps):
        found.append(Found(step.title, f"step {number + 1}", lesson=tour.index, step=number))
    for number, entry in enumerate(tour.catalogue.entries):
        lesson = tour.lessons.known(entry)
        found.append(Found(lesson.title if lesson else entry.id, f"lesson {number + 1}", lesson=number))
    return found


def matching(found: Iterable[Found], written: str) -> list[Found]:
    """Return the entries that have every word of the text; names that start with the text come first."""
    words = written.lower().split()
    kept = [each for each in found if all(word in f"{each.name} {each.beside}".lower() for word in words)]
    return sorted(kept, key=lambda each: not each.name.lower().startswith(written.lower().strip()))


def in_text(index: SearchIndex, written: str, shown: Iterable[Found]) -> list[Found]:
    """Return the steps that have every word in their text or code, except those already shown."""
    known = {(each.lesson, each.step) for each in shown if each.action is None}
    hits = index.hits(written) if len(written.strip()) >= LEAST_WRITTEN else []
    return [
        Found(hit.name, "", lesson=hit.lesson, step=hit.step, hit=hit)
        for hit in hits
        if hit.step is not None and (hit.lesson, hit.step) not in known
    ]


class FindInput(TextInput):
    """The input for part of a name."""

    BINDINGS = bindings("find", on="screen.")


class FindScreen(BoxScreen[Found | None]):
    """Returns the chosen entry.

    Textual's `CommandPalette` searches in a task that Enter does not wait for: in 8.2.8, the keys `ctrl+p`, `state`,
    Enter, arriving at once as over a slow connection, run the first of all commands. It also reads names as markup, and
    animates a widget at 16 frames a second until all providers have answered.
    """

    def __init__(self, tour: Tour, context: Context) -> None:
        self._tour = tour
        self._now = context
        self._index = SearchIndex()
        self._shown: list[Found] = []
        self._searched = ""
        """The input's text when the list was filled."""
        self._input = FindInput(id="find", placeholder="part of a name")
        self._input.cursor_blink = False
        self._list = Chooser("found", ascii_only=tour.ascii)
        self._list.can_focus = False
        super().__init__(Vertical(self._input, self._list, id="find-box"), lead=self._input, ascii_only=tour.ascii)

    def on_mount(self) -> None:
        """Read the lessons that were not read before."""
        self.read_rest()

    @work(exclusive=True, group="find", exit_on_error=True, description="Reads the lessons one by one.")
    async def read_rest(self) -> None:
        """Read all lessons."""
        await read_rest(self._tour, self._index, self.refill)
        self.refill()

    def refill(self) -> None:
        """Show the entries that match."""
        written = self._input.value
        here = self._shown[self._list.cursor] if self._shown else None
        self._shown = matching(everything(self._tour, self._now), written)
        self._shown += in_text(self._index, written, self._shown)
        lines = [self._row(each, self.inside(WIDEST)) for each in self._shown]
        cursor = self._shown.index(here) if here in self._shown and written == self._searched else 0
        self._searched = written
        self._list.fill(lines or [(("nothing has this name or text", "muted"),)], cursor)
        self.entitle("Find", keys_line(in_footer("find", Context()), self._tour.keys, KEYS_CELLS))

    def _row(self, found: Found, width: int) -> Line:
        if found.hit:
            return (("  ", ""), *hit_row(found.hit, self._input.value, width - 2))
        beside: StyledText = (f" {pad(found.beside, KEY_CELLS, right=True)}", "muted")
        return (("  ", ""), (pad(found.name, width - KEY_CELLS - 3), ""), beside)

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
