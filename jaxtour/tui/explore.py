"""The tour's app on a file: it runs at once, and again whenever the file is saved."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import work

from jaxtour.course.model import Broken, Lesson
from jaxtour.tui.app import TourApp
from jaxtour.tui.watch import FileWatch, files_of

POLL_S = 1.0


class ExploreApp(TourApp):
    """The tour of one step, which is a file."""

    def __init__(
        self, *args: Any, path: Path, reload: Callable[[], Lesson], poll_s: float = POLL_S, **rest: Any
    ) -> None:
        super().__init__(*args, **rest)
        self._path = path
        self._reload = reload
        """Reads the file; one that cannot be read is a lesson whose step says why."""
        self._poll_s = poll_s
        # What is saved while the app starts counts already.
        self._watch = FileWatch(path)
        self._saved = False
        """Whether what was saved has not been shown yet."""
        self._interrupted: int | None = None
        """The run that was stopped for it."""
        self._known: int | None = None
        """The run whose files are watched."""

    def begin(self) -> None:
        """Start the worker, run the file, and wait for it to be saved."""
        super().begin()
        self.tour_screen.slots.focus("source")
        self.explore()

    @work(exclusive=True, group="explore", description="Runs the file, and waits for it to be saved.")
    async def explore(self) -> None:
        """Run the file now and whenever it was saved."""
        await self.tour_screen.step.run()
        while True:
            await asyncio.sleep(self._poll_s)
            # In a thread: on a network file system whose server is away it may take minutes.
            if await asyncio.to_thread(self._changed):
                self._saved = True
            if self._saved:
                await self._show_saved()

    def _changed(self) -> bool:
        """Whether the file was saved, or one that it imports and that the last run's report names."""
        report = self.tour.state.report
        if report and report.done and report.run != self._known:
            self._known = report.run
            self._watch.also(files_of(report))
        return self._watch.changed()

    async def _show_saved(self) -> None:
        """Run what was saved, unless something must end before that."""
        screen, tour = self.tour_screen, self.tour
        name = self._path.name
        if screen.step.editing:
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
            tour.state.report = None
            screen.arrived()
            return
        if tour.view.edited:
            undo = tour.keys.first("undo")
            screen.refresh_view()
            screen.note(f"{name} was saved: your edit is kept, {undo} goes back to the file")
            return
        await screen.step.run()
