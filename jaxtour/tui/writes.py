"""Writes to disk that wait until the learner pauses."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

WRITE_AFTER_S = 0.3
"""How long the learner must pause before progress is written: a thread that writes holds up the next frame."""


class LateWrites:
    """Does what it was given in this order, in a thread."""

    def __init__(self, after: Callable[[], object] = lambda: None) -> None:
        """`after` is called in that thread when a batch is written."""
        self._after = after
        self._waiting: list[Callable[[], None]] = []
        self._thread: ThreadPoolExecutor | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write from now on; what came before waited."""
        self._loop = loop
        self._after_pause()

    def later(self, write: Callable[[], None]) -> None:
        """Write after a pause."""
        self._waiting.append(write)
        self._after_pause()

    def _after_pause(self) -> None:
        if self._loop is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(WRITE_AFTER_S, self._write)

    def _write(self) -> None:
        # Imported here: the first frame does not need it.
        from concurrent.futures import ThreadPoolExecutor

        if self._waiting and self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="progress")
        if self._waiting and self._thread is not None:
            for write in (*self._waiting, self._after):
                self._thread.submit(write)
            self._waiting.clear()

    def finish(self) -> None:
        """Wait until everything so far is written."""
        self._write()
        if self._thread is not None:
            thread, self._thread = self._thread, None
            thread.shutdown(wait=True)
