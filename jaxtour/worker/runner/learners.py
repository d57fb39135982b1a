"""Which files are the learner's: lesson code under its generated names, and the folder of an explored file."""

import ast
import functools
import linecache
import os
import re
import sysconfig
import types
import warnings
from pathlib import Path

from .. import compat

LESSON_FILE = re.compile(r"^<jaxtour:(?P<name>[^:>]+)(?::(?P<part>\w+))?>$")
_NOT_THE_LEARNERS = ("site-packages", "dist-packages", "__pypackages__")
_folders: list[str] = []


def learner_folder(path: str) -> None:
    """Treat files under a folder as the learner's, except installed packages and virtual environments."""
    folder = _whole(path).rstrip(os.sep) + os.sep
    if folder not in _folders:
        _folders.append(folder)
        wire_file.cache_clear()


@functools.lru_cache(maxsize=4096)
def wire_file(compiled: str) -> str | None:
    """Return the wire's name for the file name of compiled code; None for a file that is not the learner's."""
    if lesson := LESSON_FILE.match(compiled):
        return f"{lesson['name']}:{lesson['part']}" if lesson["part"] else lesson["name"]
    if not _folders or compiled.startswith("<"):
        return None
    path = _whole(compiled)
    inside = [path[len(folder) :] for folder in _folders if path.startswith(folder)]
    return path if inside and not _is_library(path, min(inside, key=len)) else None


@functools.lru_cache(maxsize=4096)
def is_library_code(compiled: str) -> bool:
    """Return whether a file belongs to a library the learner may know, not to Python, the runner or JAX's internals."""
    if compiled.startswith("<") or any(part in compiled for part in _WRAPPERS):
        return False
    if compiled.startswith(compat.LIBRARIES):
        return compat.is_facade(compiled)
    installed = any(f"{os.sep}{part}{os.sep}" in compiled for part in _NOT_THE_LEARNERS)
    return installed or not _whole(compiled).startswith(_own_folders())


_WRAPPERS = tuple(os.sep + str(Path(*parts)) for parts in (("equinox", "_module"), ("equinox", "_jit"), ("jaxtyping",)))
"""Code that only forwards calls."""


def _is_library(path: str, inside: str) -> bool:
    """Return whether a file belongs to an installed package, JAX, Python or the runner."""
    if path.startswith((*compat.LIBRARIES, *_own_folders())):
        return True
    parts = Path(inside).parts[:-1]
    if any(part in _NOT_THE_LEARNERS for part in parts):
        return True
    root = Path(path[: len(path) - len(inside)])
    return any((root.joinpath(*parts[: depth + 1]) / "pyvenv.cfg").is_file() for depth in range(len(parts)))


@functools.cache
def _own_folders() -> tuple[str, ...]:
    return tuple(f"{folder}{os.sep}" for folder in (Path(__file__).parents[1], sysconfig.get_path("stdlib")))


def _whole(path: str) -> str:
    """Return the absolute path without `..`; symbolic links stay, as the learner knows the file by that path."""
    return os.path.abspath(path)  # noqa: PTH100  pathlib resolves links when it removes `..`


def source_line(file: str, line: int) -> str:
    """Return one line of registered lesson code without its line end; empty if there is none."""
    return linecache.getline(file, line).rstrip("\r\n")


def characters(text: str, utf8_offset: int) -> int:
    """Convert a column in UTF-8 bytes, as Python counts them, to characters."""
    if text.isascii():
        return min(utf8_offset, len(text))
    return len(text.encode("utf-8", "replace")[:utf8_offset].decode("utf-8", "replace"))


def is_shown(code: types.CodeType) -> bool:
    """Return whether a code object comes from the text that is shown under its file name.

    A learner may edit a step and run it again while functions of the old text live on. A runner reads a file only once.
    """
    if not LESSON_FILE.match(code.co_filename):
        return True
    lines = linecache.getlines(code.co_filename)
    return not lines or code.co_name == "<module>" or code in _functions("".join(lines))


@functools.lru_cache(maxsize=256)
def _functions(text: str) -> frozenset[types.CodeType]:
    """Return the code objects of a text; equal ones have the same bytecode and positions."""
    try:
        with warnings.catch_warnings(action="ignore"):  # Python showed its syntax warnings when it ran
            waiting = [compile(ast.parse(text), "<jaxtour>", "exec", dont_inherit=True)]
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[types.CodeType] = set()
    while waiting:
        inner = [each for each in waiting.pop().co_consts if isinstance(each, types.CodeType)]
        found.update(inner)
        waiting += inner
    return frozenset(found)
