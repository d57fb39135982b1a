"""`jaxtour export` without a lesson, and `jaxtour import`: moves the learner's work as one file."""

import sys
from pathlib import Path

from jaxtour.commands.common import agreed, opened_progress, write
from jaxtour.commands.export import STDOUT, put, writable
from jaxtour.course.model import CourseError
from jaxtour.course.progress import MAX_BYTES, Progress
from jaxtour.course.state import back_up, decoded, encoded, overwritten, put_in
from jaxtour.files import read_bytes
from jaxtour.text import clean, plural

NAME = "jaxtour-state.json"
SHOWN = 5
"""The most steps that the message names."""


def export_state(output: str | None) -> int:
    """Write the learner's work."""
    path = writable(output, NAME)
    put(path, encoded(opened_progress()).decode())
    return 0


def import_state(file: str, *, replacing: bool, yes: bool) -> int:
    """Read such a file, say what it changes, ask, back up the current work, and write."""
    state = decoded(_read(file), file)
    progress = opened_progress()
    count = plural(sum(map(len, state.lessons.values())), "step")
    said = _said(progress, overwritten(progress, state), count, replacing=replacing)
    nobody = "importing changes your progress: without a terminal to ask on, add --yes"
    if not yes and not agreed(f"{said}\nGo on?", nobody=nobody):
        return 1
    kept = None if progress.empty else back_up(progress, "import")
    progress.change(lambda here: put_in(here, state, replacing=replacing))
    if progress.notice:
        raise CourseError(progress.notice)
    told = f"; your earlier progress is in {kept}" if kept else ""
    write(clean(f"{'replaced your progress with' if replacing else 'added'} {count}{told}", keep_newlines=False) + "\n")
    return 0


def _said(progress: Progress, overwritten: list[str], count: str, *, replacing: bool) -> str:
    here = plural(sum(map(len, progress.lessons.values())), "step")
    if replacing:
        return f"This forgets the {here} that you have here, and puts {count} in their place."
    more = f" and {len(overwritten) - SHOWN} more" if len(overwritten) > SHOWN else ""
    named = ", ".join(overwritten[:SHOWN]) + more
    loses = f" Its code replaces yours in {named}; u in the tour brings yours back." if overwritten else ""
    return clean(f"This adds {count} to the {here} that you have here.{loses}", keep_newlines=False)


def _read(file: str) -> bytes:
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if file == STDOUT else read_bytes(Path(file), MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CourseError(f"{file}: cannot be read: {reason}") from None
    if len(data) > MAX_BYTES:
        raise CourseError(f"{file}: larger than {MAX_BYTES >> 20} MiB: not what `jaxtour export` writes")
    return data
