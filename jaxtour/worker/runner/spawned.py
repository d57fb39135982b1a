"""Lets a process that a step starts by spawn or forkserver find the step's definitions.

Such a child does not share the parent's memory. It loads the parent's `__main__` from a file, under the name
`__mp_main__`, to unpickle the functions that it calls:
https://docs.python.org/3/library/multiprocessing.html#the-spawn-and-forkserver-start-methods
A step is not a file, and few steps have `if __name__ == "__main__":`. So the child gets a file with the imports,
functions, classes and constants of all code that has run, without statements that would run the step again.
"""

import ast
import marshal
import multiprocessing.spawn
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from .sent import loading, text_of

DEFINE = """
import marshal, sys
for _code in CODES:
    try:
        exec(marshal.loads(_code), globals())
    except Exception as _error:
        # It needs a value that only the parent has. Whoever uses it gets Python's own NameError.
        sys.stderr.write(f"not defined in the new process: {type(_error).__name__}: {_error}\\n")
"""
IMPORT = """
import runpy, sys, types
if TEXT is None:
    globals().update(runpy.run_path(PATH, run_name=__name__))
else:
    exec(compile(TEXT, PATH, "exec"), globals())
sys.modules[NAME] = types.ModuleType(NAME)
sys.modules[NAME].__dict__.update(globals())
"""
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Definitions:
    """The definitions of all code that has run, for children to load."""

    def __init__(self) -> None:
        self._bodies: dict[str, tuple[list[ast.stmt], int]] = {}
        self._module: tuple[str, str] | None = None
        self._folder = Path.cwd()
        """The runner's scratch directory, removed with the runner; lesson code may change its working directory."""

    def add(self, file: str, body: list[ast.stmt], flags: int) -> None:
        """Add the definitions of a piece of code, in place of an earlier piece of the same name."""
        self._bodies[file] = body, flags

    def become(self, path: str, name: str) -> None:
        """Use the definitions of a file, imported under this name."""
        self._module = (path, name)

    def install(self) -> None:
        """Make child processes load the definitions instead of `__main__`."""
        prepare = multiprocessing.spawn.get_preparation_data

        def prepared(name: str) -> dict[str, Any]:
            return {**prepare(name), "init_main_from_path": self._written()}

        multiprocessing.spawn.get_preparation_data = prepared

    def _written(self) -> str:
        """Write the current definitions to a new file, since a child may read it late; returns the path."""
        if self._module is not None:
            path, name = self._module
            text = f"{loading()}PATH = {path!a}\nNAME = {name!a}\nTEXT = {text_of(path)!a}\n{IMPORT}"
        else:
            codes = [marshal.dumps(code) for file, source in self._bodies.items() for code in _compiled(file, *source)]
            text = f"CODES = {codes!a}\n{DEFINE}"
        handle, file = tempfile.mkstemp(prefix="definitions-", suffix=".py", dir=self._folder)
        with os.fdopen(handle, "w", encoding="ascii") as written:
            written.write(text)
        return file


def _compiled(file: str, body: list[ast.stmt], flags: int) -> Iterator[CodeType]:
    """Compile each definition separately, and only when a child starts: few steps start any."""
    for node in body:
        if _defines(node):
            yield compile(ast.Module([node], []), file, "exec", flags=flags, dont_inherit=True)


def _defines(node: ast.stmt) -> bool:
    """Return whether a statement defines something and has no other visible effect."""
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        try:
            ast.literal_eval(node.value)
        except ValueError:
            return isinstance(node.value, ast.Lambda)
        return True
    return isinstance(node, DEFINITIONS) and getattr(node, "module", None) != "__future__"
