"""Ctrl-C: our own handler from the first line on, since Python's raises wherever the program happens to be.

An import, a callback or a destructor may swallow an exception raised inside it. The handler also replaces an ignored or
blocked SIGINT, as in the background of a script's shell: a sender of SIGINT wants the program to end.
"""

import os
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")
CODE = 128 + signal.SIGINT


def leave_at_once() -> None:
    """End the process silently on a SIGINT, as long as there is nothing to clean up."""
    signal.signal(signal.SIGINT, _leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(CODE)


@contextmanager
def raised() -> Iterator[None]:
    """Make a SIGINT raise `KeyboardInterrupt` in this block, so that the code around it can clean up."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the work in its own event loop; raises `KeyboardInterrupt` when a SIGINT cancelled it and it has cleaned up.

    A second SIGINT does not wait for the cleanup: the worker ends on its own when nobody reads from it any more.
    """
    import asyncio

    interrupted = False

    async def cancellable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def handle(number: int, frame: FrameType | None) -> None:
            nonlocal interrupted
            if interrupted:
                _leave(number, frame)
            interrupted = True
            loop.call_soon_threadsafe(task.cancel)

        before = signal.signal(signal.SIGINT, handle)
        try:
            return await work
        finally:
            signal.signal(signal.SIGINT, before)

    try:
        result = asyncio.run(cancellable())
    except BaseException:
        # What a cancelled task group raises depends on how far its tasks had come.
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    if interrupted:
        raise KeyboardInterrupt
    return result
