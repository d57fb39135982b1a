"""The one screen of a step."""

from textual.app import ComposeResult
from textual.geometry import Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from jaxtour.tui.actions import BY_ID, Scope, bindings, in_footer
from jaxtour.tui.screens.device_keys import DeviceKeys
from jaxtour.tui.screens.search_keys import SearchKeys
from jaxtour.tui.screens.time_keys import TimeKeys
from jaxtour.tui.status import keys_line, top_line
from jaxtour.tui.tour import Tour
from jaxtour.tui.widgets.arrange import left_width
from jaxtour.tui.widgets.bar import Bar
from jaxtour.tui.widgets.panes import WIDE, Panes

NOTE_S = 8.0
"""How long a note stays in the bottom line, unless a key is pressed."""


class TourScreen(SearchKeys, DeviceKeys, TimeKeys, Screen[None]):
    """Text, source, stages, result, time and devices of a step, between two lines."""

    BINDINGS = bindings("step")
    AUTO_FOCUS = "#lesson"
    ESCAPE_TO_MINIMIZE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (40, "-narrow"), (WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (12, "-tall")]

    # Textual's own repaints the whole screen whenever the focus moves.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self, tour: Tour) -> None:
        super().__init__(classes="-ascii" if tour.ascii else None)
        self.tour = tour
        self.panes = Panes(ascii_only=tour.ascii)
        self.top = Bar("top", ascii_only=tour.ascii)
        self.keys = Bar("keys", ascii_only=tour.ascii)
        self._note = ""

    def fit_classes(self, width: int, height: int) -> None:
        """Take on the classes that Textual sets after the first layout, so that there need be no second one."""
        for breakpoints, length in ((self.HORIZONTAL_BREAKPOINTS, width), (self.VERTICAL_BREAKPOINTS, height)):
            self.add_class(max(point for point in breakpoints if point[0] <= length)[1], update=False)

    def compose(self) -> ComposeResult:
        """The top line, the panes, the bottom line, and what is shown where there is no room for them."""
        yield self.top
        yield self.panes
        yield self.keys
        yield Static("too small:\njaxtour needs 40x12", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Fill the panes before the first frame."""
        self.refresh_view(fresh=True)
        width, height = self.app.size
        self.panes.prime(Size(width, height - 2))

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.panes.retitle()
        self.refresh_lines()
        self.call_after_refresh(self.keep_focus)

    def refresh_view(self, *, fresh: bool = False) -> None:
        """Show what the tour knows now; `fresh` when it is another step."""
        if not self.is_mounted_panes:
            return
        front = self.panes.front
        self.panes.update_view(self.tour.view, fresh=fresh)
        self.relink()
        self.highlight_devices()
        self.tell_search()
        self.refresh_lines()
        if self.over is not None:
            self.over.refill()
        if front != self.panes.front:
            self.keep_focus()

    @property
    def is_mounted_panes(self) -> bool:
        """Whether there are panes to fill: the app may be on its way out."""
        return self.panes.is_attached

    def refresh_lines(self) -> None:
        """Write the top line and the bottom line."""
        tour = self.tour
        width = self.app.size.width - 2
        view = tour.view
        split = left_width(width + 2) if width + 2 >= WIDE else None
        self.top.show(top_line(view, tour.activity, tour.clock(), width, split))
        self.refresh_keys()

    def refresh_keys(self) -> None:
        """Write the bottom line: a note if there is one, else the keys that work now."""
        if self._note:
            self.keys.show(((self._note, "strong"),))
            return
        scope: Scope = "editor" if self.editing else "step"
        view = self.tour.view
        bright = "next_step" if view.done[view.number - 1] and not self.tour.alone else "run"
        line = keys_line(in_footer(scope, self.context), self.tour.keys, self.app.size.width - 2, bright=bright)
        self.keys.show(line)

    def note(self, text: str) -> None:
        """Say something in the bottom line, until a key or for a while."""
        self._note = text
        self.refresh_keys()
        if text:
            self.set_timer(NOTE_S, lambda: self.drop_note(text), name="note")

    def drop_note(self, text: str | None = None) -> None:
        """Back to the keys; with a text, only if that is still what stands there."""
        if self._note and text in (None, self._note):
            self._note = ""
            self.refresh_keys()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Whether a key does something now."""
        known = BY_ID.get(action)
        if known is None or known.scope != "step":
            return True
        return known.when(self.context)
