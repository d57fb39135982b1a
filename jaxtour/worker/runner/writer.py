"""The runner's output: frames to the guard, and the descriptors for the learner's own output."""

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
AGAIN_S = 0.01
"""Seconds until a lost interrupt is repeated."""


class Writer:
    """Writes events to a private descriptor, each whole or not at all: an interrupt waits for the end of a frame."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pid = os.getpid()
        self._lock = threading.Lock()
        # Lesson code may replace these.
        self._write, self._getpid = os.write, os.getpid
        self._handle, self._mask, self._ring = signal.signal, signal.pthread_sigmask, signal.setitimer
        self._main = threading.get_ident()
        self._sending = False
        self._pending = False
        self.armed = False
        """Whether an interrupt applies to a run; otherwise it is ignored."""
        self.interrupted = False
        """Whether one did, since the code was armed."""

    def say(self, event: Event) -> None:
        """Send an event; an event that cannot be encoded becomes a `log`."""
        try:
            frame = encode(event)
        except ProtocolError as error:
            frame = encode({"event": "log", "text": f"the runner could not send {event.get('event')!r}: {error}"})
        in_main = threading.get_ident() == self._main
        if in_main:
            if self._sending:
                return  # a finalizer that compiles while another frame is being sent
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
            os._exit(0)  # a child forked by lesson code must not write for the runner
        view = memoryview(frame)
        while view:
            view = view[self._write(self._fd, view) :]

    def interrupt(self, _signum: int, _frame: FrameType | None) -> None:
        """Handle SIGINT, once for each run: a second one must not break the cleanup after the first."""
        if not self.armed:
            return
        self.armed = False
        self.interrupted = True
        if self._sending:
            self._pending = True
            return
        raise KeyboardInterrupt

    def arm(self) -> None:
        """Let SIGINT stop the code from here on; lesson code may have installed another handler, or blocked it."""
        self.armed, self.interrupted = True, False
        self._mask(signal.SIG_UNBLOCK, {signal.SIGINT})
        self._handle(signal.SIGINT, self.interrupt)
        sys.unraisablehook = self._dropped

    def _dropped(self, dropped: "sys.UnraisableHookArgs") -> None:
        """Repeat an interrupt that came in a finaliser: Python drops what those raise.

        JAX's garbage collector callback (`jax/_src/lib/__init__.py`) swallows about one in a hundred of those that
        arrive while it traces or compiles.
        """
        if dropped.exc_type is KeyboardInterrupt and self.interrupted:
            self.armed = True
            threading.Timer(AGAIN_S, self._repeat).start()
        else:
            sys.__unraisablehook__(dropped)

    def _repeat(self) -> None:
        if self.armed and self.interrupted:
            os.kill(self._pid, signal.SIGINT)

    def disarm(self) -> None:
        """Ignore SIGINT, and drop one that came too late; stop the step's timers, which would fire in our own code."""
        self.armed = self._pending = False
        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            self._ring(timer, 0)


class Stdio:
    """Descriptors 1 and 2: the guard's pipes while the visible code runs, /dev/null while muted."""

    def __init__(self) -> None:
        self._out = os.dup(1)
        self._err = os.dup(2)
        self._null = os.open(os.devnull, os.O_WRONLY)
        self._dup2 = os.dup2
        self._fflush = ctypes.CDLL(None).fflush

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The private descriptors; a forked child must close them."""
        return (self._out, self._err, self._null)

    @property
    def stderr(self) -> int:
        """The guard's stderr pipe, muted or not."""
        return self._err

    def flush(self) -> None:
        """Flush the buffers of Python and of C."""
        for stream in (sys.stdout, sys.stderr):
            # Lesson code may have closed or replaced the stream.
            with contextlib.suppress(Exception):
                stream.flush()
        self._fflush(None)

    @contextlib.contextmanager
    def muted(self) -> Iterator[None]:
        """Discard output to descriptors 1 and 2 inside this context."""
        self.flush()
        self._dup2(self._null, 1)
        self._dup2(self._null, 2)
        try:
            yield
        finally:
            self.restore()

    def restore(self) -> None:
        """Point descriptors 1 and 2 at the guard's pipes, even if lesson code redirected them."""
        self.flush()
        self._dup2(self._out, 1)
        self._dup2(self._err, 2)
