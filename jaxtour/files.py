"""Reading what a path names, whatever that is: a pipe nobody writes to, a device without an end, links in a loop."""

import errno
import os
import select
import stat
import time
from collections.abc import Iterator
from pathlib import Path

WRITER_S = 0.5
"""How long a pipe may have no writer: a shell starts both ends of `jaxtour check <(make-lesson)` at the same time."""
SILENT_S = 10.0
"""How long a writer may write nothing."""

_KINDS = {
    stat.S_IFIFO: "a pipe that nothing is written to",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def read_bytes(path: Path, cap: int | None = None) -> bytes:
    """What a file holds, at most `cap` bytes and one more, or what is written to a pipe.

    Raises `OSError` for anything else, which may have no end, and for a pipe to which nothing is written; raises
    `ValueError` for a path that cannot be one.
    """
    try:
        # Without waiting for a writer, and without becoming a session's terminal.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        # Neither a socket nor a device that is not there can be opened.
        if error.errno in (errno.ENXIO, errno.ENODEV):
            raise _refusal(path.stat().st_mode, path) from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode):
            return b"".join(_written(descriptor, path, cap))
        if not stat.S_ISREG(mode):
            raise _refusal(mode, path)
        return file.read() if cap is None else file.read(cap + 1)


def _written(descriptor: int, path: Path, cap: int | None) -> Iterator[bytes]:
    """What is written to a pipe, until its last writer leaves or there is more than the cap."""
    size = 0
    deadline = time.monotonic() + WRITER_S
    while cap is None or size <= cap:
        try:
            data = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            # Somebody has it open for writing, and has written nothing yet.
            if not select.select([descriptor], [], [], SILENT_S)[0]:
                raise _refusal(stat.S_IFIFO, path) from None
            continue
        if data:
            size += len(data)
            yield data
        elif size:
            return
        elif time.monotonic() > deadline:
            raise _refusal(stat.S_IFIFO, path)
        else:
            select.select([], [], [], 0.005)


def _refusal(mode: int, path: Path) -> OSError:
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    return OSError(errno.EINVAL, f"{kind} and no file", str(path))
