"""What the learner has done: steps, place and edits, kept in one file that several jaxtours may share."""

import copy
import errno
import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import msgspec

from jaxtour import paths
from jaxtour.files import read_bytes

VERSION = 1
MAX_BYTES = 64 * 1024 * 1024
"""More than all edits of all lessons, each as long as a lesson may be."""
LOCK_WAIT_S = 1.0
"""A holder that takes longer is stopped or hangs; progress is then kept in memory until it can be had."""


class StepState(msgspec.Struct, omit_defaults=True):
    """What is remembered of one step."""

    done: bool = False
    edit: str | None = None
    """The learner's code, where it is not the lesson's own."""


class State(msgspec.Struct):
    """The file's content."""

    version: int = VERSION
    place: tuple[str, str] | None = None
    lessons: dict[str, dict[str, StepState]] = {}


NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""Some network file systems have none; progress without a lock is better than none."""

Change: TypeAlias = Callable[[State], None]


class _Version(msgspec.Struct):
    version: int


class _NewerError(Exception):
    """The file is a later jaxtour's."""


class _CorruptError(Exception):
    """The file makes no sense."""


class Progress:
    """Steps done, place and edits, by lesson and step id.

    Every change is written before it returns, on top of what other programs wrote meanwhile, and may come from any
    thread. What cannot be written is kept in memory and tried again with the next change, and `notice` says so.
    """

    def __init__(self, path: Path) -> None:
        # A link stays a link: what it points to is replaced.
        self.path = Path(os.path.realpath(path))
        self.notice: str | None = None
        """One line for the user, while something about the file is not as it should be."""
        self._state = State()
        self._pending: list[Change] = []
        self._writable = True
        self._failing = False
        self._thread_lock = threading.Lock()

    @classmethod
    def open(cls, path: Path | None = None) -> "Progress":
        """The progress in this file, or in the user's state directory; it need not exist."""
        progress = cls(path or paths.state_dir() / "progress.json")
        progress._load()
        return progress

    @property
    def place(self) -> tuple[str, str] | None:
        """Lesson and step where the learner left off."""
        return self._state.place

    def is_done(self, lesson: str, step: str) -> bool:
        """Whether the step has been done."""
        return self._step(lesson, step).done

    def edit(self, lesson: str, step: str) -> str | None:
        """The learner's code for the step, if it was changed."""
        return self._step(lesson, step).edit

    def mark_done(self, lesson: str, step: str) -> None:
        """Remember that the step is done."""
        if not self.is_done(lesson, step):
            self._change(lambda state: setattr(_slot(state, lesson, step), "done", True))

    def set_place(self, lesson: str, step: str) -> None:
        """Remember where the learner is."""
        if self.place != (lesson, step):
            self._change(lambda state: setattr(state, "place", (lesson, step)))

    def set_edit(self, lesson: str, step: str, code: str | None) -> None:
        """Remember the learner's code, or with None forget it."""
        # Half a surrogate pair, from a broken paste, cannot be written as UTF-8.
        text = code if code is None else code.encode("utf-8", "replace").decode()
        if self.edit(lesson, step) != text:
            self._change(lambda state: setattr(_slot(state, lesson, step), "edit", text))

    def _step(self, lesson: str, step: str) -> StepState:
        return self._state.lessons.get(lesson, {}).get(step) or StepState()

    def flush(self) -> None:
        """Try once more to write what could not be written so far."""
        if self._pending:
            self._change(None)

    def _load(self) -> None:
        """Read the file as it is; since it is only ever replaced as a whole, that needs no lock."""
        try:
            self._state = _read(self.path)
        except _CorruptError:
            self._change(None)
        except _NewerError:
            self._keep_in_memory()
        except OSError as error:
            self._failing = True
            self.notice = f"progress in {self.path} cannot be read: {error.strerror or error}"

    def _change(self, change: Change | None) -> None:
        """Apply a change, and those that could not be written before, to what the file holds now."""
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
                self.notice = f"progress cannot be kept in {self.path}: {error.strerror or error}"
            # A new state rather than a changed one: another thread may be reading this one.
            if self._pending:
                self._state = _applied(copy.deepcopy(self._state), self._pending)
            if not self._writable:
                self._pending.clear()

    def _write(self) -> None:
        # Only the first change waits for a lock that does not come free; later ones try and go on.
        with _locked(self.path, LOCK_WAIT_S if len(self._pending) < 2 else 0.0):
            try:
                state = _read(self.path)
            except _CorruptError:
                aside = _set_aside(self.path)
                self.notice = f"{self.path.name} could not be read: it is kept as {aside}, and progress begins anew"
                state = State()
            if self._pending:
                _replace(self.path, msgspec.json.encode(_applied(state, self._pending)))
        self._state = state
        self._pending.clear()

    def _keep_in_memory(self) -> None:
        self._writable = False
        self.notice = f"{self.path} is a newer jaxtour's: what you do now is forgotten at the end"


def _read(path: Path) -> State:
    """What the file holds; raises `OSError`, `_CorruptError` and `_NewerError`."""
    try:
        data = read_bytes(path, MAX_BYTES)
    except FileNotFoundError:
        return State()
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, "it is larger than 64 MiB", str(path))
    try:
        version = msgspec.json.decode(data, type=_Version).version
        if version == VERSION:
            return msgspec.json.decode(data, type=State)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _CorruptError from error
    raise _NewerError if version > VERSION else _CorruptError


def _applied(state: State, changes: list[Change]) -> State:
    for change in changes:
        change(state)
    return state


def _slot(state: State, lesson: str, step: str) -> StepState:
    return state.lessons.setdefault(lesson, {}).setdefault(step, StepState())


@contextmanager
def _locked(path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock that every jaxtour takes before it reads and writes; raises `OSError` if it cannot be had."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A file of its own: the lock on a file that is replaced would be lost with it.
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


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that at every moment, and after a crash, either the old or the new one is there."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _set_aside(path: Path) -> Path:
    """Rename to the first `NAME.corrupt-N` that is free."""
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    return path.rename(aside)
