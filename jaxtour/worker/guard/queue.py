"""Non-blocking writes: bytes that a pipe does not accept now wait in a queue."""

import os
from collections import deque
from collections.abc import Callable

from .loop import Loop


class SendQueue:
    """A queue in front of one descriptor; calls `lost` once when the other end has closed."""

    def __init__(
        self, loop: Loop, fd: int, lost: Callable[[], None], drained: Callable[[], None] | None = None
    ) -> None:
        self._loop = loop
        self._fd = fd
        self._lost = lost
        self._drained = drained
        self._queue: deque[memoryview] = deque()
        self._watched = False
        self._open = True
        self.pending = 0
        """Bytes in the queue."""
        os.set_blocking(fd, False)

    def send(self, data: bytes) -> None:
        """Write the bytes now, or as soon as the descriptor accepts them."""
        if not self._open:
            return
        self._queue.append(memoryview(data))
        self.pending += len(data)
        if not self._watched:
            self._write()

    def close(self) -> None:
        """Drop the queue and ignore later sends."""
        self._open = False
        self._queue.clear()
        self.pending = 0
        self._watch(False)

    def _write(self) -> None:
        while self._queue:
            view = self._queue[0]
            try:
                count = os.write(self._fd, view)
            except BlockingIOError:
                break
            except OSError:
                self.close()
                self._lost()
                return
            self.pending -= count
            if count < len(view):
                self._queue[0] = view[count:]
            else:
                self._queue.popleft()
        was_watched = self._watched
        self._watch(bool(self._queue))
        if was_watched and not self._queue and self._drained:
            self._drained()

    def _watch(self, wanted: bool) -> None:
        if wanted and not self._watched:
            self._loop.writer(self._fd, self._write)
        elif self._watched and not wanted:
            self._loop.drop(self._fd)
        self._watched = wanted
