"""The course's lessons as last read, in the user's cache.

Importing a YAML parser, parsing a lesson and checking it takes 20 ms, a tenth of the time to the first frame.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from jaxtour import __version__, paths
from jaxtour.course.model import Lesson, Line, Requires, Step
from jaxtour.files import replace
from jaxtour.text import Lines, Raw, harmless, plain_value


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson without faults, with everything it was made from."""

    reader: str
    source: bytes
    id: str
    title: Line
    summary: Line
    minutes: int
    requires: Requires
    credits: Lines
    steps: tuple[Step, ...]
    places: dict[str, tuple[int, int]]


_FIELDS = tuple(name for name in _Kept.__struct_fields__ if name not in ("reader", "source"))


def load(path: Path) -> Lesson:
    """Return a lesson as `loader.load` does; from the cache if neither its file nor its reader has changed."""
    kept = paths.cache_dir() / "lessons" / f"{path.stem}.msgpack"
    source = None
    # It may be missing or damaged, and one from another version has other fields.
    with suppress(OSError, msgspec.DecodeError):
        source = path.read_bytes()
        found = msgspec.msgpack.decode(kept.read_bytes(), type=_Kept)
        if found.source == source and found.reader == _reader():
            return _lesson(found, path)
    from jaxtour.course import loader

    if source is None:
        return loader.load(path)  # this reports why it cannot be read
    lesson = loader.loads(source, str(path))
    if not lesson.problems:
        # If the disk is full or the cache is not ours, the next start reads the file again.
        with suppress(OSError):
            _keep(kept, source, lesson)
    return lesson


def _keep(file: Path, source: bytes, lesson: Lesson) -> None:
    for folder in (file.parent.parent, file.parent):
        # A guard started from another machine keeps its files there too, if nobody else can write there.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fields = {name: getattr(lesson, name) for name in _FIELDS}
    record = {"reader": _reader(), "source": source, **fields}
    replace(file, msgspec.msgpack.encode(record, enc_hook=plain_value), durable=False)


def _reader() -> str:
    """Identify what reads a lesson: this version of jaxtour, with any changes, and of Python, which checks its code."""
    here = Path(__file__).parent
    files = sorted((entry.name, entry.stat().st_mtime_ns) for entry in os.scandir(here) if entry.name.endswith(".py"))
    text = (here.parent / "text.py").stat().st_mtime_ns
    return f"{__version__} {sys.version} {text} {files}"


def _lesson(kept: _Kept, path: Path) -> Lesson:
    fields = {name: getattr(kept, name) for name in _FIELDS}
    fields["steps"] = tuple(map(_with_tuples, kept.steps))
    return harmless(Lesson(**fields, file=Raw(str(path))))


def _with_tuples(step: Step) -> Step:
    """Return the step with tuples in its expected value, which is of any type, so that they were decoded as lists."""
    if step.expect is None or not isinstance(step.expect.value, list):
        return step
    expect = msgspec.structs.replace(step.expect, value=_tuples(step.expect.value))
    return msgspec.structs.replace(step, expect=expect)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
