"""Executes a step's code under a file name that tracebacks and jaxprs refer to, and keeps its last expression."""

import __future__

import ast
import builtins
import contextlib
import importlib
import io
import itertools
import linecache
import os
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import jax
import jax.numpy
import numpy as np

from ..compat import CompileEvents
from .before import Before
from .failures import MESSAGE_CAP
from .figures import is_figure
from .learners import learner_folder, wire_file
from .notebook import Notebook, is_hidden
from .sent import is_file, text_of
from .spawned import Definitions
from .writer import Event

MODULE = "__jaxtour__"
"""`__name__` in a learner's file, so that code under `if __name__ == "__main__":` does not run."""
CWD = "JAXTOUR_CWD"
"""Environment variable with the learner's working directory; the runner starts in a scratch directory."""
_DTYPES = {
    "bf16": "bfloat16", "f16": "float16", "f32": "float32", "f64": "float64", "i8": "int8", "i16": "int16",
    "i32": "int32", "i64": "int64", "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
    "c64": "complex64", "c128": "complex128",
}  # fmt: skip
SHORT_DTYPES = {long: short for short, long in _DTYPES.items()}
"""The names of dtypes as jaxprs print them."""


def shape_of(shape: tuple[int, ...] | int, dtype: Any = "float32") -> jax.ShapeDtypeStruct:
    """Return the shape and dtype of an array without its data; a dtype may be named as jaxprs print it: `bf16`."""
    name = _DTYPES.get(dtype, dtype) if isinstance(dtype, str) else dtype
    return jax.ShapeDtypeStruct((shape,) if isinstance(shape, int) else shape, jax.numpy.dtype(name))


OFFERED = {"jax": jax, "jnp": jax.numpy, "np": np, "S": shape_of}
"""The names that an expression about a file may use without the file's imports."""
WARNING_CAP = 100
_FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})


@dataclass(frozen=True)
class Source:
    """A piece of lesson code and the name it is compiled under."""

    name: str
    """`lesson/step`"""
    text: str
    part: str = ""
    """`setup`, `check`, or empty for the code that the learner sees."""
    path: str | None = None
    """The path, if the code is a file."""
    notebook: bool = False
    """Whether it is a notebook's, where `await` works outside of functions and `;` hides the value."""

    @property
    def file(self) -> str:
        """The file name of the code: `<jaxtour:lesson/step>`, `<jaxtour:lesson/step:setup>`, or the path."""
        if self.path is not None:
            return self.path
        return f"<jaxtour:{self.name}:{self.part}>" if self.part else f"<jaxtour:{self.name}>"

    def register(self) -> None:
        """Show the text in tracebacks and `inspect.getsource`; linecache drops entries with a modification time."""
        linecache.cache[self.file] = (len(self.text), None, _lines(self.text), self.file)


def _lines(text: str) -> list[str]:
    """Split lines as Python does: a form feed or a Unicode separator does not end a line."""
    return io.StringIO(text, newline=None).readlines()


@dataclass
class Execution:
    """The outcome of a step's code."""

    seconds: float = 0.0
    compiles: int = 0
    value: Any = None
    """The last expression's value; None if the code does not end with an expression."""
    error: BaseException | None = None


def last_expression(code: str) -> tuple[str, bool] | None:
    """Return the source of the last expression, and whether it is a call; None if the code does not end with one."""
    body = ast.parse(code).body
    if not body or not isinstance(body[-1], ast.Expr):
        return None
    last = body[-1].value
    source = ast.get_source_segment(code, last)
    return (source, isinstance(last, ast.Call)) if source else None


def parsed_expression(source: str) -> ast.expr:
    """Parse an expression, which may span lines as it may inside brackets."""
    if not source.strip():
        raise SyntaxError("the expression is empty")
    return ast.parse(f"({source.strip()}\n)", "<jaxtour>", "eval").body


def written(code: str, expression: str) -> ast.expr | None:
    """Return the syntax tree of an expression's last occurrence in the code; None if it does not occur."""
    try:
        wanted = ast.dump(parsed_expression(expression))
        nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.expr) and ast.dump(node) == wanted]
    except (SyntaxError, ValueError, RecursionError):
        return None
    return max(nodes, key=lambda node: (node.lineno, node.col_offset), default=None)


@dataclass(frozen=True)
class Kept:
    """The state kept after a cell, for requests about it after other cells have run."""

    namespace: dict[str, Any]
    calls: list[dict[str, str]]
    """The traced calls."""
    error: BaseException | None
    before: Before | None = None
    """The state that the code found after the setup, if it is to be checked."""


class Workspace:
    """The module that runs a lesson's code, as `__main__`, so that pickle and dataclasses find its classes."""

    def __init__(self, events: CompileEvents) -> None:
        self.module = types.ModuleType("__main__")
        self.namespace: dict[str, Any] = self.module.__dict__
        self.namespace["__builtins__"] = builtins
        self.kept: dict[str, Kept] = {}
        self._offered: dict[str, Any] = {}
        self._last: tuple[str, Kept] | None = None
        self._before: Before | None = None
        self._events = events
        self._definitions = Definitions()
        self.notebook = Notebook()

    def keep(self, name: str, calls: list[dict[str, str]], error: BaseException | None) -> None:
        """Keep the current namespace; values are shared, not copied, and stay alive when names are rebound."""
        self.kept[name] = Kept(dict(self.namespace), calls, error, self._before)

    def ended(self, name: str, calls: list[dict[str, str]], error: BaseException | None) -> None:
        """Record the cell that ran last: the namespace serves it, without a copy, until other code runs."""
        self._last = name, Kept(self.namespace, calls, error, self._before)

    def left_by(self, name: str) -> Kept | None:
        """Return the state a cell left, if it was kept or nothing has run since."""
        if name in self.kept or self._last is None or self._last[0] != name:
            return self.kept.get(name)
        return self._last[1]

    @contextlib.contextmanager
    def namespace_of(self, kept: Kept) -> Iterator[None]:
        """Evaluate in a kept namespace inside this context."""
        now, self.namespace = self.namespace, kept.namespace
        try:
            yield
        finally:
            self.namespace = now

    def install(self) -> None:
        """Make it the process's `__main__`."""
        # Objects from a spawned child carry the second name.
        sys.modules["__main__"] = sys.modules["__mp_main__"] = self.module
        builtins.input = _no_input
        self._definitions.install()

    def become(self, path: str, launch: dict[str, Any] | None = None) -> None:
        """Become the module of a file, as under `python FILE`; called once in a fresh runner.

        `launch` has the wire's `argv`, `module` and `main`; without it the file is imported, under a different name.
        Imports search the file's folder first; relative paths start at the learner's working directory.
        """
        how = {"argv": [path], "module": "", "main": False, **(launch or {})}
        name = "__main__" if how["main"] else MODULE
        self.module.__name__ = self.namespace["__name__"] = name
        self.module.__file__ = path
        sys.modules[name] = self.module
        self._definitions.become(path, MODULE)
        sys.argv[:] = how["argv"]
        folder = str(Path(path).parent)
        # Python checks a .pyc by size and modification second: two saves within a second would look the same.
        sys.dont_write_bytecode = True
        self._offered = OFFERED
        learner_folder(folder)
        cwd = os.environ.get(CWD) or folder
        with contextlib.suppress(OSError):
            os.chdir(cwd)
        package, root = _package_of(path, how["module"])
        if not (how["module"] or _imports_relatively(path)):
            package = None  # as for `python FILE`: its package may have another's name, or fail
        self.module.__package__ = self.namespace["__package__"] = package
        # Python puts the script's folder first, with `-m` the current one. Relative imports need the package's root.
        first, *others = [cwd, root] if how["module"] else [folder, root]
        if first not in sys.path[:1]:
            sys.path.insert(0, first)
        sys.path += [each for each in others if each and each not in sys.path]
        if root:
            learner_folder(root)
        if package:
            importlib.import_module(package)

    def run(
        self,
        name: str,
        setup: str,
        code: str,
        path: str | None = None,
        launch: dict[str, Any] | None = None,
        notebook: dict[str, Any] | None = None,
        *,
        quiet: bool = False,
        checked: bool = False,
    ) -> Execution:
        """Run a step's setup and code; raises only KeyboardInterrupt, and records any other exception in the outcome.

        With a `path`, the code is that file's, and `launch` says how it runs as a program. `notebook` has the wire's
        `number` and `folder` for a notebook's cell, whose figures are shown unless it is `quiet`. For code
        that is to be `checked`, the state before it is kept.
        """
        outcome = Execution()
        self.kept.pop(name, None)
        self._last = self._before = None
        _forget_shown_warnings()
        start, before = time.perf_counter(), self._events.compiles
        try:
            if path is not None:
                self.become(path, launch)
            if notebook:
                self.notebook.enter(self.namespace, notebook["folder"])
                self.notebook.figures.begin(name, quiet=quiet)
            if setup.strip():
                self.execute(Source(name, setup, "setup", notebook=bool(notebook)))
            self._before = Before.now(self.namespace) if checked else None
            start, before = time.perf_counter(), self._events.compiles
            outcome.value = self._to_its_end(Source(name, code, path=path, notebook=bool(notebook)))
            if notebook:
                self.notebook.keep(self.namespace, notebook["number"], outcome.value)
            jax.effects_barrier()  # pending jax.debug.print output belongs to this step
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit is an error of the lesson like any other
            outcome.error = error
        outcome.seconds = time.perf_counter() - start
        outcome.compiles = self._events.compiles - before
        if notebook:
            if is_figure(outcome.value):
                self.notebook.figures.show(outcome.value)
            self.notebook.figures.show_open()
        return outcome

    def _to_its_end(self, source: Source) -> Any:
        """Run a step's code; a file may end with `sys.exit()`, as scripts do."""
        try:
            return self.execute(source)
        except SystemExit as error:
            if source.path is None or error.code not in (None, 0):
                raise
            return None

    def execute(self, source: Source, namespace: dict[str, Any] | None = None) -> Any:
        """Run a piece of code and return the value of its last expression; None if it ends with a statement."""
        space = self.namespace if namespace is None else namespace
        source.register()
        tree = ast.parse(source.text, source.file)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        own = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if source.notebook else 0
        perform = self.notebook.perform if source.notebook else eval
        body = compile(tree, source.file, "exec", flags=own, dont_inherit=True)
        if namespace is None and source.path is None:
            self._definitions.add(source.file, tree.body, body.co_flags & _FUTURE)
        if not isinstance(last, ast.Expr):
            perform(body, space)
            return None
        flags = body.co_flags & _FUTURE | own
        value = compile(ast.Expression(last.value), source.file, "eval", flags=flags, dont_inherit=True)
        perform(body, space)
        result = perform(value, space)
        return None if source.notebook and is_hidden(source.text, last.value) else result

    def evaluate(self, expression: str) -> Any:
        """Evaluate an expression in the lesson's namespace; for a file it may also use `jax`, `jnp` and `np`."""
        return self.evaluate_tree(parsed_expression(expression))

    def evaluate_tree(self, node: ast.expr, extra: dict[str, Any] | None = None, file: str = "<jaxtour>") -> Any:
        """Evaluate a parsed expression of a file, which may also use the names in `extra`."""
        code = compile(ast.Expression(node), file, "eval", dont_inherit=True)
        # One dictionary for globals: lambdas and comprehensions in the expression look names up only there.
        return eval(code, self.names, extra if extra is not None else {})

    @property
    def names(self) -> dict[str, Any]:
        """The names an expression may use: the namespace, and for a file also `OFFERED`."""
        return {**self._offered, **self.namespace} if self._offered else self.namespace


def _package_of(path: str, module: str) -> tuple[str | None, str]:
    """Return the package that a file belongs to, and the folder that contains it; None and nothing for a plain script.

    `python FILE` has no package, so relative imports fail there; a file that has some shows that it needs one.
    """
    folder = Path(path).parent
    names: list[str] = []
    while is_file(folder / "__init__.py"):
        names.insert(0, folder.name)
        folder = folder.parent
    if module:
        # A namespace package has no `__init__.py`: its name says how deep the file lies.
        package = module if Path(path).name == "__main__.py" else module.rpartition(".")[0]
        return package or None, str(Path(path).parents[package.count(".") + 1]) if package else ""
    return (".".join(names), str(folder)) if names else (None, "")


def _imports_relatively(path: str) -> bool:
    """Return whether a file has a relative import; false if it cannot be read, which its run then reports."""
    try:
        tree = ast.parse(text_of(path) or Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def show_warnings(sink: Callable[[Event], None], run: int, own: str) -> None:
    """Send warnings as events, at most `WARNING_CAP`, with their place in the file `own` or the learner's others."""
    left = itertools.count(WARNING_CAP, -1)

    def showwarning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        *_where: object,
        **_to: object,
    ) -> None:
        if next(left) > 0:
            text = _text(message)[:MESSAGE_CAP]
            event = {"event": "warning", "run": run, "category": category.__name__, "message": text}
            if filename == own:
                event["line"] = lineno
            elif (path := wire_file(filename)) and path == filename:
                event["elsewhere"] = f"{path}:{lineno}"
            sink(event)

    warnings.showwarning = showwarning


def hush_warnings() -> None:
    """Show no warnings until `show_warnings` is called."""
    warnings.showwarning = lambda *_ignored, **_too: None


def _text(message: Warning | str) -> str:
    try:
        return str(message)
    except Exception as error:
        return f"(its text raised {type(error).__name__})"


def _forget_shown_warnings() -> None:
    """Make Python repeat warnings that an earlier run showed: leaving `catch_warnings` invalidates every registry."""
    with warnings.catch_warnings():
        pass


def _no_input(_prompt: object = "", /) -> NoReturn:
    raise EOFError("input() has no terminal to read from: write the value into the code")
