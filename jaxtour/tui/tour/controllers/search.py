"""Searching in a pane."""

from typing import TYPE_CHECKING

from jaxtour.render.text.layout import clip
from jaxtour.render.text.spans import Line
from jaxtour.text.clean import clean
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from jaxtour.tui.widgets.search import SearchLine

PATTERN_CELLS = 24


class SearchController:
    """The actions of the search; the matches stay until it is ended."""

    def __init__(self, host: ScreenHost, slots: SlotController) -> None:
        self.host = host
        self.slots = slots
        self.searched: Pane | None = None
        """The pane whose matches are shown."""
        self.line: SearchLine | None = None
        """Where the text is being written."""

    @property
    def searching(self) -> bool:
        """Whether the matches of a search are shown, and its text is not being written."""
        return self.searched is not None and self.line is None

    async def search(self) -> None:
        """Write what is to be found in the pane."""
        from jaxtour.tui.widgets.search import SearchLine

        if self.line is not None or self.host.panes.editor is not None:
            return
        pane = self.slots.pane
        self.end_search()
        self.searched = pane
        self.line = SearchLine()
        await self.host.open_line(self.line)

    def written(self) -> None:
        """Go to the first match of what is written so far."""
        if self.searched is not None and self.line is not None and self.line.value != self.searched.pattern:
            self.searched.search(self.line.value)
            self.searched.find(0)
            self.tell()

    def search_done(self) -> None:
        """Keep the matches, and give the keys back to the pane."""
        self.written()
        pane = self.searched
        found = pane.found if pane is not None else None
        if pane is None or found is None or not found[1]:
            self.end_search()
            if found is not None:
                self.host.note("it does not occur in this pane")
            return
        self._close(pane)

    def search_cancel(self) -> None:
        """End the search."""
        self.end_search()

    def find_next(self) -> None:
        """Go to the next match."""
        self._find(1)

    def find_previous(self) -> None:
        """Go to the match before."""
        self._find(-1)

    def _find(self, by: int) -> None:
        if self.searched is not None:
            self.searched.find(by)
            self.tell()

    def end_search(self) -> None:
        """Show no matches any more."""
        pane, self.searched = self.searched, None
        if pane is not None:
            pane.search("")
            pane.tell(())
        self._close(pane)

    def tell(self) -> None:
        """Say in the pane's border which match it is, of how many."""
        pane = self.searched
        if pane is None or pane.found is None:
            if pane is not None:
                pane.tell(())
            return
        place, total = pane.found
        pattern = clip(clean(pane.pattern, keep_newlines=False), PATTERN_CELLS)
        words: Line = ((f"/{pattern}  ", "strong"), (f"{place} of {total}" if total else "nowhere", "muted"))
        pane.tell(words)

    def _close(self, back: Pane | None) -> None:
        line, self.line = self.line, None
        if line is not None:
            self.host.close_line(line)
            if back is not None:
                self.host.set_focus(back, scroll_visible=False)
        self.host.refresh_keys()
