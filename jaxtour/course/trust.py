"""Keeps which lessons from elsewhere may run: the learner's answers, by path and by the code that runs."""

import difflib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from jaxtour import paths
from jaxtour.course.edits import SCRATCH
from jaxtour.course.model import Broken, CourseError, Lesson
from jaxtour.files import read_bytes, replace
from jaxtour.text import Raw, plural

VERSION = 1
MAX_BYTES = 64 * 1024 * 1024
EVERYTHING = "JAXTOUR_TRUST"
"""If this environment variable is 1, every file that the user names may run, as with --trust: for CI."""


class TrustedFile(msgspec.Struct, frozen=True):
    """One file's code that the learner has trusted."""

    digest: str
    """SHA-256 of the code."""
    code: str
    """All of the code, to show what has changed since."""
    when: float
    """Seconds since 1970."""


class _Kept(msgspec.Struct):
    version: int = VERSION
    files: dict[str, TrustedFile] = {}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the learner must know to decide whether a lesson may run."""

    file: Raw
    """The absolute path, with links resolved."""
    named: Raw
    """The path as it was given."""
    steps: int
    code: Raw
    """All code that would run."""
    changes: Raw | None
    """What changed since the learner trusted the file, as a unified diff; None if they never did."""
    saves: bool = False
    """Whether the learner may also trust what is saved to the file later."""

    @property
    def words(self) -> str:
        """Why it does not run, and the remedy, in one line."""
        again = "its code changed since you trusted it" if self.changes else "it is not part of the course"
        name = self.named.line
        return f"{name}: {again}, so none of it runs: read it, then `jaxtour trust {name}`, or add --trust for once"


class Trust:
    """The learner's answers, in one file; `everything` is true for --trust."""

    def __init__(self, path: Path | None = None, *, everything: bool = False) -> None:
        self.path = path or paths.state_dir() / "trusted.json"
        self._bundled = Path(os.path.realpath(paths.lessons_dir()))
        self._everything = everything or os.environ.get(EVERYTHING) == "1"
        self.follows = False
        """Whether this jaxtour shows each save of a lesson, so that the learner may trust later saves too."""
        self._for_now: dict[str, list[str]] = {}
        """The code that may run until jaxtour ends, by file; the last one is what the learner saw last."""
        self._saves: set[str] = set()
        """The files that may run as they are saved, until jaxtour ends."""
        self._kept: _Kept | None = None

    def question(self, lesson: Lesson) -> Question | None:
        """Return what to ask before any of the lesson runs; None if it may run.

        The course's own lessons and Python files that a command names may run.
        """
        if self._everything or lesson.plain or not lesson.file or self._is_bundled(lesson.file.text):
            return None
        file, code = os.path.realpath(lesson.file.text), code_of(lesson)
        seen, known = self._for_now.get(file, []), self.files().get(file)
        if file in self._saves or code in seen or (known and known.digest == _digest(code)):
            return None
        before = seen[-1] if seen else known.code if known else None
        return Question(
            file=Raw(file),
            named=lesson.file,
            steps=sum(not isinstance(step, Broken) for step in lesson.steps),
            code=Raw(code),
            changes=None if before is None else Raw(_diff(before, code)),
            saves=self.follows,
        )

    def allow(self, lesson: Lesson, *, keep: bool) -> None:
        """Let the lesson run as it is now; without `keep` only until jaxtour ends. Raises `OSError` if not written."""
        file, code = os.path.realpath(lesson.file.text), code_of(lesson)
        self._for_now.setdefault(file, []).append(code)
        if keep:
            new = TrustedFile(_digest(code), code, time.time())
            self._change(lambda files: files.__setitem__(file, new))

    def allow_saves(self, question: Question) -> None:
        """Let the question's file run, as it is now and as anyone saves it, until jaxtour ends."""
        self._saves.add(question.file.text)

    def forget(self, name: str) -> list[str]:
        """Forget the file with this path, or the files in this folder, and return them.

        Raises `OSError` if that cannot be written.
        """
        gone = [file for file in self.files() if Path(file).is_relative_to(os.path.realpath(name))]
        if gone:
            self._change(lambda files: [files.pop(file, None) for file in gone])
        return gone

    def files(self) -> dict[str, TrustedFile]:
        """Return the trusted files by absolute path. An unreadable record trusts nothing."""
        if self._kept is None:
            self._kept = _read(self.path)
        return self._kept.files

    def state_of(self, file: str) -> str:
        """Return `as trusted`, `changed since` or `gone`."""
        from jaxtour.course.catalogue import open_path

        try:
            code = code_of(open_path(Path(file)).entries[0].lesson())
        except CourseError:
            return "gone"
        return "as trusted" if _digest(code) == self.files()[file].digest else "changed since"

    def _is_bundled(self, file: str) -> bool:
        return Path(os.path.realpath(file)).parent == self._bundled

    def _change(self, change: Callable[[dict[str, TrustedFile]], object]) -> None:
        """Apply a change to the file's current content, since another jaxtour may have changed it."""
        kept = _read(self.path)
        change(kept.files)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self.path, msgspec.json.encode(kept))
        self._kept = kept


def code_of(lesson: Lesson) -> str:
    """Return all code of a lesson that a key or command may run, step by step; scratch steps are the learner's own."""
    pieces = []
    for step in lesson.steps:
        if not isinstance(step, Broken) and not step.id.endswith(SCRATCH):
            pieces += [f"# {step.id}", *(raw.text.strip("\n") for raw in _raw_in(step) if raw.text.strip())]
    return "\n".join([*pieces, ""])


def _raw_in(part: Any) -> Iterator[Raw]:
    """Yield every raw text in a part of the model, in the model's order."""
    if isinstance(part, Raw):
        yield part
    elif isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            yield from _raw_in(getattr(part, name))
    elif isinstance(part, dict):
        for value in part.values():
            yield from _raw_in(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from _raw_in(value)


def size_of(question: Question) -> str:
    """Return the size of code in words: `12 steps, 80 lines of code`."""
    return f"{plural(question.steps, 'step')}, {plural(question.code.text.count(chr(10)), 'line')} of code"


def _digest(code: str) -> str:
    import hashlib  # the first frame needs none

    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def _diff(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "trusted", "now", lineterm="", n=2)
    return "\n".join([*lines, ""])


def _read(path: Path) -> _Kept:
    try:
        kept = msgspec.json.decode(read_bytes(path, MAX_BYTES), type=_Kept)
    except (OSError, ValueError, RecursionError):
        return _Kept()
    return kept if kept.version == VERSION else _Kept()
