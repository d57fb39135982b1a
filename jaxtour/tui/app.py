"""The tour in a terminal: passes the worker's events to the screen, and saves and closes everything at the end."""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual import events, work
from textual.app import App
from textual.driver import Driver
from textual.timer import Timer
from textual.types import CSSPathType

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.progress import Progress
from jaxtour.course.review import enrol, utc_now
from jaxtour.engine.session import EngineError, Session
from jaxtour.engine.wire.messages import Done, Event, Facts, State
from jaxtour.settings import Settings
from jaxtour.tui.actions import Keys
from jaxtour.tui.compat import begin_with_theme, copy_text, frames_a_second, write_changed_cells
from jaxtour.tui.messages import Arrived, GraphicsKnown, Note, RestartWanted, Turned, WorkerGone
from jaxtour.tui.themes import THEMES
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.screen import TourScreen
from jaxtour.tui.tour.whereabouts import IDLE_S
from jaxtour.tui.widgets.pane import Pane
from jaxtour.tui.widgets.text_input import written_ahead
from jaxtour.tui.writes import LateWrites

REPAINT_S = 0.05
"""The shortest time between two updates of the screen while events come."""
TICK_S = 0.5
"""How often the elapsed time moves while something runs."""
FRAMES_A_SECOND = 120
"""Textual's 60 would delay whatever follows a frame by 16 ms, such as a key after a tick of the clock."""
GREEDY = 200
"""Events read before other tasks get a turn."""


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
        now: Callable[[], datetime] = utc_now,
        review: bool = False,
        welcome: bool = False,
    ) -> None:
        # Without ANSI colours, Textual keeps greys even under NO_COLOR.
        super().__init__(driver_class=driver, ansi_color=True if "NO_COLOR" in os.environ else None)
        self.animation_level = "none"
        write_changed_cells(self)
        frames_a_second(FRAMES_A_SECOND)
        for own in THEMES:
            self.register_theme(own)
        settings = settings or Settings()
        name = theme or settings.theme or ("ansi" if self.no_color else "dark")
        self.notices = [*notices]
        if name not in self.available_themes:
            self.notices.append(f"unknown theme {name!r}; the tour's own are dark, light and ansi")
            name = "dark"
        begin_with_theme(self, name)
        keys = Keys(settings.keys)
        self.notices += [f"settings: unknown action {name!r} under keys" for name in keys.unknown]
        self.notices += [f"settings: {clash}" for clash in keys.clashes]
        self.event_loop: asyncio.AbstractEventLoop | None = None
        """The event loop, set while the app runs, for signal handlers."""
        self._writes = LateWrites(self._tell_unsaved)
        self._told = progress.notice
        self._refused = False
        """Whether a note has said that there is no isolation here."""
        tour = Tour(
            catalogue,
            session,
            progress,
            keys=keys,
            clock=clock,
            defer=self._writes.later,
            kept=kept,
            ascii_only=ascii_only,
            stable=stable,
        )
        tour.go(*(start or (None, None)))
        self.set_keymap(keys.changed)
        self._inbox: list[Event] = []
        self._flushed = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._ticker: Timer | None = None
        self._leaving = False
        self._in_front = True
        """Whether the terminal last reported that it has the focus."""
        self._first = TourScreen(tour, now, self._writes.finish)
        self._review = review
        """Whether a review begins at once."""
        self._welcome = welcome
        """Whether to begin with what the tour is."""

    @property
    def tour_screen(self) -> TourScreen:
        """The screen of the step, or that of a review above it."""
        return self._screens[-1]

    @property
    def tour(self) -> Tour:
        """The tour of that screen."""
        return self.tour_screen.tour

    @property
    def _screens(self) -> list[TourScreen]:
        above = [screen for screen in self.screen_stack if isinstance(screen, TourScreen)]
        return above or [self._first]

    def copy_to_clipboard(self, text: str) -> None:
        """Copy any text to the terminal's clipboard and to the app's own."""
        copy_text(self, text)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the default of a variable that only our own themes have."""
        return {"border-idle": "#80808080"}

    def get_default_screen(self) -> TourScreen:
        """Return the screen of the step."""
        width, height = self.size
        self.tour_screen.fit_classes(width, height)
        return self.tour_screen

    def on_mount(self) -> None:
        """Start the worker after the first frame."""
        self.event_loop = asyncio.get_running_loop()
        if self.tour.session.config.worker:
            from jaxtour.tui.signals import before_stop

            # A suspended app sends no pings, and the other machine would miss them.
            engine = self.tour.session.engine
            self.app_suspend_signal.subscribe(self, lambda _: engine.suspend(), immediate=True)
            before_stop(self.event_loop, engine.suspend)
        self._ticker = self.set_interval(TICK_S, self._tick, pause=True)
        # Whatever had the terminal meanwhile may have drawn on it.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        if self.tour.progress.notice:
            self.notices.append(self.tour.progress.notice)
        if self._welcome:
            self.tour_screen.course.welcome()
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """Start the worker, highlight the text, and show the notices."""
        if not gc.isenabled():
            # Imported modules stay: no collection needs to scan them again.
            gc.freeze()
            gc.enable()
        self.start_worker()
        self._writes.begin(asyncio.get_running_loop())
        self.tour.coloured = True
        self.tour_screen.refresh_view()
        if self._review:
            self.tour_screen.review.start_review()
        if self.notices:
            self.tour_screen.note(";  ".join(self.notices))

    # The worker -----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="engine", exit_on_error=False, description="Reads the worker's events.")
    async def start_worker(self) -> None:
        """Start the worker and deliver its events until it ends."""
        session = self.tour.session
        self._say_gone("")
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
        """Fold all events that have arrived since the last time."""
        events, self._inbox = self._inbox, []
        if not events:
            return
        ended = [screen.tour.fold(events) for screen in self._screens]
        for event in events:
            if isinstance(event, Facts):
                self._tell_refused(event)
        self._wake()
        self.tour_screen.refresh_view()
        if any(ended):
            self._writes.later(self._enrol)
        if any(isinstance(event, Done | State) for event in events):
            await self.go_on()

    def _tell_refused(self, facts: Facts) -> None:
        """Say once that the isolation that the learner requested is not available."""
        refused = [finding.message for finding in facts.findings if finding.code == "not isolated"]
        if refused and not self._refused:
            self._refused = True
            self.tour_screen.note(refused[0])

    def _enrol(self) -> None:
        """Make the cards for review that the last run made due."""
        main = self._first
        enrol(main.tour.progress, main.tour.lesson, main.now())

    async def on_turned(self, _: Turned) -> None:
        """Request what is visible now."""
        await self.go_on()

    async def go_on(self) -> None:
        """Use an idle worker: request the stage to show, or else prepare the runner for the next step."""
        if self.tour.runs.reserved or await self.tour_screen.request_stage():
            return
        try:
            await self.tour.prepare()
        except EngineError as error:
            self.post_message(WorkerGone(str(error)))

    def on_worker_gone(self, message: WorkerGone) -> None:
        """Show that the worker is gone."""
        if not self._leaving:
            self._say_gone(message.reason)
            self._wake()
            self.tour_screen.refresh_view()

    def _say_gone(self, reason: str) -> None:
        for screen in self._screens:
            screen.tour.lose(reason)

    async def on_restart_wanted(self, _: RestartWanted) -> None:
        """Start a new runner, and a new guard if that is gone."""
        if not self.tour.worker.gone and not self.tour.session.started.is_set():
            self._say_gone("connecting anew")  # whatever waits for the first try ends
        if self.tour.worker.gone:
            self.start_worker()
            return
        try:
            await self.tour.session.restart()
        except EngineError as error:
            self.post_message(WorkerGone(str(error)))

    async def on_event(self, event: events.Event) -> None:
        """Note that the learner is there."""
        if isinstance(event, events.InputEvent):
            now, whereabouts = self.tour.clock(), self.tour.whereabouts
            if now - whereabouts.seen > IDLE_S:
                whereabouts.back(now)
            whereabouts.seen = now
        if isinstance(event, events.Key) and self.tour_screen.ignores(event):
            return
        await super().on_event(event)

    async def on_key(self, event: events.Key) -> None:
        """Keep typed-ahead text from acting as commands; a pane takes none."""
        if not isinstance(self.focused, Pane) and await written_ahead(event, self.focused):
            event.prevent_default()

    def on_app_focus(self, event: events.AppFocus | events.AppBlur) -> None:
        """Follow only the last change of the terminal's focus: each restyles the whole screen."""
        event.prevent_default()
        self._in_front = isinstance(event, events.AppFocus)
        self.call_later(self._follow_focus)

    on_app_blur = on_app_focus

    def _follow_focus(self) -> None:
        if self.app_focus != self._in_front:
            self.app_focus = self._in_front
            self.screen.refresh_bindings()

    def on_graphics_known(self, _: GraphicsKnown) -> None:
        """Redraw the figures the way the terminal can show them."""
        # Imported here: only its views ask the terminal.
        from jaxtour.tui.lines.images import FigureView

        for view in self.tour_screen.query(FigureView):
            view.redraw()

    def on_note(self, message: Note) -> None:
        """Show a note in the bottom line."""
        self.tour_screen.note(message.text)

    def _wake(self) -> None:
        """Let the clock tick only while something is in progress."""
        if self._ticker is not None:
            if self.tour.waiting:
                self._ticker.resume()
            else:
                self._ticker.pause()

    def _tick(self) -> None:
        self.tour_screen.refresh_lines()

    @property
    def hangs(self) -> bool:
        """Whether the disk did not respond when progress was to be saved at the end."""
        return self._writes.hangs

    def _tell_unsaved(self, error: Exception | None) -> None:
        """Report once, from the writing thread, that progress can no longer be saved."""
        told, self._told = self._told, f"progress is not saved: {error!r}" if error else self.tour.progress.notice
        if self._told and self._told != told and not self._leaving:
            self.post_message(Note(self._told))

    # Leaving --------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save the edit in the editor, and wait until everything is written."""
        for screen in self._screens:
            screen.step.keep_edit()
            screen.tour.whereabouts.leave()
            screen.review.settle()
        self._writes.finish()

    def on_unmount(self) -> None:
        """Save however the app ends."""
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
        """End the worker and all its processes."""
        try:
            await self.tour.session.close()
        except EngineError as error:
            self.log.warning(str(error))
