"""The tour on a fake engine, and ways to wait for it."""

import asyncio
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fake_engine import FACTS, FakeEngine, Script
from small_course import HIDDEN, SCRIPT, STATE, VMAP
from textual.pilot import Pilot

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import Lesson
from jaxtour.course.progress import Progress
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.settings import Settings
from jaxtour.text import harmless
from jaxtour.tui.app import REPAINT_S, TourApp
from jaxtour.tui.widgets.pane import Pane

WAIT_S = 150.0
POLL_S = 0.005
SOON_S = REPAINT_S + 0.02
"""A repaint, and a frame of Textual's after it."""
THREAD_S = 1.0
"""The most to wait for a thread, which may itself wait for what the test does next."""


class Given:
    """A catalogue entry with a given lesson, instead of a file."""

    def __init__(self, lesson: Lesson) -> None:
        self.given = lesson = harmless(lesson)
        self.id = lesson.id
        self.path = Path(lesson.file.text or f"{lesson.id}.yaml")
        self.reads = 0

    def lesson(self) -> Lesson:
        self.reads += 1
        return self.given


class Tours:
    """Makes apps, and keeps the parts of the last one."""

    def __init__(self, home: Path) -> None:
        self.path = home / "progress.json"
        self.engine = FakeEngine()
        self.script = SCRIPT
        self.facts = FACTS
        self.config = WorkerConfig()
        self.entries = [Given(VMAP), Given(STATE), Given(HIDDEN)]

    def make(
        self, step: str = "one", *, script: Script = SCRIPT, settings: Settings | None = None, **rest: Any
    ) -> TourApp:
        self.engine = FakeEngine(script, facts=self.facts)
        return TourApp(
            Catalogue(tuple(self.entries)),
            Session(self.engine, self.config),
            Progress.open(self.path),
            settings,
            start=("vmap", step),
            **{"clock": lambda: 0.0, **rest},
        )


async def settled(*_: float) -> None:
    """Wait until the loop and its threads have nothing to do but timers that are due later than a repaint from now.

    It replaces Textual's own wait, for a process that uses little processor time: on a busy machine that is so of a
    process which was given no core, and a test would go on before the app has answered its key.
    """
    loop: Any = asyncio.get_running_loop()
    begun = loop.time()
    due = 0.0
    while loop._ready or due <= begun + SOON_S or (_works(loop) and loop.time() < begun + THREAD_S):
        await asyncio.sleep(0 if loop._ready else max(0.0, min(due, loop.time() + POLL_S) - loop.time()))
        due = min((timer.when() for timer in loop._scheduled if not timer.cancelled()), default=math.inf)


def _works(loop: Any) -> bool:
    """Return whether a thread of the loop works, or waits for one to be free."""
    pool = loop._default_executor
    return pool is not None and (pool._work_queue.qsize() > 0 or pool._idle_semaphore._value < len(pool._threads))


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        await pilot.pause(POLL_S)
    await pilot.pause()


async def resized(pilot: Pilot[Any], width: int, height: int) -> None:
    """Resize the terminal, and wait until the screen is laid out again; a pause alone may end before that."""
    await pilot.resize_terminal(width, height)
    await until(pilot, lambda: pilot.app.screen.size == (width, height))


async def ready(pilot: Pilot[Any]) -> None:
    """Wait until the worker is ready."""
    app = pilot.app
    assert isinstance(app, TourApp)
    await until(pilot, lambda: app.tour.session.state == "ready" and app.tour.coloured)


async def ran(pilot: Pilot[Any]) -> None:
    """Wait until the step shown has finished its run."""
    app = pilot.app
    assert isinstance(app, TourApp)
    await until(pilot, lambda: (report := app.tour.state.report) and report.done)


def text(app: TourApp, pane: str) -> str:
    """Return the text of a pane."""
    return app.tour_screen.panes.by_slot[pane].document.text


def screen_text(app: TourApp) -> str:
    """Return all characters on the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def run_many(pilot: Pilot[int], tours: Tours) -> None:
    """Run the step with the two calls to its end."""
    await ready(pilot)
    await pilot.press("r")
    await until(pilot, lambda: tours.engine.holding)
    tours.engine.release("timing")
    await ran(pilot)
    await idle(pilot)


async def idle(pilot: Pilot[int]) -> None:
    """Wait until the worker is idle."""
    app = pilot.app
    assert isinstance(app, TourApp)
    await until(pilot, lambda: app.tour.idle and not app.tour.waiting)


def pane(app: TourApp, name: str) -> Pane:
    return app.tour_screen.panes.by_slot[name]


def border(app: TourApp, name: str) -> str:
    """Return the words in the pane's lower border."""
    return str(pane(app, name)._border_subtitle)


def highlighted(app: TourApp, name: str) -> list[int]:
    """Return the highlighted lines of a pane."""
    shown = pane(app, name)
    return [line for line in range(len(shown.document.lines)) if shown.scene.highlight(line)]


def proved(app: TourApp, name: str) -> list[int]:
    """Return the lines of a pane that prove an answer."""
    shown = pane(app, name)
    return [line for line in range(len(shown.document.lines)) if shown.scene.proof(line)]
