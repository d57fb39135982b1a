"""What a notebook's cells find in IPython: `display`, `_`, `Out[n]`, top-level `await`, and their figures."""

import ast
import asyncio
import contextlib
import inspect
import os
import re
import stat
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import jax

from .failures import attempt, one_line

PLAIN_CAP = 256 * 1024
"""Characters."""
_NOT_SHOWN = ".*FigureCanvasAgg is non-interactive, and thus cannot be shown"
_LAST = ("_", "__", "___")


class Notebook:
    """The state that cells of one notebook share beside their names."""

    def __init__(self) -> None:
        self._out: dict[int, Any] = {}
        self._shown: dict[str, Any] = dict.fromkeys(_LAST, "")
        """The values that `_`, `__` and `___` were given here; a cell may take these names for itself."""
        self._loop: asyncio.Runner | None = None

    def enter(self, namespace: dict[str, Any], folder: str) -> None:
        """Prepare for a cell: its names, and the notebook's folder, where Jupyter runs it and imports search first."""
        for name, value in {"display": display, "Out": self._out, "_oh": self._out, **self._shown}.items():
            namespace.setdefault(name, value)
        # As in Jupyter, no figure opens a window: they are drawn at the end of the cell.
        os.environ.setdefault("MPLBACKEND", "Agg")
        warnings.filterwarnings("ignore", _NOT_SHOWN)
        if folder not in sys.path:
            sys.path.insert(0, folder)
            with contextlib.suppress(OSError):
                os.chdir(folder)

    def perform(self, code: types.CodeType, namespace: dict[str, Any]) -> Any:
        """Execute or evaluate code; one with a top-level `await` runs on the loop that all cells share."""
        value = eval(code, namespace)
        if not code.co_flags & inspect.CO_COROUTINE:
            return value
        coroutine: Coroutine[Any, Any, Any] = value
        if self._loop is None:
            self._loop = asyncio.Runner()
        return self._loop.run(coroutine)

    def keep(self, namespace: dict[str, Any], number: int, value: Any) -> None:
        """Remember a cell's value as IPython does: not where it is None, and `_` only where no cell has assigned it."""
        if value is None:
            return
        self._out[number] = value
        namespace[f"_{number}"] = value
        if all(namespace.get(name) is self._shown[name] for name in _LAST):
            before = [value, *self._shown.values()]
            self._shown = dict(zip(_LAST, before, strict=False))
            namespace.update(self._shown)


def quiet(code: str, last: ast.expr) -> bool:
    """Whether a `;` after the last expression says that its value is not shown."""
    lines = code.encode().split(b"\n")
    rest = lines[(last.end_lineno or 1) - 1][last.end_col_offset or 0 :]
    return rest.partition(b"#")[0].strip().endswith(b";")


def display(*objects: Any, **_options: Any) -> None:
    """Print the text of each object, as IPython does where it can show nothing else."""
    for each in objects:
        print(plain_repr(each))  # noqa: T201  it is what `display` does


def plain_repr(value: Any) -> str:
    """The text by which IPython shows a value on its own; a function and a class have other texts than in `repr`."""
    if isinstance(value, types.FunctionType):
        signature, _ = attempt(inspect.signature, value)
        return f"<function {value.__module__}.{value.__qualname__}{signature or ''}>"
    if isinstance(value, type) and type(value).__repr__ is type.__repr__:
        module = value.__module__
        return value.__qualname__ if module == "builtins" else f"{module}.{value.__qualname__}"
    text, error = attempt(repr, value)
    return str(text) if error is None else f"(its __repr__ raised {type(error).__name__})"


def has_arrays(value: Any) -> bool:
    """Whether a value is or contains an array of JAX's."""
    leaves, _ = attempt(jax.tree.leaves, value)
    return any(isinstance(leaf, jax.Array) for leaf in leaves or ())


def figures(name: str, *, show: bool) -> None:
    """Close matplotlib's open figures, as a notebook does at the end of a cell; first print size and file of each.

    The files lie in a folder of the user's in the system's temporary one; the next run of the same cell replaces them.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    numbers: Iterable[int] = pyplot.get_fignums()
    for count, number in enumerate(numbers, 1):
        if show:
            told, error = attempt(_saved, pyplot.figure(number), f"{re.sub('[^a-z0-9]+', '-', name)}-{count}.png")
            print(told if error is None else f"a figure that cannot be drawn: {one_line(error)}")  # noqa: T201
    pyplot.close("all")


def _saved(figure: Any, file: str) -> str:
    width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
    path = _folder() / file
    save: Callable[..., None] = figure.savefig
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(path, format="png", dpi=figure.dpi)
    return f"figure {width}x{height}: {path}"


def _folder() -> Path:
    """The user's folder for figures; another one where somebody else made a folder of that name."""
    folder = Path(tempfile.gettempdir(), f"jaxtour-figures-{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022:
        return folder
    return Path(tempfile.mkdtemp(prefix="jaxtour-figures-"))
