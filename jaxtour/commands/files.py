"""A Python file of the user's as a lesson of one step, with the lens on it."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from jaxtour.course.catalogue import Entry
from jaxtour.course.loader import guess_id
from jaxtour.course.model import Broken, CourseError, Launch, Lesson, Problem, Step
from jaxtour.files import read_bytes

STEP = "file"
"""The id of the one step."""
MAX_BYTES = 1024 * 1024
FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
REMEDIES = {
    ".yaml": "a lesson is opened by `jaxtour FILE`",
    ".yml": "a lesson is opened by `jaxtour FILE`",
    ".ipynb": "save the notebook as a Python file: `jupyter nbconvert --to script FILE`",
    ".pyc": "name the file that it was compiled from",
}


def parse_target(target: str) -> tuple[Path, str | None]:
    """The file and the function of `FILE.py::FUNCTION`; raises `CourseError` for what cannot be a function's name."""
    name, colons, function = target.rpartition("::")
    if not colons or os.path.lexists(target):
        return Path(target), None
    if not FUNCTION.fullmatch(function):
        call = function or "f(x)"
        raise CourseError(f"{target}: {function!r} is no function's name: write a call as --call '{call}'")
    return Path(name), function


def lesson_of(
    path: Path, function: str | None = None, calls: Sequence[str] = (), launch: Launch | None = None
) -> Lesson:
    """The file as a lesson whose one step is all of its code, and traces these calls.

    Without calls those of the function are traced that the file writes, without a function all that it writes. Raises
    `CourseError` where the file cannot be read; whether its code is right only the Python that runs it can tell.
    """
    if not calls and function is not None:
        # What is no call but a name stands for the calls of that function.
        calls = (function,)
    step = Step(
        id=STEP,
        title=path.name,
        text=f"`{path}`\n\nIt runs again whenever it is saved. An edit made here is a copy: the file is not changed.",
        code=code_of(path),
        trace=tuple(calls) or None,
        show="jaxpr",
    )
    return Lesson(
        id=guess_id(path),
        title=path.name,
        summary=str(path),
        minutes=0,
        steps=(step,),
        # The worker is in another folder, and finds the file's neighbours by its path.
        file=os.path.abspath(path),  # noqa: PTH100  pathlib follows links when it takes out `..`
        plain=True,
        launch=launch,
    )


def code_of(path: Path) -> str:
    """The file's text with line feeds for line ends; raises `CourseError` if it is not to be had."""
    if path.is_dir():
        raise CourseError(f"{path}: a folder: name a Python file in it")
    if remedy := REMEDIES.get(path.suffix):
        raise CourseError(f"{path}: not a Python file: {remedy}")
    try:
        data = read_bytes(path, MAX_BYTES)
    except FileNotFoundError:
        raise CourseError(f"{path}: no such file: name a Python file") from None
    except (OSError, ValueError) as error:
        raise CourseError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_BYTES:
        raise CourseError(f"{path}: larger than 1 MiB: put what is to be looked at into a file of its own")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = f"byte 0x{error.object[error.start]:02x} is not UTF-8: save the file as UTF-8"
        _refuse(path, data[: error.start].decode("utf-8-sig", "replace"), bad)
    if "\0" in text:
        _refuse(path, text[: text.index("\0")], "a null character is no Python: save the file as UTF-8")
    return re.sub("\r\n?", "\n", text)


def _refuse(path: Path, before: str, message: str) -> NoReturn:
    """Raise what is wrong with the place that comes after this part of the file."""
    lines = re.split("\r\n|\r|\n", before)
    problem = Problem(file=str(path), line=len(lines), column=len(lines[-1]) + 1, message=message)
    raise CourseError(str(problem), problem)


class FileEntry(Entry):
    """A catalogue's entry for a Python file."""

    def __init__(
        self, path: Path, function: str | None = None, calls: Sequence[str] = (), launch: Launch | None = None
    ) -> None:
        super().__init__(guess_id(path), path)
        self._function = function
        self._calls = tuple(calls)
        self._launch = launch

    def load(self) -> Lesson:
        """The file as a lesson, read once; raises `CourseError`."""
        if self._lesson is None:
            self._lesson = lesson_of(self.path, self._function, self._calls, self._launch)
        return self._lesson

    def reload(self) -> Lesson:
        """The file as it is now; one that cannot be read has a step that says why."""
        self._lesson = None
        lesson = self.lesson()
        problem = next(iter(lesson.problems), None)
        if problem is None:
            return lesson
        step = Broken(id=STEP, title=self.path.name, error=problem)
        return msgspec.structs.replace(lesson, steps=(step,), plain=True)
