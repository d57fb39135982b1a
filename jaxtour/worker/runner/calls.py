"""Which calls of a file are shown when none is named: those that it writes, found in its text, tried in what it left.

What stands under `if __name__ == "__main__":`, or in a function that is called with nothing, as `main()` is, has left
no names, and is not run here. A call in it is shown where its arguments can be written out with nothing but JAX and
NumPy: `f(x)` after `x = jnp.ones(3)` as `f(jnp.ones(3))`.
"""

import ast
import builtins
import difflib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import compat
from ..ir import lens
from .execute import OFFERED, Workspace
from .failures import attempt
from .functions import Judge, arguments_of, is_jax, is_learners, is_transformed, layers
from .signatures import arguments
from .written import Written, calls_written, defined, unfolded

CAP = 12
"""More calls than that nobody steps through; the others can be named."""
_LABEL_CAP = 80
Entry = dict[str, Any]
"""A traced call as cells have it: `label`, `call`; and here perhaps `tree`, `error` or `unsure`."""


def calls_of(workspace: Workspace, path: str, code: str, named: list[Entry] | None) -> list[Entry]:
    """The calls of a file that are shown: those named, with the calls of a function in place of its name.

    An entry has its `tree`, with the places that it has in the file, where it was found there; `error` where there is
    nothing to trace; `unsure` where it is not certain that it is meant for tracing.
    """
    finder = Finder(workspace, path, ast.parse(code, path))
    if named is None:
        return _told(finder.all)
    entries: list[Entry] = []
    for entry in named:
        name = entry["call"].strip()
        if all(part.isidentifier() for part in name.split(".")) and not finder.is_jaxpr(name):
            entries += _told(functools.partial(finder.of, name), name)
        else:
            entries.append(entry)
    return entries


def _told(find: Callable[[], list[Entry]], name: str = "") -> list[Entry]:
    """What is found, or one entry that says why there is nothing."""
    found, error = attempt(find)
    return found or [{"label": name, "call": name, "error": lens.why_not(error) if error else "there is no call"}]


@dataclass(frozen=True)
class _Candidate:
    written: Written
    tree: ast.Call
    """The call with everything written out that only a block which has not run defines."""
    missing: tuple[str, ...]
    """Names that it needs, and that are not there."""
    function: Any = None


class Finder:
    """Looks for calls in one file."""

    def __init__(self, workspace: Workspace, path: str, tree: ast.Module) -> None:
        self._workspace = workspace
        self._judge = Judge(workspace)
        self._path = path
        self._file = Path(path).name
        self._tree = tree

    def is_jaxpr(self, name: str) -> bool:
        """Whether the name is that of a jaxpr, which is shown as it is."""
        value, error = attempt(self._workspace.evaluate, name)
        return error is None and compat.is_closed_jaxpr(value)

    def all(self) -> list[Entry]:
        """The calls of jitted and transformed functions and of the file's own; else those of libraries."""
        candidates = list(self._candidates())
        ready = [found for found in candidates if not found.missing and lens.is_worth_tracing(found.function)]
        own = [found for found in ready if self._is_shown(found)]
        chosen = own or [found for found in ready if self._judge.are_arrays(arguments_of(found.tree))]
        if chosen:
            return _entries(chosen, unsure=lambda found: not is_transformed(found.function))
        raise lens.LensError(f"no call to show in {self._file}: {self._advice(candidates)}")

    def of(self, name: str) -> list[Entry]:
        """The calls of one function, wherever the file writes them outside of functions."""
        function, error = attempt(self._workspace.evaluate, name)
        if error is not None or not callable(function):
            what = "nothing that can be called" if error is None else "not there"
            raise lens.LensError(f"{what} in {self._file}{_near(name, self._functions())}")
        candidates = [found for found in self._candidates() if _calls(found, name, function)]
        ready = [found for found in candidates if not found.missing]
        if ready:
            return _entries(ready, unsure=lambda _: False)
        if candidates:
            raise lens.LensError(self._missing(candidates))
        args, there = arguments(function, self._workspace.namespace)
        how = "with what it defines," if there else "say with what, as in"
        raise lens.LensError(f"{self._file} does not call it: {how} --call '{name}({args})'")

    def _candidates(self) -> Iterator[_Candidate]:
        """Every call written outside of functions, or in a function that stands for such a block, each once."""
        seen = set()
        for written in calls_written(self._tree):
            tree, unknown = unfolded(written, self._judge.is_harmless)
            if (key := ast.dump(tree)) in seen:
                continue
            seen.add(key)
            names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
            bound = {name for node in ast.walk(tree) for name in _bound_in(node)}
            missing = [name for name in names if name not in bound and not self._knows(name)]
            absent = tuple(dict.fromkeys([*unknown, *missing]))
            if absent:
                yield _Candidate(written, tree, absent)
                continue
            may_call = self._judge.may_be_called(tree.func, ran=written.ran)
            if not may_call or not all(self._judge.may_evaluate(each, ran=written.ran) for each in arguments_of(tree)):
                continue
            function, error = attempt(self._workspace.evaluate_tree, tree.func, None, self._path)
            if error is None:
                yield _Candidate(written, tree, (), function)

    def _knows(self, name: str) -> bool:
        return name in self._workspace.namespace or name in OFFERED or hasattr(builtins, name)

    def _is_shown(self, found: _Candidate) -> bool:
        """Jitted and transformed functions, and the learner's own that are given arrays, or numbers where it has run.

        Given numbers alone a function may be run rather than traced, as `train(1000)` would.
        """
        if is_transformed(found.function):
            return not is_jax(found.function)
        return is_learners(found.function) and self._judge.are_arrays(
            arguments_of(found.tree), numbers=found.written.ran
        )

    def _functions(self) -> list[str]:
        """The names of the functions that the file defines, as it writes them."""
        space = self._workspace.namespace
        functions = [name for name in defined(self._tree) if callable(space.get(name))]
        return [name for name in functions if is_learners(space[name]) and not isinstance(space[name], type)]

    def _advice(self, candidates: list[_Candidate]) -> str:
        names = self._functions()
        short = [
            found for found in candidates if found.missing and arguments_of(found.tree) and self._is_known(found.tree)
        ]
        if short:
            return self._missing(short)
        if not names:
            return "it defines no functions either: write one, and a call of it"
        space = self._workspace.namespace
        possible = {name: arguments(space[name], space) for name in names}
        # What takes nothing, as `main()` does, would be all of a program in one jaxpr.
        taking = [name for name in names if possible[name][0]] or names
        name = next((name for name in taking if possible[name][1]), taking[0])
        listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        return f"it defines {listed}: name one with what it takes, as in --call '{name}({possible[name][0]})'"

    def _is_known(self, tree: ast.Call) -> bool:
        """Whether it calls what the file, or a transformation, has made."""
        function, error = attempt(self._workspace.evaluate_tree, tree.func)
        own = error is None and (is_learners(function) or is_transformed(function))
        return own and not is_jax(function) and not isinstance(function, type)

    def _missing(self, candidates: list[_Candidate]) -> str:
        """Which names a call needs that are not there, and how it could be made: of those, what is jitted above all."""

        def is_jitted(found: _Candidate) -> bool:
            function, error = attempt(self._workspace.evaluate_tree, found.tree.func)
            return error is None and is_transformed(function)

        found = max(candidates, key=is_jitted)
        call = " ".join(ast.unparse(found.written.node).split())
        whole = " ".join(ast.unparse(found.tree).split())
        where = f" outside of {found.written.where}" if found.written.where else ""
        how = whole if len(whole) <= 2 * _LABEL_CAP else f"{ast.unparse(found.tree.func)}(…)"
        needed = f"{call} in line {found.written.node.lineno} needs {', '.join(found.missing)}, not there{where}"
        return f"{needed}: say it as --call '{how}'"


def _entries(found: list[_Candidate], unsure: Callable[[_Candidate], bool]) -> list[Entry]:
    entries = []
    for each in found[:CAP]:
        call = ast.unparse(each.tree)
        label = " ".join(ast.unparse(each.written.node).split())
        label = label if len(label) <= _LABEL_CAP else f"{label[: _LABEL_CAP - 1]}…"
        entries.append({"label": label, "call": call, "tree": each.tree, "unsure": unsure(each)})
    return entries


def _calls(found: _Candidate, name: str, function: Any) -> bool:
    """Whether it calls this function, or what was made of it by a transformation."""
    func = found.written.node.func
    if ast.unparse(func) == name:
        return True
    made_of = [ast.unparse(part) for part in arguments_of(func)] if isinstance(func, ast.Call) else []
    if found.function is None:
        return name in made_of
    return any(each is function for each in layers(found.function))


def _bound_in(node: ast.AST) -> list[str]:
    """The names that a lambda or a comprehension binds for itself."""
    if isinstance(node, ast.Lambda):
        own = node.args
        every = [*own.posonlyargs, *own.args, *own.kwonlyargs, *filter(None, (own.vararg, own.kwarg))]
        return [each.arg for each in every]
    if isinstance(node, ast.comprehension):
        return [inner.id for inner in ast.walk(node.target) if isinstance(inner, ast.Name)]
    return []


def _near(name: str, names: list[str]) -> str:
    if near := difflib.get_close_matches(name, names, n=1):
        return f": did you mean {near[0]}?"
    return f": it defines {', '.join(names[:8])}" if names else ": it defines no functions"
