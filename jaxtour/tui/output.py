"""Writes to the terminal at once what it takes at once, and the rest in a thread."""

import os
import select
from queue import Queue
from threading import Lock, Thread
from typing import TextIO

WAITING = 30
"""The most texts that wait for the terminal; whoever writes one more has to wait too."""


class TerminalOutput:
    """A terminal's output, with the interface of Textual's `WriterThread`.

    A thread waits for its turn on a core, and the key with it: tens of milliseconds while a step keeps all cores busy.
    But a terminal that is stopped, or behind a slow link, must not hold up the app.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._terminal = _opened(file.fileno())
        self._queue: Queue[bytes | None] = Queue(WAITING)
        self._thread = Thread(target=self._work, name="output", daemon=True)
        self._turn = Lock()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def write(self, text: str) -> None:
        """Write a text after all earlier ones, in the encoding of the file."""
        data = text.encode(self._file.encoding, self._file.errors or "strict")
        # A signal's handler may write while the same thread does.
        if self._turn.acquire(blocking=False):
            try:
                if not self._queue.unfinished_tasks:
                    data = data[self._at_once(data) :]
                if data:
                    self._queue.put(data)
            finally:
                self._turn.release()
        else:
            self._queue.put(data)

    def _at_once(self, data: bytes) -> int:
        """Write what the terminal takes without waiting; return how many bytes that is."""
        if self._terminal is None:
            return 0
        try:
            return os.write(self._terminal, data)
        except OSError:
            # It takes nothing now, or is gone.
            return 0

    def _work(self) -> None:
        descriptor = self._file.fileno()
        while (data := self._queue.get()) is not None:
            while data:
                try:
                    data = data[os.write(descriptor, data) :]
                except BlockingIOError:
                    # Another program has left the terminal in this mode.
                    select.select([], [descriptor], [])
                except OSError:
                    # The terminal is gone, and its SIGHUP ends the app.
                    break
            self._queue.task_done()

    def isatty(self) -> bool:
        """Return whether the file is a terminal."""
        return self._file.isatty()

    def fileno(self) -> int:
        """Return the file's descriptor."""
        return self._file.fileno()

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def stop(self) -> None:
        """Wait until everything is written, and end the thread."""
        self._queue.put(None)
        self._thread.join()
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None


def _opened(descriptor: int) -> int | None:
    """Open the same terminal again, without waiting on it; None if it is not one, or cannot be opened.

    The flag belongs to the open file, which the shell shares with this program.
    """
    try:
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return None
