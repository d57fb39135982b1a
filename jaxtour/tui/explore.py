"""The tour's app on a file: it runs the file at once, and again after each save."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from textual import work

from jaxtour.course.model import Broken, Lesson
from jaxtour.engine.report import files_of
from jaxtour.tui.app import TourApp

POLL_S = 1.0


class ExploreApp(TourApp):
    """The tour of one step, which is a file."""

    def __init__(
        self, *args: Any, path: Path, reload: Callable[[], Lesson], poll_s: float = POLL_S, **rest: Any
    ) -> None:
        super().__init__(*args, **rest)
        self._path = path
        self._reload = reload
        """Reads the file as a lesson; an unreadable file gives a broken step."""
        self._poll_s = poll_s
        # Made here, so that a save while the app starts counts.
        self._watch = FileWatch(path)
        self._saved = False
        """Whether a save has not been shown yet."""
        self._interrupted: int | None = None
        """The run that was interrupted for it."""
        self._known: int | None = None
        """The run whose files are watched."""

    def begin(self) -> None:
        """Start the worker, run the file, and watch it."""
        super().begin()
        self.tour_screen.slots.focus("source")
        self.explore()

    @work(exclusive=True, group="explore", description="Runs the file now and after each save.")
    async def explore(self) -> None:
        """Run the file now and after each save."""
        await self.tour_screen.step.run()
        while True:
            await asyncio.sleep(self._poll_s)
            # In a thread: a network file system may take minutes.
            if await asyncio.to_thread(self._changed):
                self._saved = True
            if self._saved:
                await self._show_saved()

    def _changed(self) -> bool:
        """Return whether the file was saved, or another file that the last run's report names."""
        report = self.tour.state.report
        if report and report.done and report.run != self._known:
            self._known = report.run
            self._watch.also(files_of(report))
        return self._watch.changed()

    async def _show_saved(self) -> None:
        """Run the saved file, once the editor is closed and the worker is idle."""
        screen, tour = self.tour_screen, self.tour
        name = self._path.name
        if screen.panes.editor is not None:
            screen.note(f"{name} was saved: it is shown when you leave the editor")
            return
        if tour.busy:
            if self._interrupted != tour.session.current:
                self._interrupted = tour.session.current
                await tour.session.interrupt()
            return
        self._saved = False
        tour.reload(await asyncio.to_thread(self._reload))
        if isinstance(tour.step, Broken):
            screen.arrived()
            return
        if tour.view.edited:
            undo = tour.keys.first("undo")
            screen.refresh_view()
            screen.note(f"{name} was saved: your edit is kept, {undo} goes back to the file")
            return
        await screen.step.run()


Stamp = tuple[int, int, int]


class FileWatch:
    """Notices saved files, by size and time alone, so that it works on network file systems too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[Path, Stamp | None] = {path: stamp(path)}

    def also(self, paths: Iterable[Path]) -> None:
        """Watch these files and the main one, and no others."""
        self._seen = {path: self._seen.get(path) or stamp(path) for path in (self._path, *paths)}

    def changed(self) -> bool:
        """Return whether a file changed since the last call.

        Skips a missing file, since a rename will bring it back.
        """
        found = {path: now for path in self._seen if (now := stamp(path)) is not None}
        changed = any(self._seen[path] != now for path, now in found.items())
        self._seen |= found
        return changed


def stamp(path: Path) -> Stamp | None:
    """Return the facts of a file that a save changes; None for a missing file."""
    try:
        found = path.stat()
    except OSError:
        return None
    # The inode too: editors save by renaming, and may keep the file's time.
    return found.st_mtime_ns, found.st_size, found.st_ino
