"""The tour's app on lessons from files: it shows each save, and says what is wrong with it."""

import asyncio
from pathlib import Path
from typing import Any

from textual import work

from jaxtour.course.catalogue import Catalogue, LessonEntry
from jaxtour.course.model import Broken, Step
from jaxtour.tui.app import TourApp
from jaxtour.tui.explore import POLL_S, FileWatch, stamp
from jaxtour.tui.widgets.arrange import Slot


class AuthorApp(TourApp):
    """The tour of lessons that someone may be writing."""

    def __init__(self, *args: Any, poll_s: float = POLL_S, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self._poll_s = poll_s
        self.tour.session.trust.follows = True
        self._behind: tuple[Slot, ...] = ()
        """What was in front and what had the focus before the step broke."""
        self._gone: Path | None = None
        """The file of the lesson shown, if it is gone."""
        # Made here, so that a save while the app starts counts.
        self._watches = {entry.path: FileWatch(entry.path) for entry in self.tour.catalogue.entries}

    def begin(self) -> None:
        """Start the worker, and watch the lessons' files."""
        super().begin()
        self.follow_saves()

    @work(exclusive=True, group="saves", description="Shows each save of a lesson, and new files of its folder.")
    async def follow_saves(self) -> None:
        """Read a lesson again after each save, and list its folder again."""
        saved: dict[LessonEntry, bool] = {}  # and whether a note has said that it is shown later
        seen: tuple[set[Path], bool] | None = None
        tour = self._first.tour
        while True:
            await asyncio.sleep(self._poll_s)
            shown = tour.entry
            # In a thread: a network file system may take minutes.
            saved |= {entry: saved.get(entry, False) for entry in await asyncio.to_thread(self._changed)}
            listed = await asyncio.to_thread(tour.catalogue.as_now, shown)
            gone = await asyncio.to_thread(stamp, shown.path) is None
            before, seen = seen, (paths_of(listed), gone)
            if self.screen_stack[-1:] != [self._first]:
                seen = None  # a list may be open, which names lessons by their places
            if self.tour is not tour:
                continue  # a review goes on with the lessons that it began with
            for entry, told in [*saved.items()]:
                if self._is_written_in(entry):
                    if not told:
                        self.tour_screen.note(f"{entry.path.name} was saved: it is shown when you leave your own code")
                    saved[entry] = True
                    continue
                del saved[entry]
                await asyncio.to_thread(entry.reload)
                self._show_saved(entry)
            # Twice the same: some editors save by removing the file first.
            if seen and seen == before and shown is tour.entry and not self._is_written_in(shown):
                self._show_listed(listed, shown.path if gone else None)

    def _changed(self) -> list[LessonEntry]:
        return [entry for entry in self._first.tour.catalogue.entries if self._watches[entry.path].changed()]

    def _show_listed(self, listed: Catalogue, gone: Path | None) -> None:
        """Take the lessons that the folder has now, and say what is new and what is gone, such as the file shown."""
        screen, tour = self.tour_screen, self.tour
        before, now = paths_of(tour.catalogue), paths_of(listed)
        told = [f"{path.name} is {'new' if path in now else 'gone'}" for path in sorted(before ^ now)]
        if before != now:
            self._watches = {path: self._watches.get(path) or FileWatch(path) for path in now}
            tour.renew(listed)
            screen.refresh_view()
        if gone and gone in now and gone != self._gone:
            told.append(f"{gone.name} is gone: its lesson stays until you leave it")
        self._gone = gone
        if told:
            screen.note("; ".join(told))

    def _is_written_in(self, entry: LessonEntry) -> bool:
        """Return whether the learner is writing code in this lesson, which a save must not disturb."""
        tour = self.tour
        return entry is tour.entry and (self.tour_screen.panes.editor is not None or tour.scratch is not None)

    def _show_saved(self, entry: LessonEntry) -> None:
        screen, tour, lesson = self.tour_screen, self.tour, entry.lesson()
        if entry is not tour.entry:
            tour.lessons.forget(entry)
            return
        before = tour.step
        tour.reload(lesson)
        if tour.step.id == before.id:
            self._turn(before)
            screen.refresh_view()
        else:
            screen.arrived()
        first, more = next(iter(lesson.problems), None), len(lesson.problems) - 1
        if first:
            screen.note(f"{first} (and {more} more)" if more else f"{first}")
            return
        run = f"{tour.keys.first('run')} runs the new code" if tour.view.stale else "this is how it is now"
        screen.note(f"{entry.path.name} was saved: {run}")

    def _turn(self, before: Step | Broken) -> None:
        """Bring the lesson pane to the front when the step breaks: it says why; and what was in front back afterwards.

        `before` is the step before the save.
        """
        panes, slots = self.tour_screen.panes, self.tour_screen.slots
        breaks, broke = (isinstance(step, Broken) for step in (self.tour.step, before))
        if breaks and not broke and (panes.zoomed or not panes.wide):
            self._behind = (panes.zoomed or panes.front, self.tour_screen.pane.spec.name)
            slots.focus("lesson")
        elif broke and not breaks:
            back = self._behind if (panes.zoomed or panes.front) == "lesson" else ()
            self._behind = ()
            for slot in back:
                slots.focus(slot)


def paths_of(catalogue: Catalogue) -> set[Path]:
    """Return the files of the lessons."""
    return {entry.path for entry in catalogue.entries}
