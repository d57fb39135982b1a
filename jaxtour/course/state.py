"""The learner's work as one file: progress, edits, scratch code and cards, for another machine."""

from pathlib import Path
from typing import Literal

import msgspec

from jaxtour.course.edits import EDIT, MOST, SCRATCH_CODE, Version
from jaxtour.course.model import CourseError
from jaxtour.course.progress import VERSION, Progress, SavedProgress, SavedStep, free_path
from jaxtour.course.review import last_review
from jaxtour.files import replace


class SavedWork(SavedProgress, kw_only=True):
    """The file's content: the progress, and a mark of the file's kind."""

    kind: Literal["jaxtour learning state"] = "jaxtour learning state"


class _Version(msgspec.Struct):
    kind: Literal["jaxtour learning state"]
    version: int


def encoded(progress: Progress) -> bytes:
    """Return everything that is saved of the learner's work."""
    state = SavedWork(place=progress.place, lessons={key: dict(steps) for key, steps in progress.lessons.items()})
    return msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n"


def back_up(progress: Progress, what: str) -> Path:
    """Write the work next to the progress, in the first free `progress-before-WHAT-N.json`; raises `OSError`."""
    path = free_path(progress.path, f"{progress.path.stem}-before-{what}-{{}}{progress.path.suffix}")
    replace(path, encoded(progress))
    return path


def decoded(data: bytes, name: str) -> SavedWork:
    """Return the content of such a file; raises `CourseError` for anything else, including a newer version."""
    try:
        version = msgspec.json.decode(data, type=_Version).version
        if version > VERSION:
            raise CourseError(f"{name}: written by a newer jaxtour: pip install -U jaxtour here")
        state = msgspec.json.decode(data, type=SavedWork)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise CourseError(f"{name}: not what `jaxtour export` writes: {error}") from None
    state.version = VERSION
    return state


def put_in(state: SavedProgress, other: SavedProgress, *, replacing: bool) -> None:
    """Add another machine's work, or replace the work here with it."""
    if replacing:
        state.lessons, state.place = other.lessons, other.place
        return
    state.place = other.place or state.place
    for lesson, steps in other.lessons.items():
        mine = state.lessons.setdefault(lesson, {})
        for step, theirs in steps.items():
            mine[step] = _merged(mine[step], theirs) if step in mine else theirs


def overwritten(progress: Progress, other: SavedProgress) -> list[str]:
    """Return the steps whose code here is replaced."""
    return [
        f"{lesson}/{step}"
        for lesson, steps in other.lessons.items()
        for step, theirs in steps.items()
        if _gives_way(progress.saved(lesson, step), theirs, "edit") or _gives_way(progress.saved(lesson, step), theirs,
                                                                                  "scratch")
    ]  # fmt: skip


def _gives_way(mine: SavedStep, theirs: SavedStep, field: str) -> bool:
    old, new = getattr(mine, field), getattr(theirs, field)
    return None not in (old, new) and old != new


def _merged(mine: SavedStep, theirs: SavedStep) -> SavedStep:
    """Merge both: `theirs` is what the learner did last, so its code is shown; ours stays among the versions."""
    coded = theirs if theirs.edit is not None else mine
    answered = mine if mine.right is not None or theirs.answer is None else theirs
    card = max(mine.card, theirs.card, key=last_review) if mine.card and theirs.card else mine.card or theirs.card
    return msgspec.structs.replace(
        theirs,
        done=mine.done or theirs.done,
        edit=coded.edit,
        base=coded.base,
        versions=_joined(EDIT.versions_in(mine), EDIT.versions_in(theirs)),
        scratches=_joined(SCRATCH_CODE.versions_in(mine), SCRATCH_CODE.versions_in(theirs)),
        scratch=theirs.scratch if theirs.scratch is not None else mine.scratch,
        answer=answered.answer,
        right=answered.right,
        attempts=max(mine.attempts, theirs.attempts),
        hints=max(mine.hints, theirs.hints),
        gave_up=mine.gave_up or theirs.gave_up,
        seconds=max(mine.seconds, theirs.seconds),
        card=card,
    )


def _joined(mine: list[Version], theirs: list[Version]) -> list[Version]:
    """Return all versions, each text once, each machine's newest last."""
    found = dict((*mine, *theirs))
    return list(found.items())[-MOST:]
