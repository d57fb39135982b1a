"""The runner's way out: frames to the guard, and what the learner's own output goes to."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeAlias

from ..frames import ProtocolError, encode

Event: TypeAlias = dict[str, Any]
Say: TypeAlias = Callable[[Event], None]
"""Sends one event."""


class Outlet:
    """Sends events on a private descriptor, whole or not at all: an interrupt waits until a frame is out."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._write = os.write  # lesson code may replace os.write
        self._getpid = os.getpid
        self._main = threading.get_ident()
        self._sending = False
        self._pending = False
        self.armed = False
        """Whether an interrupt is for the run; while idle it is ignored."""

    def say(self, event: Event) -> None:
        """Send one event; one that cannot be said becomes a `log`."""
        try:
            frame = encode(event)
        except ProtocolError as error:
            frame = encode({"event": "log", "text": f"the runner could not send {event.get('event')!r}: {error}"})
        in_main = threading.get_ident() == self._main
        if in_main:
            if self._sending:
                return  # a finaliser that compiles, in the middle of another frame
            self._sending = True
        try:
            with self._lock:
                self._send(frame)
        finally:
            if in_main:
                self._sending = False
        if in_main and self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _send(self, frame: bytes) -> None:
        if self._getpid() != self._pid:
            os._exit(0)  # a child that lesson code forked must not speak for the runner
        view = memoryview(frame)
        while view:
            view = view[self._write(self._fd, view) :]

    def interrupt(self, _signum: int, _frame: FrameType | None) -> None:
        """The handler of SIGINT: once for a run, so that a second one does not meet the cleaning up after the first."""
        if not self.armed:
            return
        self.armed = False
        if self._sending:
            self._pending = True
            return
        raise KeyboardInterrupt

    def arm(self) -> None:
        """Let SIGINT stop what runs from here on; lesson code may have put its own handler in between."""
        self.armed = True
        signal.signal(signal.SIGINT, self.interrupt)

    def disarm(self) -> None:
        """Ignore SIGINT, and forget one that came too late."""
        self.armed = self._pending = False


class Stdio:
    """Descriptors 1 and 2: the guard's pipes while the shown code runs, nowhere while muted."""

    def __init__(self) -> None:
        self._out = os.dup(1)
        self._err = os.dup(2)
        self._null = os.open(os.devnull, os.O_WRONLY)
        self._dup2 = os.dup2
        self._fflush = ctypes.CDLL(None).fflush

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The private descriptors, which a forked child must not keep."""
        return (self._out, self._err, self._null)

    @property
    def stderr(self) -> int:
        """The guard's stderr pipe, muted or not."""
        return self._err

    def flush(self) -> None:
        """Write out what Python and C still hold back."""
        for stream in (sys.stdout, sys.stderr):
            # Lesson code may have closed or replaced the stream.
            with contextlib.suppress(Exception):
                stream.flush()
        self._fflush(None)

    @contextlib.contextmanager
    def muted(self) -> Iterator[None]:
        """Send what is written to descriptors 1 and 2 nowhere."""
        self.flush()
        self._dup2(self._null, 1)
        self._dup2(self._null, 2)
        try:
            yield
        finally:
            self.restore()

    def restore(self) -> None:
        """Point descriptors 1 and 2 at the guard's pipes, whatever lesson code did to them."""
        self.flush()
        self._dup2(self._out, 1)
        self._dup2(self._err, 2)
