"""Checks out a Python file as it was at a git revision, in a temporary folder."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

from jaxtour.course.model import CourseError


def split_revision(target: str) -> tuple[str, str | None]:
    """Split `FILE.py@REVISION`; None without a revision, or if a file has the whole name."""
    name, at, revision = target.partition(".py@")
    if not at or os.path.lexists(target):
        return target, None
    if not revision:
        raise CourseError(f"{target}: name a revision after @, as in {name}.py@HEAD~1")
    return f"{name}.py", revision


def checked_out(path: Path, revision: str, folder: Path) -> Path:
    """Write the file as it was at a revision, with the Python files of its folder and below, which it may import.

    Returns its path inside `folder`; raises `CourseError` with git's message.
    """
    home = path.absolute().parent
    if not home.is_dir():
        raise CourseError(f"{path}: no such folder")
    _git(path, home, "rev-parse", "--git-dir")  # whether this is a repository
    try:
        named = _git(path, home, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except CourseError:
        raise CourseError(f"{path}: git knows no revision {revision}: see git log") from None
    commit = named.decode().strip()
    found = _git(path, home, "ls-tree", "--name-only", commit, "--", path.name)
    if not found:
        raise CourseError(f"{path}: not a file of revision {revision}: see git log -- {path.name}")
    packed = _git(path, home, "archive", "--format=tar", commit, "--", "*.py")
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise CourseError(f"{path}: cannot be read at revision {revision}: {error}") from None
    return folder / path.name


def _git(path: Path, home: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(home), *words], capture_output=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise CourseError(f"{path}: git is not installed: a revision needs it") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        raise CourseError(f"{path}: git: {said or f'exit code {done.returncode}'}")
    return done.stdout
