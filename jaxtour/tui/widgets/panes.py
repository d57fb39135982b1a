"""The panes of a step, side by side or as tabs."""

from collections.abc import Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Region, Size
from textual.layout import Layout
from textual.widget import Widget

from jaxtour.course.model import Broken
from jaxtour.render.text.layout import Line, width_of
from jaxtour.tui.messages import ShownWanted
from jaxtour.tui.panes import devices, lesson, result, source, stage, time
from jaxtour.tui.panes.source import failed
from jaxtour.tui.panes.stage import NAMES, names_within
from jaxtour.tui.tour.practice import exercise_of, goes_on
from jaxtour.tui.tour.state import Shown
from jaxtour.tui.tour.view import StepView
from jaxtour.tui.widgets.arrange import RegionLayout, Slot, Wants, left_width, narrow, wide, wide_file
from jaxtour.tui.widgets.cursors import GraphCursor, PaneCursor, ShardCursor
from jaxtour.tui.widgets.pane import Pane, PaneSpec

if TYPE_CHECKING:
    from jaxtour.tui.widgets.editor import Editor

WIDE = 120
"""Columns from which all panes are side by side."""
EDITOR_ROWS = 10
"""The fewest rows that the editor wants."""
TABS_AT, TABS_APART = 3, 2
"""Column of the first tab's name in the border, and columns between names."""
CORNERS = 6
"""Columns of the border at the sides of its words."""
FRONT: Mapping[str, Slot] = {"jaxpr": "stage", "time": "time", "devices": "devices"}
"""The tab for the `show` of a step."""


PANES: tuple[PaneSpec, ...] = (
    PaneSpec(
        "lesson", "Lesson", lesson.document, tab=True, reads=True,
        of_view=attrgetter(
            "step", "index", "lesson.problems", "withheld", "code", "state.code", "prediction", "tried", "done", "dead",
            "ascii", "coloured", "editing",
        ),
        of_report=attrgetter("executed", "failure", "answer", "checked", "done", "traces", "programs"),
    ),
    PaneSpec(
        "source", "Source", source.document, shows=source.shows, start=source.start, edited=True,
        of_view=attrgetter(
            "step", "code", "state.code", "state.file", "edited", "outdated", "state.setup", "failure", "traced",
            "profile",
            "ascii", "coloured"
        ),
        of_report=attrgetter("warnings", "checked"),
    ),
    PaneSpec(
        "stage", "jaxpr", stage.document, tab=True, shows=stage.shows, awaits=stage.awaits,
        of_view=attrgetter(
            "step", "index", "asks", "state.stage", "stage", "state.unfolded", "state.place", "stalled", "profiled",
            "ascii", "state.reason", "editing",
        ),
        of_report=attrgetter("traces", "arguments"),
    ),
    PaneSpec(
        "result", "Result", result.document,
        of_view=attrgetter(
            "step", "state.reason", "trouble", "ascii", "trace", "against", "state.process", "editing"
        ),
        of_report=attrgetter(
            "stdout", "traced", "stderr", "background", "value", "failure", "warnings", "checked", "done", "phase",
            "run", "executed", "processes",
        ),
    ),
    PaneSpec(
        "time", "Time", time.document, tab=True,
        of_view=attrgetter("step", "trace", "measuring", "ascii", "stable", "editing"),
        of_report=attrgetter("timings", "retraces", "programs", "timing_error", "done"),
    ),
    PaneSpec(
        "devices", "Devices", devices.document, whole=partial(devices.document, whole=True), tab=True,
        of_view=attrgetter("facts", "state.device", "trouble", "ascii", "stable", "editing"),
        of_report=attrgetter("value"),
    ),
)  # fmt: skip


class Tab(msgspec.Struct, frozen=True):
    """A name in the border of the panes that share a place; each stage has its own."""

    slot: Slot
    label: str
    shown: Shown | None = None

    def is_shown(self, slot: Slot, view: StepView | None) -> bool:
        """Return whether its pane is in front."""
        return self.slot == slot and self.shown in (None, view.state.stage if view else "jaxpr")


TABS: tuple[Tab, ...] = (
    Tab("lesson", "Lesson"),
    *(Tab("stage", label, name) for name, label in NAMES.items()),
    Tab("time", "Time"),
    Tab("devices", "Devices"),
)


class Panes(Container):
    """Holds and places the panes; knows which one is in front and which one is zoomed."""

    # Textual goes through the rows of whatever is behind a change, even if they are invisible.
    BLANK = True
    DEFAULT_CSS = """
    Panes { height: 1fr; }
    """

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(id="panes")
        self._regions_layout = RegionLayout(self._place)
        self.graph = GraphCursor()
        self.shards: Mapping[Slot, ShardCursor] = {"devices": ShardCursor(), "result": ShardCursor()}
        cursors: dict[Slot, PaneCursor] = {"stage": self.graph, **self.shards}
        self.by_slot: dict[Slot, Pane] = {
            spec.name: Pane(spec, cursors.get(spec.name), ascii_only=ascii_only) for spec in PANES
        }
        self.front: Slot = "lesson"
        """What is in the tabs' place in a narrow terminal: one of them, or the result."""
        self.arranged: dict[Slot, Region] = {}
        self._arranged_in = Size(0, 0)
        self.zoomed: Slot | None = None
        self.editor: Editor | None = None
        self.choose()
        self._expecting = False
        """Whether to bring the pane that the running step is about to the front."""

    @property
    def layout(self) -> Layout:
        """Our own layout, since a style can only name one of Textual's."""
        return self._regions_layout

    def compose(self) -> ComposeResult:
        """Yield all panes; classes decide which ones are displayed."""
        yield from self.by_slot.values()

    @property
    def wide(self) -> bool:
        """Whether all panes are side by side."""
        return (self.size or self.app.size).width >= WIDE

    @property
    def of_file(self) -> bool:
        """Whether the step is a file, and its lesson the list of the file's calls."""
        view = self.by_slot["lesson"].view
        return view is not None and view.lesson.plain

    def regions(self, size: Size) -> dict[Slot, Region]:
        """Return where each pane goes."""
        if self.zoomed:
            return {self.zoomed: size.region}
        wants = self._wants(size.width)
        if size.width >= WIDE:
            return wide_file(size, wants) if self.of_file else wide(size, wants, self._now("lesson", size))
        view = self.by_slot["result"].view
        failed = view is not None and view.report is not None and view.report.failure is not None
        return narrow(size, wants, self.front, self._now(self.front, size), failed=failed)

    def _place(self, children: Sequence[Widget], size: Size) -> list[tuple[Widget, Region]]:
        """Return the region of each displayed child, which is remembered."""
        self.arranged = self.regions(size)
        self._arranged_in = size
        by_id = {str(slot): region for slot, region in self.arranged.items()}
        if self.editor is not None and "source" in by_id:
            by_id["editor"] = by_id["source"]
        placed = [(child, by_id.get(child.id or "")) for child in children]
        return [(child, region) for child, region in placed if region]

    def _now(self, slot: Slot, size: Size) -> int | None:
        """Return the current height of a pane, if the size has not changed."""
        return self.arranged[slot].height if slot in self.arranged and size == self._arranged_in else None

    def _wants(self, width: int) -> Wants:
        left = left_width(width) if width >= WIDE else width
        right = width - left if width >= WIDE else width
        wants = {
            slot: pane.wanted(left if slot == "source" or (slot == "lesson" and not self.of_file) else right)
            for slot, pane in self.by_slot.items()
        }
        if self.editor is not None:
            wants["source"] = max(wants["source"] + 1, EDITOR_ROWS)
        return wants

    def update_view(self, view: StepView, *, fresh: bool = False) -> set[Slot]:
        """Give every pane the view, `fresh` for another step; return those that draw something else now."""
        view = msgspec.structs.replace(view, editing=self.editor is not None)
        drawn = {slot for slot, pane in self.by_slot.items() if pane.update_view(view, fresh=fresh)}
        if self.front == "result" and (view.sight is None or view.sight.slot != "result"):
            self.bring("lesson")
        if self.editor is not None:
            self.editor.say(failed(view))
        self.rearrange()
        self.retitle()
        if self._settle(view):
            self.end_edit()
            drawn |= self.update_view(view)
        return drawn

    def rearrange(self) -> None:
        """Arrange the panes again, if that changes a region."""
        if not self.size:
            return
        regions = self.regions(self.size)
        if regions != self.arranged:
            for slot, region in regions.items():
                self.by_slot[slot].foresee(region.size)
            self._lay_out()

    def _lay_out(self) -> None:
        # Requested through a child: Textual keeps the children's places until one of them needs another.
        self.by_slot["lesson"].refresh(repaint=False, layout=True)

    def prime(self, size: Size) -> None:
        """Fill the panes before the first layout, so that the first frame is complete."""
        for slot, region in self.regions(size).items():
            self.by_slot[slot].prime(region.size)
        self.retitle()

    def retitle(self) -> None:
        """Update the titles in the borders."""
        for slot, pane in self.by_slot.items():
            tabs = None if self.wide or self.zoomed or not pane.spec.tab else self._tabs(slot)
            key = pane.view.key("unzoom") if pane.view and slot == self.large else ""
            pane.way_back = ((" " * TABS_APART, ""), (key, "primitive"), (" back", "muted")) if key else ()
            pane.title(tabs)

    def _tabs(self, slot: Slot) -> Line:
        line: Line = ()
        for name, tab in self.tabs(slot):
            active = tab.is_shown(slot, self.by_slot[slot].view)
            line = (*line, *(((" " * TABS_APART, ""),) if line else ()), (name, "title" if active else "muted"))
        return line

    def tabs(self, slot: Slot) -> list[tuple[str, Tab]]:
        """Return the names in the border of the panes that share a place: with keys, and only as many stages as fit."""
        view = self.by_slot[slot].view
        others = sum(width_of(self._label(tab)) + TABS_APART for tab in TABS if tab.shown is None)
        names = {} if view is None else names_within(view, (self.size or self.app.size).width - CORNERS - others)
        every = ((names.get(tab.shown, "") if tab.shown else self._label(tab), tab) for tab in TABS)
        return [(name, tab) for name, tab in every if name]

    def _label(self, tab: Tab) -> str:
        return "Calls" if self.of_file and tab.slot == "lesson" else tab.label

    @property
    def large(self) -> Slot | None:
        """The pane that hides others, if one does: it fills the screen, or has the place of the tabs."""
        return self.zoomed or ("result" if self.front == "result" and not self.wide else None)

    def in_view(self, slot: Slot) -> bool:
        """Return whether a pane can be seen."""
        if self.zoomed:
            return self.zoomed == slot
        return self.wide or slot == self.front or not self.by_slot[slot].spec.tab

    def cut(self, slot: Slot) -> bool:
        """Return whether a pane next to the tabs shows only a part, and would show more in their place."""
        if self.wide or self.zoomed or slot == self.front or self.by_slot[slot].spec.tab or not self.size:
            return False
        region = self.regions(self.size)[slot]
        return self.by_slot[slot].wanted(region.width) > region.height

    def expect_front(self) -> None:
        """Bring the pane that the step is about to the front, once it has something to show.

        The lesson's text, if it continues after the run, is more to the point. A learner who runs the step again has
        read it; but an exercise has a new verdict each time.
        """
        view = self.by_slot["lesson"].view
        exercise = view is not None and exercise_of(view.step) is not None
        self._expecting = view is not None and (exercise or not goes_on(view.step))
        if view is not None and view.report is None and (exercise or not self._expecting):
            self.bring("lesson")

    def _settle(self, view: StepView) -> bool:
        """Bring the expected tab to the front, if it has something to show; return whether that ends the editing."""
        report = view.report
        if not self._expecting or report is None or isinstance(view.step, Broken):
            return False
        about = "lesson" if view.step.exercise else view.step.show
        about = about or ("jaxpr" if report.traces else "time" if report.timings else "lesson")
        checked = report.checked is not None
        ready = {"jaxpr": bool(report.traces), "time": bool(report.timings), "lesson": checked}.get(about, False)
        if report.done or ready:
            self._expecting = report.done is None and about != "lesson"
            self.bring(FRONT.get(about) or "lesson")
            if view.step.exercise:
                # Wherever the learner has scrolled, bring the verdict and its line into view.
                lesson, source = self.by_slot["lesson"], self.by_slot["source"]
                lesson.call_after_refresh(lesson.scroller.to_anchor)
                if (line := source.document.anchor) is not None:
                    source.call_after_refresh(source.scroller.reveal, line)
                passed = report.checked is not None and report.checked.passed
                return passed and self.editor is not None and self.editor.still_has(view.state.code)
        return False

    def on_click(self, event: events.Click) -> None:
        """Bring the tab or the stage whose name was clicked to the front."""
        pane = event.widget
        if not isinstance(pane, Pane) or event.y != 0 or pane.view is None:
            return
        slot = pane.spec.name
        if not (self.wide or self.zoomed) and pane.spec.tab:
            names = self.tabs(slot)
        elif slot == "stage":
            words = [text for text, _ in pane.document.title if text.strip()]
            labels = {tab.label: tab for tab in TABS if tab.shown}
            names = [(word, labels[word.rpartition(" ")[2]]) for word in words]
        else:
            return
        x = TABS_AT
        for name, tab in names:
            if x <= event.x < x + width_of(name):
                self.post_message(ShownWanted(tab.slot, tab.shown))
            x += width_of(name) + TABS_APART

    def bring(self, slot: Slot, *, by_hand: bool = False) -> None:
        """Bring a tab to the front; `by_hand`, it stays there during the run."""
        self._expecting = self._expecting and not by_hand
        if self.by_slot[slot].spec.tab:
            self.enlarge(slot)
        elif self.front == "result" != slot:
            self.enlarge("lesson")

    def enlarge(self, slot: Slot) -> None:
        """Give a pane the place of the tabs, where it is as high as it needs."""
        if slot != self.front:
            self.front = slot
            if self.wide:
                # All panes stay where they are.
                self.choose()
            else:
                self.show_chosen()

    def zoom(self, slot: Slot | None) -> None:
        """Let one pane fill the screen, or none."""
        self.zoomed = slot
        self.show_chosen()

    def choose(self) -> None:
        """Set the classes that display panes."""
        for slot, pane in self.by_slot.items():
            update = pane.is_attached
            # No style depends on it while all panes are side by side.
            pane.set_class(pane.spec.tab and slot != self.front, "-behind", update=update and not self.wide)
            pane.fill_screen(slot == self.zoomed)
            pane.set_class(self.zoomed not in (None, slot), "-zoomed-away", update=update)

    def show_chosen(self) -> None:
        """Display the panes in front."""
        self.choose()
        self.retitle()
        self._lay_out()

    async def edit(self, code: str, line: int) -> None:
        """Put an editor in the source's place, with its cursor in a line, from 1."""
        from jaxtour.tui.widgets.editor import Editor

        self.bring("source")
        if self.zoomed != "source":
            self.zoom(None)
        self.editor = Editor(code)
        self.add_class("-editing")
        await self.mount(self.editor)
        self.editor.move_cursor((line - 1, 0))
        # At once: the next keys may already be here.
        self.screen.set_focus(self.editor, scroll_visible=False)

    def end_edit(self) -> None:
        """Take the editor away again."""
        if self.editor is not None:
            editor, self.editor = self.editor, None
            self.remove_class("-editing")
            self.by_slot["source"].focus(scroll_visible=False)
            # Not awaited: a message of the editor itself may have led here.
            editor.remove()
