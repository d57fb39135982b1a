"""Choosing the devices that steps run on."""

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from jaxtour.course.model import Step
from jaxtour.render.layout import pad
from jaxtour.render.spans import Line
from jaxtour.tui.actions import BY_ID, Context, bindings, in_footer
from jaxtour.tui.choices import Choice, choices
from jaxtour.tui.lines.document import Document
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import content, contents
from jaxtour.tui.tour import Tour
from jaxtour.tui.widgets.chooser import Chooser

GROUP_CELLS = 14
KEYS_CELLS = 60


class DevicesScreen(ModalScreen[Choice | None]):
    """Comes back with what was chosen, or with None where that is how it is, or nothing was."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings("devices")

    def __init__(self, tour: Tour, device: tuple[str, int] | None = None) -> None:
        super().__init__(classes="-ascii" if tour.ascii else None)
        self._tour = tour
        self._from = f"{device[0]}:{device[1]}" if device else ""
        """The device that the cursor is on at first."""
        self._list = Chooser("devices-list", ascii_only=tour.ascii)
        self._about = Static(id="about", markup=False)
        self._choices: list[Choice] = []

    def compose(self) -> ComposeResult:
        """The list over what the choice would bring."""
        with Vertical(id="devices-box", classes="box"):
            yield self._list
            yield self._about

    def on_mount(self) -> None:
        """Show what there is to choose."""
        tour, step = self._tour, self._tour.step
        session = tour.session
        needed = session.devices_needed(tour.lesson, step) if isinstance(step, Step) else 1
        self._choices = choices(session.facts, session.config, session.simulating, needed, dead=tour.dead)
        lines = [self._row(place) for place in range(len(self._choices))]
        words = [choice.words for choice in self._choices]
        self._list.fill(Document(lines=lines), words.index(self._from) if self._from in words else 0)
        box = self.query_one("#devices-box")
        box.border_title = "Devices"
        keys = [msgspec.structs.replace(BY_ID["choose"], label="choose"), *in_footer("devices", Context())]
        box.border_subtitle = content(keys_line(keys, tour.keys, KEYS_CELLS), ansi=self.app.native_ansi_color)
        self._list.focus()
        self._describe()

    def _row(self, place: int) -> Line:
        choice = self._choices[place]
        first = not place or self._choices[place - 1].group != choice.group
        note: Line = ((f"   {choice.note}", "warning"),) if choice.note else ()
        return (
            (pad(choice.group if first else "", GROUP_CELLS), "muted"),
            ("● " if choice.here else "  ", "success"),
            (choice.words, "strong" if choice.here else ""),
            *note,
        )

    def _describe(self) -> None:
        """Say what the choice under the cursor would bring."""
        choice = self._choices[self._list.cursor]
        lines: list[Line] = [(("this is how it is", "muted"),), ()]
        if not choice.here:
            cut = "what runs is interrupted, " if self._tour.busy else ""
            lines = [
                (("the worker starts again on ", "muted"), (choice.outcome, "strong")),
                ((f"{cut}the steps before are replayed; results and progress stay", "muted"),),
            ]
        self._about.update(contents(lines, ansi=self.app.native_ansi_color))

    def on_chooser_moved(self) -> None:
        """Describe the other choice."""
        self._describe()

    def on_chooser_chosen(self, message: Chooser.Chosen) -> None:
        """Take it."""
        choice = self._choices[message.index]
        self.dismiss(None if choice.here else choice)

    def action_devices_close(self) -> None:
        """Go back without a choice."""
        self.dismiss(None)
