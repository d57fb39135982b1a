"""Reading what a path names, whatever that is: a pipe nobody writes to, a device without an end, links in a loop."""

import errno
import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def read_bytes(path: Path, cap: int | None = None) -> bytes:
    """What a file holds, at most `cap` bytes and one more; raises `OSError`, and `ValueError` for a path that is none.

    What is no file is not read: it may have no end, or wait for ever.
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
        if not stat.S_ISREG(mode):
            raise _refusal(mode, path)
        return file.read() if cap is None else file.read(cap + 1)


def _refusal(mode: int, path: Path) -> OSError:
    kind = _KINDS.get(stat.S_IFMT(mode), "something else")
    return OSError(errno.EINVAL, f"{kind} and no file", str(path))
