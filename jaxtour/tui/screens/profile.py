"""The boxes about a profile: its tables, and one call as a timeline."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Static

from jaxtour.engine.wire.profile import Profile
from jaxtour.render.profile.tables import instruction_table, line_table, summary_lines
from jaxtour.render.profile.timeline import NAME_CELLS, next_piece, timeline_lines, whole_window
from jaxtour.render.profile.tree import Fold, tree_lines
from jaxtour.render.text.layout import Line, in_ascii
from jaxtour.text import clean
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.panes.source import code_of
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import contents
from jaxtour.tui.tour.model import Tour

WIDEST = 124
SIGNS = 3
"""Columns left of the text, for the cursor and the folds."""
_BORDER_ROWS = 2


def _source(tour: Tour) -> Callable[[str, int], str]:
    """Return lines of the step's code, as they are shown."""

    def text(file: str, line: int) -> str:
        lines = code_of(tour.view, file)
        return clean(lines[line - 1], keep_newlines=False) if 0 < line <= len(lines) else ""

    return text


class ProfileScreen(BoxScreen[None]):
    """The time of each line and of each instruction."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("profile")
    LIVE = True

    def __init__(self, tour: Tour, again: Callable[[], Awaitable[None]]) -> None:
        self._lines = LinesView("profile", ascii_only=tour.ascii)
        super().__init__(self._lines, ascii_only=tour.ascii)
        self._tour = tour
        self._again = again
        self._by_time = True

    def refill(self) -> None:
        """Show the tables, in the chosen order."""
        width = self.inside(WIDEST) - SIGNS
        profile = self._tour.view.profiled
        lines: list[Line] = [((f"{self._tour.activity.words or 'profiling'} …", "muted"),)]
        title = "Profile"
        folds: list[Fold] = []
        if profile is not None:
            title = f"Profile of {profile.label}"
            own, source = self._tour.view.cell, _source(self._tour)
            lines = [
                *summary_lines(profile, width),
                (),
                *line_table(profile, width, source, own=own, by_time=self._by_time),
                (),
                *instruction_table(profile, self._tour.peaks.found, width, own=own),
                (),
                (("each line, what it calls, and the instructions", "muted"), (" (f folds)", "faint")),
            ]
            rows, blocks = tree_lines(profile, width, source, own=own, by_time=self._by_time)
            folds = [(first + len(lines), last + len(lines)) for first, last in blocks]
            lines += rows
        self._lines.show(Document(lines=in_ascii(lines, self.ascii), folds=folds, cursor=True))
        self.entitle(title, keys_line(in_footer("profile", Context(busy=self._tour.busy)), self._tour.keys, width))

    def action_hottest_first(self) -> None:
        """Show the hottest line first."""
        self._by_time = True
        self.refill()

    def action_source_order(self) -> None:
        """Show the lines in source order."""
        self._by_time = False
        self.refill()

    async def action_profile_again(self) -> None:
        """Profile the call once more."""
        self.dismiss()
        await self._again()


class TimelineScreen(BoxScreen[None]):
    """Threads or streams as rows, with a cursor in time."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("timeline")

    def __init__(self, tour: Tour, profile: Profile) -> None:
        self._picture = Static(id="timeline", markup=False)
        super().__init__(self._picture, ascii_only=tour.ascii)
        self._tour = tour
        self._profile = profile
        self._window = whole_window(profile)
        self._whole = self._window.length

    def refill(self) -> None:
        """Draw the picture."""
        width = self.inside()
        height = self.app.size.height - _BORDER_ROWS
        own, source = self._tour.view.cell, _source(self._tour)
        lines = timeline_lines(self._profile, self._window, width, height, source, own)
        ansi = self.app.native_ansi_color
        self._picture.update(contents(in_ascii(lines, self.ascii), ansi=ansi))
        title = f"One call of {self._profile.label}"
        self.entitle(title, keys_line(in_footer("timeline", Context()), self._tour.keys, width))

    def action_move(self, by: int) -> None:
        """Move the cursor by a column."""
        self._window = self._window.moved(by * self._window.length / self._room, self._whole)
        self.refill()

    @property
    def _room(self) -> int:
        return max(8, self.inside() - NAME_CELLS)

    def action_zoom(self, by: int) -> None:
        """Halve the time in view, or double it."""
        self._window = self._window.zoomed(0.5**by, self._whole)
        self.refill()

    def action_thread(self, by: int) -> None:
        """Go to the next thread, or the previous one."""
        assert self._profile.timeline is not None
        last = len(self._profile.timeline.threads) - 1
        self._window = self._window._replace(thread=max(0, min(self._window.thread + by, last)))
        self.refill()

    def action_event(self, by: int) -> None:
        """Go to where the next instruction begins on this thread, or the previous one."""
        assert self._profile.timeline is not None
        piece = next_piece(self._profile.timeline.threads[self._window.thread], self._window.at, by)
        if piece is not None:
            self._window = self._window.moved(piece.start - self._window.at, self._whole)
            self.refill()

    def action_whole(self) -> None:
        """Show all of the call."""
        self._window = whole_window(self._profile)._replace(thread=self._window.thread)
        self.refill()
