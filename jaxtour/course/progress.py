"""The learner's progress: steps done, place and edits, in one file that several jaxtours can share."""

import copy
import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from jaxtour import paths
from jaxtour.files import read_bytes, replace

VERSION = 2
"""Files of version 1 are readable too; a jaxtour that knows only version 1 would drop newer fields."""
MAX_BYTES = 64 * 1024 * 1024
"""More than the edits of all lessons at their maximum length."""
LOCK_WAIT_S = 1.0
"""A holder that takes longer is stopped or hanging; progress then stays in memory until the lock is free."""


class SavedStep(msgspec.Struct, omit_defaults=True):
    """The progress in one step."""

    done: bool = False
    edit: str | None = None
    """The learner's code, if it differs from the lesson's."""
    base: str | None = None
    """The lesson's code that the edit was made from."""
    versions: list[tuple[str, str | None]] = []
    """The edit and those that can replace it, oldest first, each with its base."""
    scratch: str | None = None
    """The code of the learner's scratch step after this one."""
    scratches: list[tuple[str, str | None]] = []
    """The versions of that code; they have no base."""
    answer: str | None = None
    """The learner's first prediction."""
    right: bool | None = None
    """Whether it was right; None before the run."""
    attempts: int = 0
    """How often the exercise's check failed."""
    hints: int = 0
    """The number of hints shown."""
    gave_up: bool = False
    """Whether the solution was shown before the learner's own passed."""
    seconds: float = 0.0
    """How long the learner spent at this step."""
    card: dict[str, Any] | None = None
    """When to review it, as the scheduler writes it."""


class SavedProgress(msgspec.Struct):
    """The file's content."""

    version: int = VERSION
    place: tuple[str, str] | None = None
    lessons: dict[str, dict[str, SavedStep]] = {}


NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""Some network file systems have no locks; saving without a lock is better than not saving."""

Change: TypeAlias = Callable[[SavedProgress], None]


class _Version(msgspec.Struct):
    version: int


class _NewerError(Exception):
    """Raised for a file of a newer jaxtour."""


class _CorruptError(Exception):
    """Raised for a file that cannot be decoded."""


class Progress:
    """Steps done, place and edits, by lesson and step id.

    Every change is written before the call returns, on top of what other programs wrote meanwhile. Changes may come
    from any thread. A failed write stays in memory and is tried again with the next change; `notice` reports it.
    """

    def __init__(self, path: Path) -> None:
        # Resolves links, so that a write replaces a link's target and not the link.
        self.path = Path(os.path.realpath(path))
        self.notice: str | None = None
        """One line for the user while something is wrong with the file."""
        self.changes = 0
        """How often it has changed: whoever keeps an answer asks again when this number is another."""
        self._state = SavedProgress()
        self._pending: list[Change] = []
        self._writable = True
        self._failing = False
        self._thread_lock = threading.Lock()

    @classmethod
    def open(cls, path: Path | None = None) -> "Progress":
        """Open the progress in this file, or in the user's state directory; the file need not exist."""
        progress = cls(path or paths.state_dir() / "progress.json")
        progress._load()
        return progress

    @classmethod
    def in_memory(cls) -> "Progress":
        """Open an empty progress without a file."""
        progress = cls(Path(os.devnull))
        progress._writable = False
        return progress

    @property
    def place(self) -> tuple[str, str] | None:
        """The lesson and the step where the learner left off."""
        return self._state.place

    @property
    def lessons(self) -> Mapping[str, Mapping[str, SavedStep]]:
        """Everything that is saved, by lesson and step id; read-only."""
        return self._state.lessons

    @property
    def empty(self) -> bool:
        """Whether there is no progress at all, as at the first start."""
        return not (self.place or self.lessons or self.notice)

    def is_done(self, lesson: str, step: str) -> bool:
        """Return whether the step has been done."""
        return self.saved(lesson, step).done

    def saved(self, lesson: str, step: str) -> SavedStep:
        """Return everything that is saved for the step; read-only."""
        return self._state.lessons.get(lesson, {}).get(step) or SavedStep()

    def update(self, lesson: str, step: str, **fields: Any) -> None:
        """Change fields of `SavedStep`."""
        old = self.saved(lesson, step)
        fields = {name: encodable(value) if isinstance(value, str) else value for name, value in fields.items()}
        if any(getattr(old, name) != value for name, value in fields.items()):
            self.change(lambda state: _set(_slot(state, lesson, step), fields))

    def mark_done(self, lesson: str, step: str) -> None:
        """Remember that the step is done."""
        self.update(lesson, step, done=True)

    def set_place(self, lesson: str, step: str, spent: Sequence[tuple[str, str, float]] = ()) -> None:
        """Remember where the learner is, and add the time spent elsewhere: lesson, step, seconds."""

        def change(state: SavedProgress) -> None:
            state.place = (lesson, step)
            for at_lesson, at_step, seconds in spent:
                slot = _slot(state, at_lesson, at_step)
                slot.seconds = round(slot.seconds + seconds, 1)

        if self.place != (lesson, step) or spent:
            self.change(change)

    def reset(self, lesson: str, step: str | None = None) -> None:
        """Forget everything about a step, or about a whole lesson."""

        def change(state: SavedProgress) -> None:
            steps = state.lessons.get(lesson, {})
            if step is not None:
                steps.pop(step, None)
            if step is None or not steps:
                state.lessons.pop(lesson, None)

        self.change(change)

    def flush(self) -> None:
        """Try again to write the changes that could not be written so far."""
        if self._pending:
            self.change()

    def _load(self) -> None:
        """Read the file; that needs no lock, because the file is only ever replaced as a whole."""
        try:
            self._state = _read(self.path)
        except _CorruptError:
            self.change()
        except _NewerError:
            self._keep_in_memory()
        except OSError as error:
            self._failing = True
            self.notice = f"cannot read progress: {error.strerror or error}: {self.path}"

    def change(self, change: Change | None = None) -> None:
        """Apply a change and the pending ones to the file's current content."""
        with self._thread_lock:
            if change:
                self._pending.append(change)
            try:
                if self._writable:
                    told = self.notice
                    self._write()
                    if self._failing and self.notice == told:
                        self.notice = None
                    self._failing = False
            except _NewerError:
                self._keep_in_memory()
            except OSError as error:
                self._failing = True
                self.notice = f"cannot save progress: {error.strerror or error}: {self.path}"
            # A new state instead of a mutated one: another thread may be reading this one.
            if self._pending:
                self._state = _applied(copy.deepcopy(self._state), self._pending)
            if not self._writable:
                self._pending.clear()
            self.changes += 1

    def _write(self) -> None:
        # Only the first change waits for a busy lock; later ones try once.
        with _locked(self.path, LOCK_WAIT_S if len(self._pending) < 2 else 0.0):
            try:
                state = _read(self.path)
            except _CorruptError:
                aside = _set_aside(self.path)
                self.notice = f"cannot read {self.path.name}: it is saved as {aside}, and progress starts over"
                state = SavedProgress()
            if self._pending:
                replace(self.path, msgspec.json.encode(_applied(state, self._pending)))
        self._state = state
        self._pending.clear()

    def _keep_in_memory(self) -> None:
        self._writable = False
        self.notice = f"a newer jaxtour wrote the progress, so this session's will not be saved: {self.path}"


def _read(path: Path) -> SavedProgress:
    """Return the file's content; raises `OSError`, `_CorruptError` and `_NewerError`."""
    try:
        data = read_bytes(path, MAX_BYTES)
    except FileNotFoundError:
        return SavedProgress()
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, "it is larger than 64 MiB", str(path))
    try:
        version = msgspec.json.decode(data, type=_Version).version
        if 1 <= version <= VERSION:
            state = msgspec.json.decode(data, type=SavedProgress)
            state.version = VERSION
            return state
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _CorruptError from error
    raise _NewerError if version > VERSION else _CorruptError


def _applied(state: SavedProgress, changes: list[Change]) -> SavedProgress:
    for change in changes:
        change(state)
    return state


def _set(step: SavedStep, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(step, name, value)


def _slot(state: SavedProgress, lesson: str, step: str) -> SavedStep:
    return state.lessons.setdefault(lesson, {}).setdefault(step, SavedStep())


@contextmanager
def _locked(path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock that every jaxtour takes before writing; raises `OSError` if it stays busy."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A separate file: replacing a file would lose the lock on it.
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimeoutError(errno.ETIMEDOUT, "another jaxtour holds its lock") from None
                time.sleep(0.005)
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
                break
        yield
    finally:
        os.close(lock)


def _set_aside(path: Path) -> Path:
    """Rename the file to the first free `NAME.corrupt-N`."""
    return path.rename(free_path(path, f"{path.name}.corrupt-{{}}"))


def encodable(text: str) -> str:
    """Return the text without lone surrogates, which a broken paste may contain and UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode()


def free_path(path: Path, pattern: str) -> Path:
    """Return the first free file name next to the path; `{}` in the pattern stands for its number."""
    number = 1
    while (free := path.with_name(pattern.format(number))).exists():
        number += 1
    return free
