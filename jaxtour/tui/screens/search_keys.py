"""Searching in a pane."""

from typing import TYPE_CHECKING

from jaxtour.render.clean import clean
from jaxtour.render.layout import clip
from jaxtour.render.spans import Line
from jaxtour.tui.messages import Note
from jaxtour.tui.screens.step_keys import StepKeys
from jaxtour.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from textual.widgets import Input

    from jaxtour.tui.widgets.search import SearchLine

PATTERN_CELLS = 24


class SearchKeys(StepKeys):
    """A method for each action of the search; the matches stay until it is ended."""

    searched: Pane | None = None
    """The pane whose matches are shown."""
    _line: "SearchLine | None" = None

    @property
    def searching(self) -> bool:
        """Whether the matches of a search are shown, and its text is not being written."""
        return self.searched is not None and self._line is None

    def arrived(self) -> None:
        """Show a step from its beginning; a search was of the one before."""
        self.action_end_search()
        super().arrived()

    async def action_search(self) -> None:
        """Write what is to be found in the pane."""
        from jaxtour.tui.widgets.search import SearchLine

        if self._line is not None or self.editing:
            return
        pane = self.pane
        self.action_end_search()
        self.searched = pane
        self._line = SearchLine()
        self.add_class("-searching")
        await self.mount(self._line)
        # At once: the next keys may be here already.
        self.set_focus(self._line)

    def on_input_changed(self, message: "Input.Changed") -> None:
        """Go to the first match of what is written so far."""
        self._search(message.value)

    def _search(self, pattern: str) -> None:
        if self.searched is not None and pattern != self.searched.pattern:
            self.searched.search(pattern)
            self.searched.find(0)
            self.tell_search()

    def action_search_done(self) -> None:
        """Keep the matches, and give the keys back to the pane."""
        if self._line is not None:
            self._search(self._line.value)
        pane = self.searched
        found = pane.found if pane is not None else None
        if pane is None or found is None or not found[1]:
            self.action_end_search()
            if found is not None:
                self.post_message(Note("it does not occur in this pane"))
            return
        self._close()

    def action_search_cancel(self) -> None:
        """End the search."""
        self.action_end_search()

    def action_find_next(self) -> None:
        """Go to the next match."""
        self._find(1)

    def action_find_previous(self) -> None:
        """Go to the match before."""
        self._find(-1)

    def action_end_search(self) -> None:
        """Show no matches any more."""
        pane, self.searched = self.searched, None
        if pane is not None:
            pane.search("")
            pane.tell(())
        self._close(pane)

    def _find(self, by: int) -> None:
        if self.searched is not None:
            self.searched.find(by)
            self.tell_search()

    def tell_search(self) -> None:
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

    def _close(self, back: Pane | None = None) -> None:
        line, self._line = self._line, None
        if line is not None:
            self.remove_class("-searching")
            line.remove()
            pane = self.searched or back
            if pane is not None:
                self.set_focus(pane, scroll_visible=False)
        self.refresh_keys()
