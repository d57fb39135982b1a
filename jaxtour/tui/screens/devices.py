"""Chooses the devices that steps run on."""

from textual.containers import Vertical
from textual.widgets import Static

from jaxtour.course.model import Step
from jaxtour.engine.cells import devices_needed
from jaxtour.render.text.layout import Line, pad
from jaxtour.tui.actions import bindings
from jaxtour.tui.choices import DeviceChoice, choices
from jaxtour.tui.screens.box import BoxScreen, choosing
from jaxtour.tui.styling import contents
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.chooser import Chooser

GROUP_CELLS = 14


class DevicesScreen(BoxScreen[DeviceChoice | None]):
    """Returns the choice, or None without a choice or for the current one."""

    BINDINGS = bindings("devices")

    def __init__(self, tour: Tour, device: tuple[str, int] | None = None) -> None:
        self._tour = tour
        session, step = tour.session, tour.step
        needed = devices_needed(tour.lesson, step) if isinstance(step, Step) else 1
        self._choices = choices(session.facts, session.config, session.simulating, needed, dead=tour.worker.dead)
        words = [choice.words for choice in self._choices]
        name = f"{device[0]}:{device[1]}" if device else ""
        self._list = Chooser("devices-list", ascii_only=tour.ascii)
        lines = [self._row(place) for place in range(len(self._choices))]
        self._list.fill(lines, words.index(name) if name in words else 0)
        self._about = Static(id="about", markup=False)
        super().__init__(Vertical(self._list, self._about, id="devices-box"), lead=self._list, ascii_only=tour.ascii)

    def refill(self) -> None:
        """Describe the choice under the cursor."""
        choice = self._choices[self._list.cursor]
        lines: list[Line] = [(("this is the current choice", "muted"),), ()]
        if not choice.here:
            cut = "the current run is interrupted, " if self._tour.busy else ""
            lines = [
                (("the worker restarts on ", "muted"), (choice.outcome, "strong")),
                ((f"{cut}earlier steps are replayed; results and progress stay", "muted"),),
            ]
        self._about.update(contents(lines, ansi=self.app.native_ansi_color))
        self.entitle("Devices", choosing("devices", "choose", self._tour.keys))

    def _row(self, place: int) -> Line:
        choice = self._choices[place]
        first = not place or self._choices[place - 1].group != choice.group
        note: Line = ((f"   {choice.note}", "warning"),) if choice.note else ()
        return (
            ("  ", ""),
            (pad(choice.group if first else "", GROUP_CELLS), "muted"),
            ("● " if choice.here else "  ", "success"),
            (choice.words, "strong" if choice.here else ""),
            *note,
        )

    def on_option_list_option_highlighted(self) -> None:
        """Describe the other choice."""
        self.refill()

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Take the choice under the cursor."""
        choice = self._choices[message.option_index]
        self.dismiss(None if choice.here else choice)
