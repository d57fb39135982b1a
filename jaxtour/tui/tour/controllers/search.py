"""Searching all panes at once."""

from functools import lru_cache, partialmethod
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from jaxtour.engine.stage import StageText
from jaxtour.render.text.layout import Line, Style, clip
from jaxtour.text import clean
from jaxtour.tui.lines.search import Search
from jaxtour.tui.panes import stage
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.state import BEHIND, Shown
from jaxtour.tui.tour.view import StepView
from jaxtour.tui.widgets.arrange import Slot
from jaxtour.tui.widgets.pane import FRAME, Pane

if TYPE_CHECKING:
    from jaxtour.tui.widgets.text_input import SearchLine

PATTERN_CELLS = 24


class SearchPlace(NamedTuple):
    """A pane, or one stage of the pane of stages, and how often it has the text."""

    slot: Slot
    label: str
    shown: Shown | None = None
    """The stage."""
    total: int | None = None
    """The number of matches; None for a stage that does not exist yet, and so is not searched."""


class SearchController:
    """The actions of the search; matches stay highlighted in every pane until it ends."""

    def __init__(self, host: ScreenHost, slots: SlotController) -> None:
        self.host = host
        self.slots = slots
        self.panes = host.panes
        self.pattern = ""
        """The text to search for; empty without a search."""
        self.line: SearchLine | None = None
        """The line where the learner types the text."""
        self._from: Pane | None = None
        """The pane that gets the focus back from that line."""

    async def search(self) -> None:
        """Open the line for the text to search."""
        from jaxtour.tui.widgets.text_input import SearchLine

        if self.line is not None or self.panes.editor is not None:
            return
        pane = self.host.pane
        self.end_search()
        self._from = pane
        self.line = SearchLine()
        self.host.note("")
        await self.host.open_line(self.line)

    @property
    def pane(self) -> Pane:
        """The pane whose matches the keys walk."""
        return self._from if self.line is not None and self._from is not None else self.host.pane

    def written(self) -> None:
        """Go to the first match of the text so far."""
        if self.line is not None and self.line.value != self.pattern:
            self._begin(self.line.value)
            self.pane.find(0)
            self.say_place()

    def _begin(self, pattern: str) -> None:
        self.pattern = pattern
        for pane in self.panes.by_slot.values():
            pane.search(pattern)

    def search_done(self) -> None:
        """Keep the matches, and give the focus back to the pane, or to the next one that has a match."""
        self.written()
        pane, places = self.pane, self.places
        if not any(place.total for place in places):
            words = "".join(text for text, _ in self._unsearched(places))
            said = f"no match in any pane{words and f'; {words}'}" if self.pattern else ""
            self.end_search()
            if said:
                self.host.note(said)
            return
        self._close(pane)
        if pane.found is None or not pane.found[1]:
            self.find_next()

    def _find(self, by: int) -> None:
        """Go to the next match, or the previous one, in the pane or else in the next one that has any."""
        if self.pattern:
            if not self.host.pane.find(by):
                self._go_on(by)
            self.say_place()

    find_next = partialmethod(_find, 1)
    find_previous = partialmethod(_find, -1)

    def _go_on(self, by: int) -> None:
        pane, places = self.host.pane, self.places
        here = next(number for number, place in enumerate(places) if self._is_here(place, pane))
        there = next((place for place in _from(places, here, by) if place.total), None)
        if there is None:
            return
        pane.scene.finder.forget()
        if there.shown is not None:
            self.host.tour.state.stage = there.shown
        self.slots.focus(there.slot)
        self.host.refresh_view()
        pane = self.panes.by_slot[there.slot]
        if not pane.size.width:
            # It has no layout yet, and shows what it showed when it was last in front.
            pane.prime(self.panes.regions(self.panes.size)[there.slot].size)
        if pane.find(by, anew=True):
            pane.call_after_refresh(pane.settle, pane.cursor)

    def _is_here(self, place: SearchPlace, pane: Pane) -> bool:
        return place.slot == pane.spec.name and place.shown in (None, self.host.tour.state.stage)

    def end_search(self) -> None:
        """End the search and its highlights, if there is one."""
        if not self.pattern and self.line is None:
            return
        pane = self.pane
        self._begin("")
        self.say_place()
        self._close(pane)

    search_cancel = end_search

    @property
    def places(self) -> list[SearchPlace]:
        """Everything searched, in the order of the panes, and the stages that do not exist yet."""
        found: list[SearchPlace] = []
        view = self.host.tour.view
        for slot, pane in self.panes.by_slot.items():
            if slot == "stage":
                found += self._stages(view, pane)
            else:
                label = "calls" if slot == "lesson" and self.panes.of_file else pane.spec.label.lower()
                found.append(SearchPlace(slot, label, total=self._in_pane(pane)))
        return found

    def _stages(self, view: StepView, pane: Pane) -> list[SearchPlace]:
        found: list[SearchPlace] = []
        for shown in stage.named_stages(view):
            text = view.report.stage(view.index, BEHIND[shown]) if view.report and view.traces else None
            if text is not None and text.complete and text.error is None:
                if shown == view.state.stage:
                    total = self._in_pane(pane)
                elif shown == "graph":
                    continue  # it draws the jaxpr
                elif BEHIND[shown] == shown:
                    total = _in_stage(self.pattern, text)
                else:
                    other = msgspec.structs.replace(view.state, stage=shown)
                    made = stage.document(msgspec.structs.replace(view, state=other), self.panes.size.width)
                    total = Search(self.pattern, made.texts).total
                found.append(SearchPlace("stage", stage.NAMES[shown], shown, total))
            elif shown == view.state.stage or (shown in ("stablehlo", "hlo") and view.trace and not view.trace.error):
                found.append(SearchPlace("stage", stage.NAMES[shown], shown))
        return found

    def _in_pane(self, pane: Pane) -> int:
        if pane.size.width:
            return pane.found[1] if pane.found else 0
        # A pane that is not displayed does not show its latest document.
        return Search(self.pattern, pane.document_at(self.panes.size.width - FRAME).texts).total

    def words(self) -> Line:
        """Return where the text is, and what was not searched: `source 1 of 2   HLO 3   not searched: 2 StableHLO`."""
        places = self.places
        line: Line = ()
        for place in places:
            if place.total:
                here = self._is_here(place, self.pane)
                style: Style = "strong" if here else "muted"
                line = (*line, *((("   ", ""),) if line else ()), (f"{place.label} {place.total}", style))
        unsearched = self._unsearched(places)
        line = line or (("nowhere", "muted"),)
        return (*line, *((("   ", ""),) if unsearched else ()), *unsearched)

    def _unsearched(self, places: list[SearchPlace]) -> Line:
        view = self.host.tour.view
        keys = [(view.key(f"stage_{each.shown}"), each.label) for each in places if each.total is None]
        line: Line = (("not searched: ", "warning"),) if keys else ()
        for number, (key, label) in enumerate(keys):
            line = (*line, (", " * bool(number), "muted"), (key, "primitive"), (f" {label}", "muted"))
        return line

    def say_place(self) -> None:
        """Say in the pane's border which match is the current one, and in the bottom line where the others are."""
        for pane in self.panes.by_slot.values():
            words: Line = ()
            if pane is self.pane and self.pattern and pane.found is not None:
                place, total = pane.found
                pattern = clip(clean(self.pattern, keep_newlines=False), PATTERN_CELLS)
                words = ((f"/{pattern}  ", "strong"), (f"{place} of {total}" if total else "nowhere", "muted"))
            pane.say_found(words)
        self.host.refresh_keys()

    def _close(self, back: Pane) -> None:
        line, self.line, self._from = self.line, None, None
        if line is not None:
            self.host.close_line(line)
            self.host.set_focus(back, scroll_visible=False)
        self.host.refresh_keys()


def _from(places: list[SearchPlace], here: int, by: int) -> list[SearchPlace]:
    """Return the places after one, or before it, in this order, and that one last."""
    after = [*places[here + 1 :], *places[: here + 1]]
    return after if by > 0 else [*reversed(after[:-1]), after[-1]]


@lru_cache(maxsize=4)
def _in_stage(pattern: str, text: StageText) -> int:
    """Return how often a stage has a text; counting in 100 000 lines takes 30 ms."""
    return Search(pattern, text.texts).total
