"""The palette: every action that works now, and every lesson, by name."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from jaxtour.tui.actions import scoped
from jaxtour.tui.screens.tour import TourScreen

if TYPE_CHECKING:
    from jaxtour.tui.tour import Tour


class TourCommands(Provider):
    """Actions and lessons."""

    def _all(self) -> Iterator[tuple[str, str, IgnoreReturnCallbackType]]:
        """Name, explanation and what to do."""
        screen = self.screen
        if not isinstance(screen, TourScreen):
            return
        tour: Tour = screen.tour
        context = tour.view.context(busy=tour.busy, zoomed=screen.panes.zoomed is not None)
        for action in scoped("step"):
            if action.palette and action.when(context):
                key = tour.keys.first(action)
                yield f"{action.help[0].upper()}{action.help[1:]}", f"key {key}", partial(screen.run_action, action.id)
        for index, entry in enumerate(tour.catalogue.entries):
            lesson = tour.known(entry)
            title = lesson.title if lesson else entry.id
            yield f"Lesson {index + 1}: {title}", entry.id, partial(self._open, screen, index)

    @staticmethod
    def _open(screen: TourScreen, index: int) -> None:
        screen.open_lesson(index)

    async def discover(self) -> Hits:
        """Everything, before anything is written."""
        for name, explanation, run in self._all():
            yield DiscoveryHit(name, run, help=explanation)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for name, explanation, run in self._all():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=explanation)
