"""Writes what a command found as a page for a browser: `--html FILE.html`."""

import linecache
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jaxtour import __version__, files
from jaxtour.commands.common import write
from jaxtour.course.model import CourseError, Lesson, Step
from jaxtour.engine.report import Report
from jaxtour.engine.stage import StageText, failed
from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.messages import Facts, Peak, Trace
from jaxtour.render.ir.gutter import file_name
from jaxtour.render.page.document import html
from jaxtour.render.page.model import Page, PageCall, PageSource
from jaxtour.render.text.layout import Line
from jaxtour.render.text.plain import worker_text
from jaxtour.text import clean, short, stand_in

STAGES: tuple[StageName, ...] = ("jaxpr", "stablehlo", "hlo")


def checked_path(path: str | None) -> Path | None:
    """Return the file to write; raises `CourseError` if it cannot be one, before anything runs."""
    if path is None:
        return None
    found = Path(path)
    if found.suffix.lower() not in (".html", ".htm"):
        raise CourseError(f"--html {path}: name a file that ends in .html")
    if found.is_dir() or not found.parent.is_dir():
        raise CourseError(f"--html {path}: " + ("this is a folder" if found.is_dir() else f"no folder {found.parent}"))
    return found


def write_page(
    path: Path, title: str, facts: Facts, calls: Sequence[PageCall], peaks: Sequence[Peak] = (), *, quiet: bool = False
) -> None:
    """Write the page, and say so unless `quiet`; raises `CourseError` if that is not possible."""
    made_by = f"jaxtour {__version__}, {' '.join(worker_text(facts, 10_000).split())}"
    try:
        files.write(path, html(Page(title, made_by, calls, peaks)).encode())
    except OSError as error:
        raise CourseError(f"--html {path}: cannot be written: {error.strerror or error}") from None
    if not quiet:
        write(clean(f"wrote {path}", keep_newlines=False) + "\n")


def page_call(
    lesson: Lesson,
    step: Step,
    report: Report,
    trace: Trace,
    *,
    title: str = "",
    sections: Sequence[tuple[str, Sequence[Line]]] = (),
) -> PageCall:
    """Return a traced call with its stages, the texts that they come from, and its profile if it has one."""
    why = trace.error
    stages = [failed(trace.index, name, report.run, why) if why else report.stage(trace.index, name) for name in STAGES]
    made = [stage for stage in stages if stage is not None]
    return PageCall(
        title=title or trace.label or trace.call.line,
        call=short(trace.call.line, 200),
        sources=sources(lesson, step, made),
        stages=made,
        profile=report.profiles.get(trace.index),
        sections=sections,
    )


def sources(lesson: Lesson, step: Step, stages: Iterable[StageText] = ()) -> list[PageSource]:
    """Return the step's own code, and each other text with an expression of these stages."""
    texts = dict(_texts(lesson))
    own = cell_of(lesson, step)
    files = dict.fromkeys((own, *(file for stage in stages for file in _files(stage))))
    found = []
    for file in files:
        text = texts.get(file)
        if text is None and Path(file).is_absolute():
            text = "".join(linecache.getlines(file))
        if text:
            shown = "\n".join(map(stand_in, text.split("\n")))
            found.append(PageSource(file, file_name(own, file) or file_name("", own), shown))
    return found


def cell_of(lesson: Lesson, step: Step) -> str:
    """Return the name of the step's own code in spans."""
    return lesson.file.line if lesson.plain else f"{lesson.id}/{step.id}"


def _texts(lesson: Lesson) -> Iterator[tuple[str, str]]:
    for step in lesson.steps:
        if isinstance(step, Step):
            cell = cell_of(lesson, step)
            yield cell, step.solved_code.text
            yield f"{cell}:setup", step.setup.text


def _files(stage: StageText) -> Iterator[str]:
    for origin in stage.origins:
        for span in (*origin.spans, *origin.callers):
            yield span.file
