"""Starts the guard on another machine; sent there as a line for its shell: `python -c THIS WANTED SIZE IDLE_S`.

It requests the worker's files unless that machine has cached them, and becomes `start_guard.py`. The code must also run
on a Python that is too old, in order to report that.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import runpy
import shutil
import sys
import tempfile
import time
import zlib
from pathlib import Path

ASK = b"\njaxtour-send-1\n"
"""Requests the files."""
FORGET_S = 30 * 24 * 3600
"""How long the files of another version stay unused before they are removed."""
OLDEST_PYTHON = (3, 11)


def main() -> None:
    """Find or request the files with this digest, and become the guard; exits with one line on stderr if it cannot."""
    wanted, size, idle_s = sys.argv[1:]
    if sys.version_info < OLDEST_PYTHON:
        version = "{}.{}".format(*sys.version_info[:2])
        sys.exit(f"Python {version} ({sys.executable}) is too old; jaxtour needs 3.11 or newer")
    if os.isatty(0):
        sys.exit("the command runs in a terminal there, which changes the data: leave out -t, as in ssh -T")
    os.environ["JAXTOUR_REMOTE"] = "1"
    folder, stays = _kept(wanted) or _received(wanted, int(size))
    start = str(folder / "worker" / "start_guard.py")
    sys.argv[:] = [start, "--idle", idle_s]
    try:
        runpy.run_path(start, run_name="__main__")
    finally:
        if not stays:
            shutil.rmtree(folder, ignore_errors=True)


def digest(files: dict[str, str]) -> str:
    """Return the digest of files, given as their text by path."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _cache() -> Path:
    """Return the user's folder for the files; raises OSError if there is none, or if others can write there."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser(), "jaxtour")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o170022 != 0o040000:
        raise OSError(f"{folder} is not the user's alone")
    return folder


def _kept(wanted: str) -> tuple[Path, bool] | None:
    """Return the folder with the files, and that it stays; None if files are missing or changed."""
    try:
        folder = _cache() / wanted
        files = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.py")}
        if digest(files) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            return None
        os.utime(folder)
    except (OSError, ValueError, RuntimeError):
        return None
    return folder, True


def _received(wanted: str, size: int) -> tuple[Path, bool]:
    """Receive the files from the other end; returns their folder, and whether it outlives this process."""
    os.write(1, ASK)
    data = b""
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            sys.exit("the connection ended before the worker's files were there")
        data += piece
    files = json.loads(zlib.decompress(data).decode())
    if digest(files) != wanted:
        sys.exit("the worker's files arrived damaged")
    try:
        cache = _cache()
        _forget_old(cache)
        folder = _written(files, cache)
    except (OSError, RuntimeError):  # no home, no room, or not writable
        return _written(files, None), False
    try:
        return folder.rename(cache / wanted), True
    except OSError:  # another guard was faster
        return folder, False


def _written(files: dict[str, str], where: Path | None) -> Path:
    """Write the files to a new folder."""
    folder = Path(tempfile.mkdtemp(prefix="jaxtour-worker-", dir=where))
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _forget_old(cache: Path) -> None:
    for entry in cache.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - entry.lstat().st_mtime > FORGET_S:
                shutil.rmtree(entry, ignore_errors=True)


if __name__ == "__main__":
    main()
