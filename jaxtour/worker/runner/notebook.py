"""What a notebook's cells find in IPython: `display`, `_`, `Out[n]`, top-level `await`, and figures."""

import ast
import asyncio
import contextlib
import inspect
import os
import re
import sys
import types
from collections.abc import Coroutine
from typing import Any

import jax

from .failures import attempt
from .figures import Figures, after_import, is_figure

PLAIN_CAP = 256 * 1024
"""The most characters of a value's plain text."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LAST = ("_", "__", "___")


class Notebook:
    """The state that cells of one notebook share besides their names."""

    def __init__(self) -> None:
        self._out: dict[int, Any] = {}
        self._shown: dict[str, Any] = dict.fromkeys(_LAST, "")
        """The values assigned to `_`, `__` and `___` here; a cell may assign these names itself."""
        self._loop: asyncio.Runner | None = None
        self.figures = Figures()

    def enter(self, namespace: dict[str, Any], folder: str) -> None:
        """Prepare for a cell: its names, and the notebook's folder, where Jupyter runs it and imports search first."""
        for name, value in {"display": self.display, "Out": self._out, "_oh": self._out, **self._shown}.items():
            namespace.setdefault(name, value)
        after_import("IPython.core.display_functions", self._take_over)
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
        """Remember a cell's value as IPython does: unless it is None, and in `_` only if no cell has assigned that."""
        if value is None:
            return
        self._out[number] = value
        namespace[f"_{number}"] = value
        if all(namespace.get(name) is self._shown[name] for name in _LAST):
            before = [value, *self._shown.values()]
            self._shown = dict(zip(_LAST, before, strict=False))
            namespace.update(self._shown)

    def _take_over(self, functions: Any) -> None:
        functions.display = self.display

    def display(self, *objects: Any, **_options: Any) -> None:
        """Show each object: a figure as a figure, anything else as text, as IPython does in a terminal."""
        for each in objects:
            if is_figure(each):
                self.figures.show(each)
            else:
                print(plain_repr(each))  # noqa: T201  it is what `display` does


def is_hidden(code: str, last: ast.expr) -> bool:
    """Return whether a `;` after the last expression hides its value."""
    lines = code.encode().split(b"\n")
    rest = lines[(last.end_lineno or 1) - 1][last.end_col_offset or 0 :]
    return rest.partition(b"#")[0].strip().endswith(b";")


def plain_repr(value: Any) -> str:
    """Return IPython's text of a value on its own; that of a function or a class differs from `repr`."""
    if isinstance(value, types.FunctionType):
        signature, _ = attempt(inspect.signature, value)
        return f"<function {value.__module__}.{value.__qualname__}{signature or ''}>"
    if isinstance(value, type) and type(value).__repr__ is type.__repr__:
        module = value.__module__
        return value.__qualname__ if module == "builtins" else f"{module}.{value.__qualname__}"
    if hasattr(type(value), "_repr_mimebundle_"):
        bundle, _ = attempt(lambda: value._repr_mimebundle_(include=None, exclude=None))
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if isinstance(data, dict) and isinstance(data.get("text/plain"), str):
            return _COLOUR.sub("", data["text/plain"])
    text, error = attempt(repr, value)
    return str(text) if error is None else f"(its __repr__ raised {type(error).__name__})"


def has_arrays(value: Any) -> bool:
    """Return whether a value is or contains an array of JAX's."""
    leaves, _ = attempt(jax.tree.leaves, value)
    return any(isinstance(leaf, jax.Array) for leaf in leaves or ())
