"""The screen of a step: it routes each key and each message, and updates what is shown."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from inspect import isawaitable
from math import inf

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from jaxtour.engine.session import EngineError
from jaxtour.text import clean
from jaxtour.tui.actions import ACTIONS, BY_ID, Context, bindings
from jaxtour.tui.compat import unpainted_focus
from jaxtour.tui.lines.cursor import CursorMoved
from jaxtour.tui.messages import EditEnded, NamesWanted, ShownWanted, Travelled, Turned, Unfolded
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import Bar, top_line
from jaxtour.tui.tour.controllers.answers import AnswerController
from jaxtour.tui.tour.controllers.change import ChangeController
from jaxtour.tui.tour.controllers.course import CourseController
from jaxtour.tui.tour.controllers.devices import DeviceController
from jaxtour.tui.tour.controllers.exercise import ExerciseController
from jaxtour.tui.tour.controllers.lens import LensController
from jaxtour.tui.tour.controllers.links import LinkController
from jaxtour.tui.tour.controllers.profile import ProfileController
from jaxtour.tui.tour.controllers.review import ReviewController
from jaxtour.tui.tour.controllers.search import SearchController
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.controllers.step import StepController
from jaxtour.tui.tour.key_line import KeyLine, Looking
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.reviewing import Reviewing
from jaxtour.tui.tour.view import StepView
from jaxtour.tui.widgets.arrange import left_width
from jaxtour.tui.widgets.pane import Pane
from jaxtour.tui.widgets.panes import WIDE, Panes

NOTE_S = 8.0
"""How long a note stays in the bottom line."""
CLOSED_S = 0.8
"""How long letters are not commands after the editor closed on its own: the learner may still be typing."""
CLOSED_NOTE_S = 3.0
"""How long the bottom line says that it closed."""


class TourScreen(Screen[None]):
    """Text, source, stages, result, time and devices of a step, between two lines."""

    BINDINGS = bindings("step")
    BLANK = True
    AUTO_FOCUS = "#lesson"
    ESCAPE_TO_MINIMIZE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (40, "-narrow"), (WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (12, "-tall")]

    focused = unpainted_focus()

    def __init__(
        self,
        tour: Tour,
        now: Callable[[], datetime],
        settle: Callable[[], None],
        reviewing: Reviewing | None = None,
    ) -> None:
        super().__init__(classes="-ascii" if tour.ascii else None)
        self.tour = tour
        self.now = now
        self.settle = settle
        """Waits until all progress is written."""
        self.reviewing = reviewing
        self.panes = Panes(ascii_only=tour.ascii)
        self.top = Bar("top", ascii_only=tour.ascii)
        self.keys = Bar("keys", ascii_only=tour.ascii)
        self._note = ""
        self._solved_at = -inf
        """When the editor last closed on its own, by the tour's clock."""
        self.slots = SlotController(self)
        self.step = StepController(self, self.slots)
        self.change = ChangeController(self, self.step)
        self.course = CourseController(self, self.step)
        self.review = ReviewController(self, self.step, self.course, reviewing)
        self.links = LinkController(self, self.slots, self.step)
        self.lens = LensController(self, self.slots, self.links)
        looking = Looking(self)
        self.answers = AnswerController(self, self.slots, self.lens, looking)
        self.devices = DeviceController(self, self.slots, self.step, self.links)
        self.profile = ProfileController(self, self.slots)
        self.exercise = ExerciseController(self, self.links)
        self.search = SearchController(self, self.slots)
        self.working = KeyLine(self, looking, self.links, self.devices, self.search, reviewing)
        self._highlighters: Mapping[str, LinkController | DeviceController] = {
            "source": self.links, "stage": self.links, "result": self.devices, "devices": self.devices,
        }  # fmt: skip
        """The controllers of the panes whose cursors highlight something in another pane."""
        self.routes: Mapping[str, Callable[[], Awaitable[None] | None]] = {
            action.id: getattr(getattr(self, action.by), action.id) for action in ACTIONS if action.by
        }
        """The method of each action, by the action's id."""

    # Keys and messages ----------------------------------------------------------------------------------------------

    async def act(self, action: str) -> None:
        """Run the action of a key."""
        pending = self.routes[action]()
        if isawaitable(pending):
            await pending

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Return whether a key works now."""
        known = BY_ID.get(action)
        if known is None or known.scope != "step":
            return True
        return known.when(self.context)

    def on_cursor_moved(self, message: CursorMoved) -> None:
        """Highlight what is linked with a cursor, then paint the cursor, all in one frame."""
        pane = message.view
        controller = self._highlighters.get(pane.id or "")
        if controller is not None and controller.lead is not None:
            controller.cursor_moved(pane, settling=pane.led)
        # A pane that is merely redrawn follows the cursor of the other one.
        if pane.led and (message.moved or self.links.lead in (None, pane)):
            pane.settle(pane.cursor, pane.selection)

    def watch_focused(self, pane: Widget | None) -> None:
        """Highlight for the cursor of the pane that has the focus now, in the same frame as its border."""
        if isinstance(pane, Pane) and pane.spec.name in self._highlighters:
            self._highlighters[pane.spec.name].take_lead(pane)
        if self.search.pattern:
            self.search.say_place()
        else:
            self.refresh_keys()

    async def on_edit_ended(self, message: EditEnded) -> None:
        """Leave the editor, or run its code."""
        await self.step.edit_ended(run=message.run)

    async def on_names_wanted(self, message: NamesWanted) -> None:
        """Ask the worker for the names that the code may use."""
        await self.change.names_wanted(message)

    def on_input_changed(self) -> None:
        """Search for the text so far."""
        self.search.written()

    async def on_shown_wanted(self, message: ShownWanted) -> None:
        """Show the pane or the stage whose name was clicked."""
        if message.shown:
            await self.lens.show_stage(message.shown)
        else:
            self.slots.focus(message.slot)

    def on_asked_below(self) -> None:
        """Name the key that comes next."""
        self.refresh_keys()

    def on_travelled(self, message: Travelled) -> None:
        """Show the memory at another place of the schedule."""
        self.lens.travel(message.by)

    def on_unfolded(self, message: Unfolded) -> None:
        """Open or fold an equation of the graph."""
        self.lens.unfold(message.line)

    def on_resize(self, event: events.Resize) -> None:
        """Update the lines, and leave a pane that is no longer visible."""
        if event.size != self.app.size:
            # Textual 8.2.8 lays this size out, and posts it to the screen again: of two sizes that wait at once, as
            # while the tour starts, each would bring back the other one, without end.
            event.prevent_default().stop()
            return
        self.panes.retitle()
        self.refresh_lines()
        self.call_after_refresh(self.slots.keep_focus)

    # Showing --------------------------------------------------------------------------------------------------------

    def fit_classes(self, width: int, height: int) -> None:
        """Set the classes that Textual sets after the first layout, which would need a second one."""
        for breakpoints, length in ((self.HORIZONTAL_BREAKPOINTS, width), (self.VERTICAL_BREAKPOINTS, height)):
            self.add_class(max(point for point in breakpoints if point[0] <= length)[1], update=False)

    def compose(self) -> ComposeResult:
        """Yield the top line, the panes, the bottom line, and a notice for a terminal that is too small."""
        yield self.top
        yield self.panes
        yield self.keys
        yield Static("too small:\njaxtour needs 40x12", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Fill the panes before the first frame."""
        self.refresh_view(fresh=True)
        width, height = self.app.size
        self.panes.prime(Size(width, height - 2))

    def arrived(self) -> None:
        """Show another step from its beginning, and end the search."""
        self.search.end_search()
        self.drop_note()
        if self.panes.zoomed not in (None, "lesson"):
            self.panes.zoom(None)  # the text of the step comes first
        self.panes.bring("lesson")
        self.refresh_view(fresh=True)
        if self.panes.wide or self.panes.zoomed:
            self.slots.keep_focus()
        else:
            # Where the text does not fit, Space has to scroll it.
            self.slots.focus("lesson")
        self.post_message(Turned())

    def refresh_view(self, *, fresh: bool = False) -> None:
        """Show the tour as it is now; `fresh` for another step."""
        # The panes are gone while the app closes.
        if not self.panes.is_attached:
            return
        front, editing = self.panes.front, self.panes.editor is not None
        drawn = self.panes.update_view(self.tour.view, fresh=fresh)
        if editing and self.panes.editor is None:
            self._solved_at = self.tour.clock()
            self.note("solved: the editor is closed", CLOSED_NOTE_S)
        if self.links.lead is not None and drawn & {"source", "stage"}:
            self.links.relink()
        if self.devices.lead is not None:
            self.devices.highlight()
        if self.profile.awaits:
            self.profile.arrived()
        if self.search.pattern:
            self.search.say_place()
        self.refresh_lines()
        above = self.app.screen
        if isinstance(above, BoxScreen) and above.LIVE:
            above.refill()
        if front != self.panes.front and not self.panes.wide:
            self.slots.keep_focus()

    async def request_stage(self) -> bool:
        """Request the stage to show, if its pane is visible; return whether a request was sent."""
        if not self.panes.in_view("stage"):
            return False
        try:
            requested = await self.tour.request()
        except EngineError as error:
            self.note(str(error))
            return False
        if requested:
            self.refresh_view()
        return requested

    def ignores(self, event: events.Key) -> bool:
        """Return whether a key was meant for the editor, which just closed on its own; after Esc none is."""
        if event.key == "escape":
            self._solved_at = -inf
        late = self.is_current and self.panes.editor is None and self.tour.clock() - self._solved_at < CLOSED_S
        return late and (event.is_printable or event.key in ("enter", "tab", "backspace"))

    @property
    def pane(self) -> Pane:
        """The pane with the focus, or else the one in front."""
        focused = self.focused
        return focused if isinstance(focused, Pane) else self.panes.by_slot[self.panes.front]

    @property
    def context(self) -> Context:
        """The facts that decide which keys work now."""
        return self.working.context(self.tour.view)

    def refresh_lines(self) -> None:
        """Update the top line and the bottom line."""
        tour, width = self.tour, self.app.size.width
        split = left_width(width) if width >= WIDE else None
        of = self.reviewing.words if self.reviewing else ""
        view = tour.view
        self.top.show(top_line(view, tour.activity, tour.clock(), width - 2, split, of))
        self.refresh_keys(view)

    def refresh_keys(self, view: StepView | None = None) -> None:
        """Update the bottom line: a note, or the keys that work now; `view` is that of now, if known."""
        if self._note:
            self.keys.show(((self._note, "strong"),))
            return
        self.keys.show(self.working.line(view or self.tour.view, self.app.size.width - 2))

    def note(self, text: str, for_s: float = NOTE_S) -> None:
        """Show a note in the bottom line for a while."""
        text = self._note = clean(text, keep_newlines=False)
        self.refresh_keys()
        if text:
            self.set_timer(for_s, lambda: self.drop_note(text), name="note")

    def drop_note(self, text: str | None = None) -> None:
        """Show the keys again; with a text, only if that is still the note."""
        if self._note and text in (None, self._note):
            self._note = ""
            self.refresh_keys()

    def begin_review(self, reviewing: Reviewing) -> None:
        """Open a screen of the same kind for a review; this one stays below."""
        screen = TourScreen(reviewing.tour(), self.now, self.settle, reviewing)
        screen.fit_classes(*self.app.size)
        self.app.push_screen(screen, lambda _: self.refresh_view())

    def leave_review(self) -> None:
        """Go back from a review to the screen below."""
        self.dismiss()

    async def open_line(self, line: Widget) -> None:
        """Mount an input line over the bottom line, and focus it."""
        await self.mount(line)
        # At once: the next keys may already be here.
        self.set_focus(line)

    def close_line(self, line: Widget) -> None:
        """Remove that line."""
        line.remove()


def _keyed(action: str) -> Callable[[TourScreen], Awaitable[None]]:
    async def act(screen: TourScreen) -> None:
        await screen.act(action)

    return act


for _action in ACTIONS:
    if _action.by:
        # Textual finds what a key does by this name.
        setattr(TourScreen, f"action_{_action.id}", _keyed(_action.id))
