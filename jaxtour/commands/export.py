"""`jaxtour export LESSON`: writes a notebook, a script, Markdown or a page, with the learner's code and its results."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from jaxtour import __version__, files, interrupts
from jaxtour.commands.common import headless, lessons_for, tell_findings, tell_progress, write
from jaxtour.commands.trust import check_trusted
from jaxtour.course.catalogue import why_empty
from jaxtour.course.model import CourseError, Lesson
from jaxtour.course.notebook_file import EXTRA
from jaxtour.course.progress import Progress
from jaxtour.engine.headless import Outcome
from jaxtour.engine.session import WorkerConfig
from jaxtour.paths import absolute
from jaxtour.render.takeaway.draft import cells_of, draft
from jaxtour.render.takeaway.made import made
from jaxtour.render.takeaway.markdown import markdown
from jaxtour.render.takeaway.model import Takeaway
from jaxtour.render.takeaway.notebook import notebook
from jaxtour.render.takeaway.page import page
from jaxtour.render.takeaway.percent import percent
from jaxtour.render.text.plain import worker_text
from jaxtour.streams import warn
from jaxtour.text import clean

WRITERS: Mapping[str, Callable[[Takeaway], str]] = {"ipynb": notebook, "py": percent, "md": markdown, "html": page}
"""The writer of each format, by the file's suffix."""
STDOUT = "-"


def export(target: str, config: WorkerConfig, *, to: str | None, output: str | None, run: bool, trust: bool) -> int:
    """Write the lesson; the exit code is 1 if some of its code could not run."""
    form = _form(to, output)
    lesson = _lesson(target)
    # The hyphen keeps it from being a module: numpy.py would shadow NumPy.
    path = writable(output, f"jaxtour-{lesson.id}.{form}")
    progress = Progress.open()
    if progress.notice:
        warn(progress.notice)
    found = draft(lesson, progress)
    folder = absolute(path.parent if path else Path())
    outcomes: dict[str, Outcome] = {}
    made_by = f"jaxtour {__version__}"
    if run:
        check_trusted([lesson], trust=trust)
        outcomes, worker = interrupts.run(_ran(cells_of(found, lesson, folder), config))
        made_by += f", {worker}"
    try:
        text = WRITERS[form](Takeaway(lesson.title, made_by, made(found, outcomes)))
    except ImportError as error:
        raise CourseError(f"{EXTRA} ({error})") from None
    put(path, text)
    return int(any(outcome.status in ("timeout", "died") for outcome in outcomes.values()))


def _form(to: str | None, output: str | None) -> str:
    """Return the format: from the option, or the file's name, or a notebook."""
    suffix = Path(output or "").suffix.removeprefix(".").lower()
    if to is None and output not in (None, STDOUT) and suffix not in WRITERS:
        raise CourseError(
            f"-o {output}: unknown format: name a file that ends in .ipynb, .py, .md or .html, or add --to"
        )
    return to or suffix or "ipynb"


def _lesson(target: str) -> Lesson:
    lessons = lessons_for(target)
    if len(lessons) != 1:
        raise CourseError(f"{target}: several lessons: name one of them")
    if not lessons[0].steps:
        raise CourseError(why_empty(lessons[0]))
    return lessons[0]


async def _ran(lesson: Lesson, config: WorkerConfig) -> tuple[dict[str, Outcome], str]:
    """Run the cells in order, as a notebook does."""
    async with headless(config, trust=True) as engine:  # the lesson may run, and so may the learner's edits
        tell_findings(await engine.facts())
        engine.heard = tell_progress if sys.stderr.isatty() else None
        outcomes = {step.id: await engine.step(lesson, step) for step in lesson.steps}
        facts = engine.session.facts
    return outcomes, " ".join(worker_text(facts, 10_000).split()) if facts else ""


def writable(output: str | None, default: str) -> Path | None:
    """Return the file to write, or None for stdout; raises `CourseError` if it cannot be one, before anything runs.

    Replaces a file only if the user named it.
    """
    if output == STDOUT:
        return None
    path = Path(output or default)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise CourseError(f"{path}: " + ("this is a folder" if path.is_dir() else f"no folder {path.parent}"))
    if output is None and path.exists():
        raise CourseError(f"{path} exists already: name another file with -o")
    return path


def put(path: Path | None, text: str) -> None:
    """Write the file and report that, or print the text; raises `CourseError` if that is impossible."""
    if path is None:
        write(text)
        return
    try:
        files.write(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise CourseError(f"{path}: cannot be written: {error.strerror or error}") from None
    write(clean(f"wrote {path}", keep_newlines=False) + "\n")
