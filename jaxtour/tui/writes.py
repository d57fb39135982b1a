"""Delays writes to disk until the learner pauses."""

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

WRITE_AFTER_S = 0.3
"""How long the learner must pause before progress is written: a thread that writes holds up the next frame."""
HANGS_S = 2.0
"""A disk that takes longer at the end, as over a dead network, does not keep the learner from leaving."""


class LateWrites:
    """Performs its writes in order, in a thread that ends with the program."""

    def __init__(self, after: Callable[[Exception | None], object] = lambda _: None) -> None:
        """Prepare the writes; `after` is called in their thread after each write, with what the write raised."""
        self._after = after
        self._waiting: list[Callable[[], object]] = []
        self._given: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.hangs = False
        """Whether the end did not wait for a write."""

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write from now on; earlier writes have waited."""
        self._loop = loop
        self._after_pause()

    def later(self, write: Callable[[], object]) -> None:
        """Write after a pause."""
        self._waiting.append(write)
        self._after_pause()

    def _after_pause(self) -> None:
        if self._loop is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(WRITE_AFTER_S, self._write)

    def _write(self) -> None:
        if self._waiting and self._thread is None:
            self._thread = Thread(target=self._work, name="progress", daemon=True)
            self._thread.start()
        for write in self._waiting:
            self._given.put(write)
        self._waiting.clear()

    def _work(self) -> None:
        while write := self._given.get():
            try:
                write()
            except Exception as error:
                self._after(error)
            else:
                self._after(None)

    def finish(self) -> None:
        """Wait until everything so far is written, but not for a disk that hangs."""
        self._write()
        if self._thread is not None and not self.hangs:
            self._given.put(None)
            self._thread.join(HANGS_S)
            self.hangs = self._thread.is_alive()
            if not self.hangs:
                self._thread = None
