"""Reads whatever a path names without hanging, and replaces files atomically.

A path may also name a pipe without a writer, an endless device, or a loop of symbolic links.
"""

import errno
import os
import select
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

WRITER_S = 0.5
"""How long a pipe may lack a writer: a shell starts both ends of `jaxtour check <(make-lesson)` at the same time."""
SILENT_S = 10.0
"""How long a writer may stay silent."""

_KINDS = {
    stat.S_IFIFO: "a pipe without data",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def read_bytes(path: Path, cap: int | None = None) -> bytes:
    """Return the bytes of a file or a pipe: all of them, or the first `cap` + 1.

    Raises `OSError` for anything else, which may be endless, and for a pipe without data; raises `ValueError` for
    an invalid path.
    """
    try:
        # Neither wait for a writer, nor make a terminal the controlling one of the session: open(2).
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        # Sockets and missing devices cannot be opened.
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


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file atomically: at any moment, even after a crash, either the old or the new one exists.

    Without `durable` it does not wait for the disk, and a crash of the machine may leave the file damaged.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write(path: Path, data: bytes) -> None:
    """Write a file that somebody named; if that fails, the file that was there stays.

    A link, a device or a pipe is written in place, and so is a file in a folder that takes no other one.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()) or not os.access(path.parent, os.W_OK):
        path.write_bytes(data)
        return
    if path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
    else:
        os.umask(mask := os.umask(0))
        mode = 0o666 & ~mask
    replace(path, data)
    path.chmod(mode)


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder that goes when its context ends; raises `OSError` with the remedy if no place takes one."""
    try:
        return tempfile.TemporaryDirectory(prefix="jaxtour-")
    except OSError:
        words = "no place takes temporary files: set TMPDIR to a folder with room that you can write in"
        raise OSError(errno.ENOSPC, words) from None


def _written(descriptor: int, path: Path, cap: int | None) -> Iterator[bytes]:
    """Yield what others write to a pipe, until the last writer leaves or the size exceeds the cap."""
    size = 0
    deadline = time.monotonic() + WRITER_S
    while cap is None or size <= cap:
        try:
            data = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            # A writer has opened the pipe, but has not written yet.
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
    return OSError(errno.EINVAL, f"{kind}, not a file", str(path))
