"""The tour in a terminal: carries what the worker says to the screen, and sees to it that nothing is left behind."""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import App
from textual.driver import Driver
from textual.timer import Timer
from textual.types import CSSPathType
from textual.widget import Widget

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.progress import Progress
from jaxtour.engine.messages import Done, Event, State
from jaxtour.engine.session import EngineError, Session
from jaxtour.settings import Settings
from jaxtour.tui.actions import Keys
from jaxtour.tui.compat import begin_with_theme, copy_text, write_changed_cells
from jaxtour.tui.messages import Arrived, Note, RestartWanted, Turned, WorkerGone
from jaxtour.tui.themes import THEMES
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.screen import TourScreen

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

REPAINT_S = 0.05
"""At most so often is the screen brought up to date while the worker talks."""
TICK_S = 0.5
"""How often the elapsed time moves while something runs."""
GREEDY = 200
"""Events read before others get a turn."""


class TourApp(App[int]):
    """The tour."""

    TITLE = "jaxtour"
    CSS_PATH: ClassVar[CSSPathType | None] = ["app.tcss", "tour/screen.tcss"]
    ENABLE_COMMAND_PALETTE = False
    CLOSE_TIMEOUT = 0.5

    def __init__(
        self,
        catalogue: Catalogue,
        session: Session,
        progress: Progress,
        settings: Settings | None = None,
        *,
        start: tuple[str, str] | None = None,
        theme: str | None = None,
        notices: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        kept: Path | None = None,
        ascii_only: bool = False,
        stable: bool = False,
        driver: type[Driver] | None = None,
    ) -> None:
        # Textual leaves colours out only of an app that speaks the terminal's own; of others it keeps greys.
        super().__init__(driver_class=driver, ansi_color=True if "NO_COLOR" in os.environ else None)
        self.animation_level = "none"
        write_changed_cells(self)
        for own in THEMES:
            self.register_theme(own)
        settings = settings or Settings()
        wanted = theme or settings.theme or ("ansi" if self.no_color else "dark")
        self.notices = [*notices]
        if wanted not in self.available_themes:
            self.notices.append(f"there is no theme {wanted!r}; dark, light and ansi are the tour's own")
            wanted = "dark"
        begin_with_theme(self, wanted)
        keys = Keys(settings.keys)
        self.notices += [f"settings: there is no action {name!r} to change the key of" for name in keys.unknown]
        self.notices += [f"settings: {clash}" for clash in keys.clashes]
        self._writer: ThreadPoolExecutor | None = None
        self.tour = Tour(
            catalogue,
            session,
            progress,
            keys=keys,
            clock=clock,
            defer=self._write_later,
            kept=kept,
            ascii_only=ascii_only,
            stable=stable,
        )
        self.tour.go(*(start or (None, None)))
        self.set_keymap(keys.changed)
        self._inbox: list[Event] = []
        self._flushed = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._ticker: Timer | None = None
        self._leaving = False
        self.event_loop: asyncio.AbstractEventLoop | None = None
        """Set while the app runs, for signal handlers."""
        self.tour_screen = TourScreen(self.tour)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy any text, to the terminal and for pasting."""
        copy_text(self, text)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our sheets need and only our own themes have."""
        return {"border-idle": "#80808080"}

    def get_default_screen(self) -> TourScreen:
        """The step."""
        width, height = self.size
        self.tour_screen.fit_classes(width, height)
        return self.tour_screen

    def on_mount(self) -> None:
        """Show the first frame, then start the worker."""
        self.event_loop = asyncio.get_running_loop()
        self._ticker = self.set_interval(TICK_S, self._tick, pause=True)
        if self.tour.progress.notice:
            self.notices.append(self.tour.progress.notice)
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """Start the worker, highlight the source, and say what the start found."""
        if not gc.isenabled():
            # What was imported stays: no collection needs to look at it again.
            gc.freeze()
            gc.enable()
        self.start_worker()
        self.tour.coloured = True
        self.tour_screen.refresh_view()
        if self.notices:
            self.tour_screen.note(";  ".join(self.notices))

    # The worker -----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="engine", exit_on_error=False, description="Reads what the worker says.")
    async def start_worker(self) -> None:
        """Start the worker and carry on what it says until it is gone."""
        session = self.tour.session
        self.tour.gone = ""
        self._wake()
        try:
            await session.start()
            count = 0
            async for event in session.events():
                self._inbox.append(event)
                self._deliver()
                count += 1
                if count % GREEDY == 0:
                    await asyncio.sleep(0)
        except EngineError as error:
            self.post_message(WorkerGone(str(error)))
            return
        self.post_message(WorkerGone(session.detail or "the worker has ended"))

    def _deliver(self) -> None:
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(max(0.0, self._flushed + REPAINT_S - loop.time()), self._post)

    def _post(self) -> None:
        self._due = None
        self._flushed = asyncio.get_running_loop().time()
        self.post_message(Arrived())

    async def on_arrived(self, _: Arrived) -> None:
        """Take in all that the worker said since the last time."""
        events, self._inbox = self._inbox, []
        if not events:
            return
        self.tour.fold(events)
        self._wake()
        self.tour_screen.refresh_view()
        if any(isinstance(event, Done | State) for event in events):
            await self.go_on()

    async def on_turned(self, _: Turned) -> None:
        """Have what is to be seen made."""
        await self.go_on()

    async def go_on(self) -> None:
        """Use the quiet: for the stage that is to be shown, or else for the runner that the next step needs."""
        if await self.tour_screen.lens.request():
            return
        try:
            await self.tour.prepare()
        except EngineError as error:
            self.post_message(WorkerGone(str(error)))

    def on_worker_gone(self, message: WorkerGone) -> None:
        """Say that there is no worker."""
        if not self._leaving:
            self.tour.gone = message.reason
            self._wake()
            self.tour_screen.refresh_view()

    async def on_restart_wanted(self, _: RestartWanted) -> None:
        """A new runner; a guard that is gone is started again too."""
        if self.tour.gone:
            self.start_worker()
            return
        try:
            await self.tour.session.restart()
        except EngineError as error:
            self.post_message(WorkerGone(str(error)))

    def on_key(self, event: events.Key) -> None:
        """What is typed ahead is no command."""
        if written_ahead(event, self.focused):
            event.prevent_default()

    def on_note(self, message: Note) -> None:
        """Say something in the bottom line."""
        self.tour_screen.note(message.text)

    def _wake(self) -> None:
        """Let the clock run while there is something to wait for, and only then."""
        if self._ticker is not None:
            if self.tour.waiting:
                self._ticker.resume()
            else:
                self._ticker.pause()

    def _tick(self) -> None:
        self.tour_screen.refresh_lines()

    # Leaving --------------------------------------------------------------------------------------------------------

    def _write_later(self, write: Callable[[], None]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        if self._writer is None:
            self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="progress")
        self._writer.submit(write)

    def save(self) -> None:
        """Keep the edit in the editor and wait until everything is written."""
        self.tour_screen.step.keep_edit()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.shutdown(wait=True)

    def on_unmount(self) -> None:
        """However the app ends, what was done is kept."""
        self.save()

    async def action_quit(self) -> None:
        """Save, end the worker, leave."""
        await self.leave(0)

    async def leave(self, code: int) -> None:
        """Save, end the worker, leave with this exit code."""
        if self._leaving:
            return
        self._leaving = True
        self.save()
        await self.close_worker()
        self.exit(code)

    async def close_worker(self) -> None:
        """End the worker, and with it all that it started."""
        try:
            await self.tour.session.close()
        except EngineError as error:
            self.log.warning(str(error))


def written_ahead(event: events.Key, focused: Widget | None) -> bool:
    """Write a character that came before its line or its editor had the focus; whether it was one.

    A line that can take it would have done so: that it is heard above tells that it was sent to what had the focus
    before.
    """
    if event.character is None or focused is None:
        return False
    enter = event.key == "enter"
    if not enter and not focused.check_consume_key(event.key, event.character):
        return False
    # Imported here: whoever has such a widget has paid for it.
    from textual.widgets import Input

    if isinstance(focused, Input) and not enter:
        focused.insert_text_at_cursor(event.character)
        return True
    from textual.widgets import TextArea

    if isinstance(focused, TextArea):
        focused.insert("\n" if enter else event.character)
        return True
    return False


def run_tour(
    catalogue: Catalogue,
    session: Session,
    progress: Progress,
    settings: Settings,
    start: tuple[str, str] | None = None,
    theme: str | None = None,
    mouse: bool = True,
    notices: Sequence[str] = (),
    make: Callable[..., TourApp] = TourApp,
) -> int:
    """Open the tour on this terminal, and return the exit code when the learner leaves."""
    from jaxtour.tui.signals import watch_hangup
    from jaxtour.tui.terminal import driver_class, read_keys_from_terminal, speaks_utf8

    if not read_keys_from_terminal():
        sys.stderr.write("jaxtour: there is no terminal to read keys from\n")
        return os.EX_USAGE
    app = make(
        catalogue,
        session,
        progress,
        settings,
        start=start,
        theme=theme,
        notices=notices,
        ascii_only=not speaks_utf8(),
        driver=driver_class(),
    )
    with watch_hangup(app):
        code = app.run(mouse=mouse)
    sys.stdout.flush()
    return code if code is not None else int(os.EX_SOFTWARE if app.return_code else 0)
