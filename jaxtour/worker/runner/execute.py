"""Running the code of a step: compiled under a name that tracebacks and jaxprs lead back to, last expression kept."""

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
from typing import Any, NoReturn, TextIO

import jax
import jax.numpy
import numpy as np

from ..compat import CompileEvents
from .failures import MESSAGE_CAP
from .learners import learner_folder
from .outlet import Event
from .spawned import Definitions

MODULE = "__jaxtour__"
"""`__name__` in a file of the learner's: what stands under `if __name__ == "__main__":` is not to run."""
CWD = "JAXTOUR_CWD"
"""The environment variable with the folder where the learner is; a runner itself starts in a scratch folder."""
OFFERED = {"jax": jax, "jnp": jax.numpy, "np": np}
"""What an expression about a file may name, whether or not the file imports it."""
WARNING_CAP = 100
_FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})


@dataclass(frozen=True)
class Source:
    """A piece of lesson code and the name that it is compiled under."""

    name: str
    """`lesson/step`"""
    text: str
    part: str = ""
    """`setup`, `check`, or nothing for the code that the learner sees."""
    path: str | None = None
    """The file that it is."""

    @property
    def file(self) -> str:
        """`<jaxtour:lesson/step>` or `<jaxtour:lesson/step:setup>`, or the path."""
        if self.path is not None:
            return self.path
        return f"<jaxtour:{self.name}:{self.part}>" if self.part else f"<jaxtour:{self.name}>"

    def register(self) -> None:
        """Let tracebacks and `inspect.getsource` show the text; no modification time, or linecache would drop it."""
        linecache.cache[self.file] = (len(self.text), None, _lines(self.text), self.file)


def _lines(text: str) -> list[str]:
    """Lines as Python counts them: a form feed or a Unicode separator ends none."""
    return io.StringIO(text, newline=None).readlines()


@dataclass
class Outcome:
    """What became of a step's code."""

    seconds: float = 0.0
    compiles: int = 0
    value: Any = None
    """Of the last expression; None when there is none."""
    error: BaseException | None = None
    in_setup: bool = False


def last_expression(code: str) -> tuple[str, bool] | None:
    """The source of the code's last expression, and whether that is a call; None when the code ends otherwise."""
    body = ast.parse(code).body
    if not body or not isinstance(body[-1], ast.Expr):
        return None
    last = body[-1].value
    source = ast.get_source_segment(code, last)
    return (source, isinstance(last, ast.Call)) if source else None


def parsed_expression(source: str) -> ast.expr:
    """An expression's syntax tree; it may go on over several lines, as it may inside brackets."""
    if not source.strip():
        raise SyntaxError("an expression is expected, and there is none")
    return ast.parse(f"({source.strip()}\n)", "<jaxtour>", "eval").body


def written(code: str, expression: str) -> ast.expr | None:
    """An expression's tree as the code has it, where it writes it for the last time; None where it does not."""
    try:
        wanted = ast.dump(parsed_expression(expression))
        nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.expr) and ast.dump(node) == wanted]
    except (SyntaxError, ValueError, RecursionError):
        return None
    return max(nodes, key=lambda node: (node.lineno, node.col_offset), default=None)


@dataclass(frozen=True)
class Kept:
    """What is remembered of a cell, so that it can be looked into after others have run."""

    namespace: dict[str, Any]
    calls: list[dict[str, str]]
    """What was traced."""
    error: BaseException | None


class Workspace:
    """The module that a lesson's code runs in, as `__main__`, so that pickling and dataclasses find their classes."""

    def __init__(self, events: CompileEvents) -> None:
        self.module = types.ModuleType("__main__")
        self.namespace: dict[str, Any] = self.module.__dict__
        self.namespace["__builtins__"] = builtins
        self.kept: dict[str, Kept] = {}
        self._offered: dict[str, Any] = {}
        self._last: tuple[str, Kept] | None = None
        self._events = events
        self._definitions = Definitions()

    def keep(self, name: str, calls: list[dict[str, str]], error: BaseException | None) -> None:
        """Remember the namespace as it is now; values are shared, not copied, and live on when others replace them."""
        self.kept[name] = Kept(dict(self.namespace), calls, error)

    def ended(self, name: str, calls: list[dict[str, str]], error: BaseException | None) -> None:
        """Remember what ran last: until something else runs, the namespace is as it left it, without a copy."""
        self._last = name, Kept(self.namespace, calls, error)

    def left_by(self, name: str) -> Kept | None:
        """What a cell left, if that was kept or nothing has run since."""
        if name in self.kept or self._last is None or self._last[0] != name:
            return self.kept.get(name)
        return self._last[1]

    @contextlib.contextmanager
    def namespace_of(self, kept: Kept) -> Iterator[None]:
        """Evaluate in a kept namespace meanwhile."""
        now, self.namespace = self.namespace, kept.namespace
        try:
            yield
        finally:
            self.namespace = now

    def install(self) -> None:
        """Make it the process's `__main__`."""
        # What a child defined comes back under the second name.
        sys.modules["__main__"] = sys.modules["__mp_main__"] = self.module
        builtins.input = _no_input
        self._definitions.install()

    def become(self, path: str, launch: dict[str, Any] | None = None) -> None:
        """From now on be the module of a file, as `python FILE` has it; made once, in a fresh runner.

        `launch` has `argv`, `module` and `main`, as the wire has them; without it the file is imported, under a name
        of its own. Modules are looked for in the file's folder first, and files where the learner is.
        """
        how = {"argv": [path], "module": "", "main": False, **(launch or {})}
        name = "__main__" if how["main"] else MODULE
        self.module.__name__ = self.namespace["__name__"] = name
        self.module.__file__ = path
        sys.modules[name] = self.module
        self._definitions.become(path, MODULE)
        sys.argv[:] = how["argv"]
        folder = str(Path(path).parent)
        # Python knows a compiled file by its size and second: one saved twice in a second would be taken for the first.
        sys.dont_write_bytecode = True
        self._offered = OFFERED
        learner_folder(folder)
        cwd = os.environ.get(CWD) or folder
        with contextlib.suppress(OSError):
            os.chdir(cwd)
        package, root = _package_of(path, how["module"])
        self.module.__package__ = self.namespace["__package__"] = package
        # Python puts the script's folder first, with `-m` the current one. Relative imports need the package's root.
        first, *others = [cwd, root] if how["module"] else [folder, root]
        if first not in sys.path[:1]:
            sys.path.insert(0, first)
        sys.path += [each for each in others if each and each not in sys.path]
        if package:
            learner_folder(root)
            importlib.import_module(package)

    def run(
        self, name: str, setup: str, code: str, path: str | None = None, launch: dict[str, Any] | None = None
    ) -> Outcome:
        """Run a step's setup and code; only an interrupt is raised, anything else that is raised is the outcome.

        With a `path` the code is that file's, and `launch` says how it runs as a program.
        """
        outcome = Outcome(in_setup=True)
        self.kept.pop(name, None)
        self._last = None
        _forget_shown_warnings()
        start, before = time.perf_counter(), self._events.compiles
        try:
            if path is not None:
                self.become(path, launch)
            if setup.strip():
                self.execute(Source(name, setup, "setup"))
            outcome.in_setup = False
            start, before = time.perf_counter(), self._events.compiles
            outcome.value = self._to_its_end(Source(name, code, path=path))
            jax.effects_barrier()  # what jax.debug.print still owes belongs to this step
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit is an error of the lesson like any other
            outcome.error = error
        outcome.seconds = time.perf_counter() - start
        outcome.compiles = self._events.compiles - before
        return outcome

    def _to_its_end(self, source: Source) -> Any:
        """Run a step's code; a file may end itself as scripts do, by `sys.exit()`."""
        try:
            return self.execute(source)
        except SystemExit as error:
            if source.path is None or error.code not in (None, 0):
                raise
            return None

    def execute(self, source: Source, namespace: dict[str, Any] | None = None) -> Any:
        """Run one piece of code and return the value of its last expression, None if it ends otherwise."""
        space = self.namespace if namespace is None else namespace
        source.register()
        tree = ast.parse(source.text, source.file)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        body = compile(tree, source.file, "exec", dont_inherit=True)
        if namespace is None and source.path is None:
            self._definitions.add(source.file, tree.body, body.co_flags & _FUTURE)
        if not isinstance(last, ast.Expr):
            exec(body, space)
            return None
        flags = body.co_flags & _FUTURE
        value = compile(ast.Expression(last.value), source.file, "eval", flags=flags, dont_inherit=True)
        exec(body, space)
        return eval(value, space)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the lesson's namespace; beside a file it may name `jax`, `jnp` and `np` too."""
        return self.evaluate_tree(parsed_expression(expression))

    def evaluate_tree(self, node: ast.expr, extra: dict[str, Any] | None = None, file: str = "<jaxtour>") -> Any:
        """The value of a parsed expression of a file, which may also name what is in `extra`."""
        code = compile(ast.Expression(node), file, "eval", dont_inherit=True)
        # One dictionary: what a lambda or a comprehension of the expression names, Python looks up in the globals only.
        return eval(code, self.names, extra if extra is not None else {})

    @property
    def names(self) -> dict[str, Any]:
        """What an expression may name: the namespace, and for a file what is offered beside it."""
        return {**self._offered, **self.namespace} if self._offered else self.namespace


def _package_of(path: str, module: str) -> tuple[str | None, str]:
    """The package that a file belongs to, and the folder in which that lies; None and nothing for a plain script.

    `python FILE` knows no package, and relative imports fail there; they are what the file says it needs.
    """
    folder = Path(path).parent
    names: list[str] = []
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    if module:
        # A namespace package has no `__init__.py`: its name says how deep the file lies.
        package = module if Path(path).name == "__main__.py" else module.rpartition(".")[0]
        return package or None, str(Path(path).parents[package.count(".") + 1]) if package else ""
    return (".".join(names), str(folder)) if names else (None, "")


def show_warnings(sink: Callable[[Event], None], run: int, own: str) -> None:
    """Send warnings as events, at most `WARNING_CAP` of them; `own` is the file whose lines are told."""
    left = itertools.count(WARNING_CAP, -1)

    def showwarning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,  # noqa: ARG001  the signature is Python's
        line: str | None = None,  # noqa: ARG001
    ) -> None:
        if next(left) > 0:
            text = _text(message)[:MESSAGE_CAP]
            event = {"event": "warning", "run": run, "category": category.__name__, "message": text}
            sink({**event, "line": lineno} if filename == own else event)

    warnings.showwarning = showwarning


def hush_warnings() -> None:
    """Show no warnings until `show_warnings`."""
    warnings.showwarning = lambda *_ignored, **_too: None


def _text(message: Warning | str) -> str:
    try:
        return str(message)
    except Exception as error:
        return f"(its text raised {type(error).__name__})"


def _forget_shown_warnings() -> None:
    """Make Python show a warning again that an earlier run showed: leaving `catch_warnings` outdates every registry."""
    with warnings.catch_warnings():
        pass


def _no_input(_prompt: object = "", /) -> NoReturn:
    raise EOFError("input() has nobody to ask here: write the value into the code")
