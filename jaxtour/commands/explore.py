"""`jaxtour explore`: opens a user's Python file in the app, with the lens on it."""

import gc
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from jaxtour import files, interrupts
from jaxtour.commands.common import session
from jaxtour.commands.files import FileEntry
from jaxtour.commands.launch import Script
from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import CourseError
from jaxtour.course.progress import Progress
from jaxtour.engine.session import WorkerConfig
from jaxtour.settings import in_short, load


def explore(program: Script, calls: Sequence[str], config: WorkerConfig, *, theme: str | None, mouse: bool) -> int:
    """Open the file and block until the user leaves; the course's progress does not change."""
    path = program.path
    entry = FileEntry(path, program.function, calls, program.launch)
    entry.load()
    if not sys.stdout.isatty():
        raise CourseError("explore needs a terminal: use `jaxtour lens` to print the stages without one")
    gc.disable()  # as for the tour: the app enables garbage collection again
    settings, problems = load()
    # Imported after all arguments are checked: this import takes most of the start.
    from jaxtour.engine.peaks import default_path
    from jaxtour.tui.explore import ExploreApp
    from jaxtour.tui.terminal import run_tour

    with interrupts.raised(), files.temporary_folder() as folder:
        return run_tour(
            Catalogue((entry,)),
            session(config),
            Progress.open(Path(folder) / "progress.json"),
            settings,
            theme=theme,
            mouse=mouse and settings.mouse,
            notices=in_short(problems),
            make=partial(ExploreApp, path=path, reload=entry.reload, kept=default_path()),
        )
