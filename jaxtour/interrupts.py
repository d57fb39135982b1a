"""Ctrl-C: a handler of our own from the first line on, since Python's raises wherever it happens to be.

What is raised in the middle of an import, a callback or a destructor may be swallowed there. SIGINT is heard also where
it was ignored at the start, as in the background of a script's shell: who sends it wants the program to end.
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
    """End the process at a SIGINT, with nothing said; for as long as there is nothing to put away."""
    signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(CODE)


@contextmanager
def raised() -> Iterator[None]:
    """Have a SIGINT raise `KeyboardInterrupt`, for the sake of what is put away behind this block."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do the work in a loop of its own; raises `KeyboardInterrupt` once a SIGINT has ended it and all is put away.

    A second SIGINT does not wait for that: the worker ends by itself when nobody reads from it any more.
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
        # What comes of a cancelled group of tasks depends on how far they were.
        if interrupted:
            raise KeyboardInterrupt from None
        raise
    if interrupted:
        raise KeyboardInterrupt
    return result
