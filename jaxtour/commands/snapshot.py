"""`jaxtour snapshot`: draws the tour's screen at a step without a terminal."""

import io
import re
from pathlib import Path
from typing import Any

from rich.console import Console

from jaxtour import files, interrupts
from jaxtour.commands.common import catalogue_for, session, write
from jaxtour.commands.trust import check_trusted
from jaxtour.course.model import CourseError
from jaxtour.course.progress import Progress
from jaxtour.engine.session import EngineError, WorkerConfig
from jaxtour.settings import Settings
from jaxtour.tui import themes
from jaxtour.tui.app import TourApp

SIZE = re.compile(r"(\d{2,3})x(\d{1,3})")


def snapshot(
    target: str,
    config: WorkerConfig,
    *,
    size: str,
    run_step: bool,
    stable: bool,
    theme: str | None,
    output: str | None,
    trust: bool = False,
) -> int:
    """Write the screen as a picture (`.svg`) or as text, without the user's progress and settings."""
    matched = SIZE.fullmatch(size)
    if matched is None:
        raise CourseError(f"{size} is not a size: write columns and lines, as in 120x36")
    if output and not output.endswith((".svg", ".txt")):
        raise CourseError(f"{output}: unknown format: name a .svg or .txt file")
    if output and not Path(output).absolute().parent.is_dir():
        raise CourseError(f"{output}: the folder {Path(output).parent} does not exist: create it")
    if theme and not themes.exists(theme):
        raise CourseError(f"unknown theme {theme!r}: use dark, light or ansi")
    catalogue, wanted = catalogue_for(target)
    lesson, step = catalogue.find(wanted or catalogue.entries[0].id)
    if run_step:
        check_trusted([lesson], trust=trust)
    with interrupts.raised(), files.temporary_folder() as folder:
        app = TourApp(
            catalogue,
            session(config, trust=trust),
            Progress.open(Path(folder) / "progress.json"),
            Settings(),
            start=(lesson.id, step.id),
            theme=theme,
            stable=stable,
        )
        columns, lines = (int(number) for number in matched.groups())
        as_svg = (output or "").endswith(".svg")
        picture = interrupts.run(_draw(app, (columns, lines), run_step=run_step, as_svg=as_svg))
    if output:
        try:
            files.write(Path(output), picture.encode())
        except OSError as error:
            raise CourseError(f"{output}: {error.strerror}") from None
    else:
        write(picture)
    return 0


async def _draw(app: TourApp, size: tuple[int, int], *, run_step: bool, as_svg: bool) -> str:
    async with app.run_test(size=size) as pilot:
        try:
            await _show(app, pilot, run_step=run_step)
            return app.export_screenshot(title="jaxtour") if as_svg else _as_text(app)
        finally:
            await app.close_worker()


async def _show(app: TourApp, pilot: Any, *, run_step: bool) -> None:
    """Wait for the worker, and run the step if requested."""
    while app.tour.session.state != "ready":
        if app.tour.worker.gone or app.tour.session.state == "dead":
            raise EngineError(app.tour.worker.gone or app.tour.session.detail)
        await pilot.pause()
    if run_step:
        await pilot.press(app.tour.keys.of("run")[0])
        while not ((report := app.tour.state.report) and report.done):
            if app.tour.state.reason:
                raise EngineError(f"{app.tour.step.id}: {app.tour.state.reason}")
            await pilot.pause()
        while app.tour.waiting:
            await pilot.pause()
    # The screen may not yet show everything that the session knows.
    app.tour_screen.refresh_view()
    await pilot.pause()


def _as_text(app: TourApp) -> str:
    """Return the screen's characters, rendered the way `export_screenshot` does."""
    width, height = app.size
    console = Console(width=width, height=height, file=io.StringIO(), record=True, legacy_windows=False)
    console.print(app.screen._compositor.render_update(full=True))
    return "".join(f"{line.rstrip()}\n" for line in console.export_text().splitlines())
