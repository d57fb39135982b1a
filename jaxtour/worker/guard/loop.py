"""An event loop on one thread: descriptors, timers and signals."""

import os
import selectors
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeAlias

Callback: TypeAlias = Callable[[], None]


class Loop:
    """Calls back when a descriptor is ready, a timer fires or a signal arrives, until stopped."""

    def __init__(self) -> None:
        # poll also accepts regular files and /dev/null; epoll_ctl(2) refuses them with EPERM.
        self._selector = selectors.PollSelector()
        self._timers: dict[str, tuple[float, Callback]] = {}
        self._signals: dict[int, Callback] = {}
        self._arrived: list[int] = []
        self._stopped = False
        self._wake, wake_write = os.pipe()
        for fd in (self._wake, wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self.reader(self._wake, self._woken)

    def reader(self, fd: int, callback: Callback) -> None:
        """Call back whenever `fd` has data or has reached its end."""
        self._selector.register(fd, selectors.EVENT_READ, callback)

    def writer(self, fd: int, callback: Callback) -> None:
        """Call back whenever `fd` accepts more bytes."""
        self._selector.register(fd, selectors.EVENT_WRITE, callback)

    def drop(self, fd: int) -> None:
        """Stop watching `fd`; does nothing if it is not watched."""
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def at(self, name: str, seconds: float, callback: Callback) -> None:
        """Call back once after `seconds`; replaces a timer of the same name."""
        self._timers[name] = (time.monotonic() + seconds, callback)

    def cancel(self, name: str) -> None:
        """Remove a timer; does nothing if it is not set."""
        self._timers.pop(name, None)

    def waits(self, name: str) -> bool:
        """Return whether a timer of this name is set."""
        return name in self._timers

    def on(self, signum: signal.Signals, callback: Callback) -> None:
        """Call back when the signal arrives, even if our parent ignored or blocked it."""
        self._signals[signum] = callback
        signal.signal(signum, self._note)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signum])

    def stop(self) -> None:
        """Make `run` return."""
        self._stopped = True

    def run(self) -> None:
        """Dispatch callbacks until stopped."""
        while not self._stopped:
            ready = self._selector.select(self._patience())
            for key, _ in ready:
                # An earlier callback may have closed this descriptor, or opened another with the same number.
                if not self._stopped and self._selector.get_map().get(key.fd) is key:
                    key.data()
            self._fire()

    def _patience(self) -> float | None:
        if not self._timers:
            return None
        return max(0.0, min(when for when, _ in self._timers.values()) - time.monotonic())

    def _fire(self) -> None:
        now = time.monotonic()
        for name, timer in list(self._timers.items()):
            when, callback = timer
            if when <= now and self._timers.get(name) is timer and not self._stopped:
                del self._timers[name]
                callback()

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        self._arrived.append(signum)

    def _woken(self) -> None:
        try:
            while os.read(self._wake, 4096):
                pass
        except BlockingIOError:
            pass
        # Pop them one by one: another signal may arrive at any point.
        while self._arrived:
            self._signals[self._arrived.pop()]()
