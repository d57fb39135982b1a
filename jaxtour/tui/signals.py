"""Handles a lost terminal, or a signal to end: saves, ends the worker, and exits within a second where it can."""

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from textual import Logger

LEAVE_S = 3.0
"""The time after which the kernel ends the process, which hangs; the worker ends with it.

The terminal is then not given back: on a busy machine, leaving takes a second.
"""
CLOSE_S = 0.5
"""The time that the worker has to end; if it takes longer, it ends after this process."""


class Leaving(Protocol):
    """What signals end: `TourApp`, which documents each method."""

    event_loop: asyncio.AbstractEventLoop | None

    @property
    def log(self) -> Logger: ...
    def save(self) -> None: ...
    async def close_worker(self) -> None: ...
    async def leave(self, code: int) -> None: ...


SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


@contextmanager
def watch_hangup(app: Leaving) -> Iterator[None]:
    """Handle the signals while the app runs, even if they were ignored or blocked at its start (`nohup`)."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    leaving: list[asyncio.Task[None]] = []

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, LEAVE_S)
        loop = app.event_loop
        if loop is None or not loop.is_running():
            os._exit(128 + number)
        loop.call_soon_threadsafe(lambda: leaving.append(loop.create_task(_leave(app, number))))

    for number in SIGNALS:
        signal.signal(number, handle)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    _watch_terminal()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def before_stop(loop: asyncio.AbstractEventLoop, tell: Callable[[], None]) -> None:
    """Call a function before a signal from elsewhere stops the app; Textual must be there to handle that signal."""
    stop = signal.getsignal(signal.SIGTSTP)
    if not callable(stop):
        return

    def told(number: int, frame: FrameType | None) -> None:
        tell()
        stop(number, frame)

    # Through the loop: the signal may arrive while something else is being sent.
    signal.signal(signal.SIGTSTP, lambda number, frame: loop.call_soon_threadsafe(told, number, frame))


def to_shell() -> bool:
    """Stop as Ctrl-Z does elsewhere, until `fg`; returns False if no shell with job control would notice."""
    if os.getpgrp() == os.getsid(0):
        return False
    # The whole job: the shell may wait for a `make` that waits for us.
    os.killpg(0, signal.SIGTSTP)
    return True


async def _leave(app: Leaving, number: int) -> None:
    app.save()
    try:
        async with asyncio.timeout(CLOSE_S):
            await app.close_worker()
    except Exception as error:
        app.log.error(f"closing the worker: {error!r}")
    if number == signal.SIGHUP:
        # The terminal is gone; writing to it would block or raise.
        os._exit(128 + number)
    await app.leave(128 + number)


def _watch_terminal() -> None:
    """Raise SIGHUP when the terminal is gone without one: Textual's input thread would spin at the end of file."""
    stdin = sys.__stdin__
    if stdin is None or not stdin.isatty():
        return
    descriptor = stdin.fileno()

    def wait() -> None:
        poll = select.poll()
        # Without events to wait for, poll only returns when the other end hangs up.
        poll.register(descriptor, 0)
        poll.poll()
        os.kill(os.getpid(), signal.SIGHUP)

    threading.Thread(target=wait, name="hang-up", daemon=True).start()
