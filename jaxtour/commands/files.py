"""Makes a lesson of one step out of a user's Python file."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from jaxtour.course.catalogue import LessonEntry
from jaxtour.course.model import Broken, CourseError, Launch, Lesson, Problem, Step, guess_id
from jaxtour.files import read_bytes
from jaxtour.paths import absolute
from jaxtour.text import Raw, harmless

STEP = "file"
"""The id of the only step."""
MAX_BYTES = 1024 * 1024
FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
REMEDIES = {
    ".yaml": "open a lesson with `jaxtour FILE`",
    ".yml": "open a lesson with `jaxtour FILE`",
    ".ipynb": "open a notebook with `jaxtour FILE`",
    ".pyc": "name the source file",
}


def parse_target(target: str) -> tuple[Path, str | None]:
    """Return file and function of `FILE.py::FUNCTION`; raises `CourseError` for an invalid function name."""
    name, colons, function = target.rpartition("::")
    if not colons or os.path.lexists(target):
        return Path(target), None
    if not FUNCTION.fullmatch(function):
        call = function or "f(x)"
        raise CourseError(f"{target}: {function!r} is not a function name: write a call as --call '{call}'")
    return Path(name), function


def lesson_of(
    path: Path, function: str | None = None, calls: Sequence[str] = (), launch: Launch | None = None
) -> Lesson:
    """Return the file as a lesson with one step, which holds all of its code and traces these calls.

    Without calls, the step traces the file's own calls of the function, or without a function all of its own calls.
    Raises `CourseError` if the file cannot be read. The code is not checked: only the Python that runs it can do that.
    """
    if not calls and function is not None:
        # A name instead of a call stands for the calls of that function.
        calls = (function,)
    step = Step(
        id=STEP,
        title=path.name,
        text=f"`{path}`\n\nThe file runs again whenever you save it. Edits made here do not change the file.",
        code=Raw(code_of(path)),
        trace=tuple(map(Raw, calls)) or None,
        show="jaxpr",
    )
    lesson = Lesson(
        id=guess_id(path),
        title=path.name,
        summary=str(path),
        minutes=0,
        steps=(step,),
        # The worker runs in another folder, and finds the file's neighbours by its path.
        file=Raw(absolute(path)),
        plain=True,
        launch=launch,
    )
    return harmless(lesson)


def code_of(path: Path) -> str:
    """Return the file's text with LF line ends; raises `CourseError` if it cannot be read."""
    if path.is_dir():
        raise CourseError(f"{path}: this is a folder: name a Python file in it")
    if remedy := REMEDIES.get(path.suffix):
        raise CourseError(f"{path}: not a Python file: {remedy}")
    try:
        data = read_bytes(path, MAX_BYTES)
    except FileNotFoundError:
        raise CourseError(f"{path}: no such file: name a Python file") from None
    except (OSError, ValueError) as error:
        raise CourseError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_BYTES:
        raise CourseError(f"{path}: larger than 1 MiB: move the code to explore into a smaller file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = f"byte 0x{error.object[error.start]:02x} is not UTF-8: save the file as UTF-8"
        _refuse(path, data[: error.start].decode("utf-8-sig", "replace"), bad)
    if "\0" in text:
        _refuse(path, text[: text.index("\0")], "a null character is not allowed in Python: save the file as UTF-8")
    return re.sub("\r\n?", "\n", text)


def _refuse(path: Path, before: str, message: str) -> NoReturn:
    """Raise a `CourseError` for the place right after this part of the file."""
    lines = re.split("\r\n|\r|\n", before)
    problem = Problem(file=Raw(str(path)), line=len(lines), column=len(lines[-1]) + 1, message=message)
    raise CourseError(str(problem), problem)


class FileEntry(LessonEntry):
    """A catalogue entry for a Python file."""

    def __init__(
        self, path: Path, function: str | None = None, calls: Sequence[str] = (), launch: Launch | None = None
    ) -> None:
        super().__init__(guess_id(path), path)
        self._function = function
        self._calls = tuple(calls)
        self._launch = launch

    def load(self) -> Lesson:
        """Return the file as a lesson, read once; raises `CourseError`."""
        if self._lesson is None:
            self._lesson = lesson_of(self.path, self._function, self._calls, self._launch)
        return self._lesson

    def reload(self) -> Lesson:
        """Return the file as it is now; if it cannot be read, the step says why."""
        lesson = super().reload()
        problem = next(iter(lesson.problems), None)
        if problem is None:
            return lesson
        step = harmless(Broken(id=STEP, title=self.path.name, error=problem))
        return msgspec.structs.replace(lesson, steps=(step,), plain=True)
