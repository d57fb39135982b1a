"""Searching in a pane."""

from functools import partialmethod
from typing import TYPE_CHECKING

from jaxtour.render.text.layout import Line, clip
from jaxtour.text import clean
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from jaxtour.tui.widgets.search import SearchLine

PATTERN_CELLS = 24


class SearchController:
    """The actions of the search; matches stay highlighted until it ends."""

    def __init__(self, host: ScreenHost, slots: SlotController) -> None:
        self.host = host
        self.slots = slots
        self.searched: Pane | None = None
        """The pane that shows matches."""
        self.line: SearchLine | None = None
        """The line where the text is being written."""

    async def search(self) -> None:
        """Open the line for the text to search."""
        from jaxtour.tui.widgets.search import SearchLine

        if self.line is not None or self.host.panes.editor is not None:
            return
        pane = self.slots.pane
        self.end_search()
        self.searched = pane
        self.line = SearchLine()
        await self.host.open_line(self.line)

    def written(self) -> None:
        """Go to the first match of the text so far."""
        pane, line = self.searched, self.line
        if pane is not None and line is not None and line.value != pane.scene.finder.pattern:
            pane.search(line.value)
            pane.find(0)
            self.say_place()

    def search_done(self) -> None:
        """Keep the matches, and give the keys back to the pane."""
        self.written()
        pane = self.searched
        found = pane.found if pane is not None else None
        if pane is None or found is None or not found[1]:
            self.end_search()
            if found is not None:
                self.host.note("no match in this pane")
            return
        self._close(pane)

    def _find(self, by: int) -> None:
        """Go to the next match, or the previous one."""
        if self.searched is not None:
            self.searched.find(by)
            self.say_place()

    find_next = partialmethod(_find, 1)
    find_previous = partialmethod(_find, -1)

    def end_search(self) -> None:
        """End the search and its highlights."""
        pane, self.searched = self.searched, None
        if pane is not None:
            pane.search("")
            pane.say_found(())
        self._close(pane)

    search_cancel = end_search

    def say_place(self) -> None:
        """Say in the pane's border which match is the current one, and how many there are."""
        pane = self.searched
        if pane is None:
            return
        words: Line = ()
        if pane.found is not None:
            place, total = pane.found
            pattern = clip(clean(pane.scene.finder.pattern, keep_newlines=False), PATTERN_CELLS)
            words = ((f"/{pattern}  ", "strong"), (f"{place} of {total}" if total else "nowhere", "muted"))
        pane.say_found(words)

    def _close(self, back: Pane | None) -> None:
        line, self.line = self.line, None
        if line is not None:
            self.host.close_line(line)
            if back is not None:
                self.host.set_focus(back, scroll_visible=False)
        self.host.refresh_keys()
