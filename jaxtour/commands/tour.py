"""`jaxtour`: opens the tour on a terminal, or prints a lesson as plain text without one."""

import gc
from typing import TYPE_CHECKING

from jaxtour.commands.common import catalogue_for, session
from jaxtour.course.catalogue import Catalogue
from jaxtour.course.progress import Progress
from jaxtour.engine.session import WorkerConfig
from jaxtour.settings import in_short, load

if TYPE_CHECKING:
    from jaxtour.tui.app import TourApp


def tour(target: str | None, config: WorkerConfig, *, theme: str | None, mouse: bool, trust: bool = False) -> int:
    """Open the tour and block until the learner leaves."""
    catalogue, wanted = catalogue_for(target)
    progress = Progress.open()
    welcome = target is None and progress.empty
    start = _start(catalogue, wanted, progress)
    settings, problems = load()
    # Imported after all arguments are checked: this import takes most of the start.
    from jaxtour.tui.terminal import run_tour

    return run_tour(
        catalogue,
        session(config, trust=trust),
        progress,
        settings,
        start=start,
        theme=theme,
        mouse=mouse and settings.mouse,
        notices=in_short(problems),
        make=app_for(catalogue),
        welcome=welcome,
    )


def app_for(catalogue: Catalogue) -> "type[TourApp]":
    """Return the app that shows these lessons; one that follows saves for lessons that the user may be writing."""
    if catalogue.comes_along:
        from jaxtour.tui.app import TourApp

        return TourApp
    from jaxtour.tui.authoring import AuthorApp

    return AuthorApp


def print_lesson(target: str | None, config: WorkerConfig, *, width: int, trust: bool = False) -> int:
    """Print one lesson with real results: the named one, or the one where the learner left off."""
    from jaxtour.commands.run import run

    gc.enable()
    catalogue, wanted = catalogue_for(target)
    if target is None:
        start = _start(catalogue, None, Progress.open())
        wanted = start[0] if start else catalogue.entries[0].id
    named = target or str(wanted)
    return run(named, config, as_json=False, width=width, trust=trust)


def _start(catalogue: Catalogue, wanted: str | None, progress: Progress) -> tuple[str, str] | None:
    """Return where to open: the named step, the place left off, or None for the beginning."""
    if wanted is not None:
        lesson, step = catalogue.find(wanted)
        if "/" in wanted or (progress.place or ("",))[0] != lesson.id:
            return lesson.id, step.id
        return progress.place
    place = progress.place
    if place and any(entry.id == place[0] for entry in catalogue.entries):
        return place
    return None
