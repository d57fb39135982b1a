"""`jaxtour review`: opens the tour on what is due for review, or lists it."""

from datetime import datetime
from typing import Any

from jaxtour.commands.common import catalogue_for, session, write, write_json
from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import CourseError
from jaxtour.course.progress import Progress
from jaxtour.course.review import ReviewItem, due, reviewable, utc_now
from jaxtour.engine.session import WorkerConfig
from jaxtour.render.summary import when_words
from jaxtour.render.text.layout import pad, width_of
from jaxtour.settings import in_short, load
from jaxtour.streams import warn
from jaxtour.text import clean, plural


def list_reviews(target: str | None, *, as_json: bool) -> int:
    """Print what is due now, and when the rest is."""
    catalogue, progress = _opened(target)
    now = utc_now()
    found = reviewable(progress, catalogue, now)
    if as_json:
        write_json({"items": [_document(catalogue, item, now) for item in found]})
        return 0
    ready = due(found, now)
    lines = [_said(ready, found, now), *_rows(catalogue, found, now)]
    write("".join(f"{line}\n" for line in lines))
    return 0


def review(target: str | None, config: WorkerConfig, *, theme: str | None, mouse: bool, trust: bool) -> int:
    """Open the tour on what is due; if nothing is, say when the next is."""
    catalogue, progress = _opened(target)
    now = utc_now()
    found = reviewable(progress, catalogue, now)
    ready = due(found, now)
    if not ready:
        write(f"{_said(ready, found, now)}\n")
        return 0
    settings, problems = load()
    # Imported after all arguments are checked: this import takes most of the start.
    from jaxtour.tui.terminal import run_tour

    place = progress.place
    known = place is not None and any(entry.id == place[0] for entry in catalogue.entries)
    return run_tour(
        catalogue, session(config, trust=trust), progress, settings, start=place if known else None, theme=theme,
        mouse=mouse and settings.mouse, notices=in_short(problems), review=True,
    )  # fmt: skip


def _opened(target: str | None) -> tuple[Catalogue, Progress]:
    catalogue, wanted = catalogue_for(target)
    if wanted is not None:
        catalogue = Catalogue((catalogue.entry(wanted.partition("/")[0]),))
    progress = Progress.open()
    if progress.notice:
        warn(progress.notice)
    if "/" in (wanted or ""):
        raise CourseError(f"{target}: name a lesson, not one of its steps")
    return catalogue, progress


def _said(ready: list[ReviewItem], found: list[ReviewItem], now: datetime) -> str:
    if ready:
        return f"{plural(len(ready), 'question')} due"
    if found:
        return f"nothing is due; the next is {when_words(found[0].due, now)}"
    return "nothing to review yet: finish a lesson with predictions or exercises"


def _rows(catalogue: Catalogue, found: list[ReviewItem], now: datetime) -> list[str]:
    names = [f"{item.lesson}/{item.step}" for item in found]
    width = max(map(width_of, names), default=0)
    return [
        f"  {pad(name, width)}  {pad(when_words(item.due, now), 12)}  {_title(catalogue, item)}"
        for name, item in zip(names, found, strict=True)
    ]


def _title(catalogue: Catalogue, item: ReviewItem) -> str:
    return clean(catalogue.find(f"{item.lesson}/{item.step}")[1].title, keep_newlines=False)


def _document(catalogue: Catalogue, item: ReviewItem, now: datetime) -> dict[str, Any]:
    return {
        "lesson": item.lesson,
        "step": item.step,
        "title": _title(catalogue, item),
        "due": item.due,
        "is_due": item.due <= now,
    }
