"""The changes that a step suggests: a digit chooses one, which runs at once."""

from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Static

from jaxtour.course.model import Step
from jaxtour.render.text.diff import unified_lines
from jaxtour.render.text.layout import Line
from jaxtour.tui.actions import bindings
from jaxtour.tui.screens.box import BoxScreen, choosing
from jaxtour.tui.styling import contents
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.chooser import Chooser


class TriesScreen(BoxScreen[int | None]):
    """Returns the number of the change, from 0, or None."""

    BINDINGS = bindings("tries")

    def __init__(self, tour: Tour, step: Step) -> None:
        self._tour = tour
        self._step = step
        self._applied = tour.edits.variation(tour.key, step)
        self._list = Chooser("tries", ascii_only=tour.ascii)
        self._about = Static(id="replaced", markup=False)
        super().__init__(Vertical(self._list, self._about, id="tries-box"), lead=self._list, ascii_only=tour.ascii)

    def refill(self) -> None:
        """Show a line for each change; the cursor is on the one after the applied change."""
        rows = [self._row(number) for number in range(len(self._step.tries))]
        after = 0 if self._applied is None else (self._applied + 1) % len(rows)
        self._list.fill(rows, after)
        self._describe(after)
        self.entitle("Try", choosing("tries", "run it", self._tour.keys))

    def _row(self, number: int) -> Line:
        applied: Line = (("   this is your edit now", "muted"),) if number == self._applied else ()
        return ((f" {number + 1}  ", "muted"), (self._step.tries[number].label, ""), *applied)

    def on_option_list_option_highlighted(self) -> None:
        """Show what the change under the cursor replaces."""
        self._describe(self._list.cursor)

    def _describe(self, number: int) -> None:
        texts = [unified_lines(change.old.text, change.new.text) for change in self._step.tries]
        # As high as the highest description, so that the box keeps its size.
        blank: list[Line] = [()] * (max(map(len, texts)) - len(texts[number]))
        self._about.update(contents([*texts[number], *blank], ansi=self.app.native_ansi_color))

    def on_key(self, event: Key) -> None:
        """Take the change with this digit."""
        if event.key.isdigit() and 1 <= int(event.key) <= len(self._step.tries):
            event.stop()
            self.dismiss(int(event.key) - 1)

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Take the change under the cursor."""
        self.dismiss(message.option_index)
