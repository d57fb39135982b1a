"""Which pane the keys go to, and which one fills the screen."""

from typing import Literal

from jaxtour.tui.messages import Turned
from jaxtour.tui.panes import PANES
from jaxtour.tui.panes.source import rows_of
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.widgets.arrange import Slot
from jaxtour.tui.widgets.pane import Pane
from jaxtour.tui.yank import yank


class SlotController:
    """The actions that go from pane to pane, and the panes by their kind."""

    def __init__(self, host: ScreenHost) -> None:
        self.host = host
        self.panes = host.panes

    @property
    def pane(self) -> Pane:
        """The pane that keys go to."""
        focused = self.host.focused
        return focused if isinstance(focused, Pane) else self.panes.by_slot[self.panes.front]

    @property
    def source(self) -> Pane:
        """The pane of the source."""
        return self.panes.by_slot["source"]

    @property
    def stages(self) -> Pane:
        """The pane of stages."""
        return self.panes.by_slot["stage"]

    def next_pane(self) -> None:
        """Focus the next pane."""
        self._focus_by(1)

    def previous_pane(self) -> None:
        """Focus the pane before."""
        self._focus_by(-1)

    def _focus_by(self, by: Literal[1, -1]) -> None:
        slots: list[Slot] = [spec.name for spec in PANES]
        here = slots.index(self.pane.spec.name)
        self.focus(slots[(here + by) % len(slots)])

    def focus(self, slot: Slot) -> None:
        """Focus a pane, wherever it is."""
        self.panes.bring(slot, by_hand=True)
        if self.panes.zoomed:
            self.panes.zoom(slot)
        pane = self.panes.by_slot[slot]
        if pane.focusable:
            # At once: keys that were typed ahead are meant for it.
            self.host.set_focus(pane, scroll_visible=False)
        else:
            pane.focus(scroll_visible=False)
        self.host.post_message(Turned())

    def keep_focus(self) -> None:
        """Move the focus to a pane that can be seen, unless it is on one or on the editor."""
        if self.panes.editor is not None:
            return
        focused = self.host.focused
        slot = focused.spec.name if isinstance(focused, Pane) else self.panes.front
        if self.panes.zoomed:
            slot = self.panes.zoomed
        elif not self.panes.wide and self.panes.by_slot[slot].spec.tab:
            slot = self.panes.front
        if focused is not self.panes.by_slot[slot]:
            self.panes.by_slot[slot].focus(scroll_visible=False)

    def zoom(self) -> None:
        """Let the pane fill the screen, or bring the others back."""
        self._fill_with(None if self.panes.zoomed else self.pane.spec.name)

    def unzoom(self) -> None:
        """Bring the other panes back."""
        self._fill_with(None)
        self.host.post_message(Turned())

    def _fill_with(self, slot: Slot | None) -> None:
        self.panes.zoom(slot)
        self.host.refresh_view()
        self.keep_focus()

    def yank(self) -> None:
        """Copy the pane's text; of code, the code as it is written."""
        pane, tour = self.pane, self.host.tour
        what = tour.state.stage if pane.spec.name == "stage" else pane.spec.name
        name = f"{tour.lesson.id}-{tour.step.id}-{what}"
        text = rows_of(tour.view).written if what == "source" else ""
        self.host.note(yank(self.host.app, name, text or pane.document.text))
