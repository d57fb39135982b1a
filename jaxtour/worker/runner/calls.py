"""Chooses the calls of a file to show when the user names none: those the file writes, evaluated in its namespace.

Code under `if __name__ == "__main__":`, or in a function called without arguments such as `main()`, leaves no names and
is not run here. A call in such code is shown if its arguments can be written out in terms of JAX and NumPy alone:
`f(x)` after `x = jnp.ones(3)` becomes `f(jnp.ones(3))`.
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
from .functions import Judge, arguments, arguments_of, is_jax, is_learners, is_transformed, layers
from .written import WrittenCall, calls_written, defined, unfolded

CAP = 12
"""A longer list of calls would be tedious to step through; the user can name the others."""
_LABEL_CAP = 80
Entry = dict[str, Any]
"""A traced call as in a cell, with `label` and `call`; here it may also have `tree`, `error` or `unsure`."""


def calls_of(workspace: Workspace, path: str, code: str, named: list[Entry] | None) -> list[Entry]:
    """Return the calls of a file to show: those named, where a function's name stands for the file's calls of it.

    An entry has `tree`, with its positions, if the call is in the file; `error` if there is nothing to trace; and
    `unsure` if the call may not be meant for tracing.
    """
    finder = CallFinder(workspace, path, ast.parse(code, path))
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
    """Return the calls found, or one entry that says why there are none."""
    found, error = attempt(find)
    return found or [{"label": name, "call": name, "error": lens.why_not(error) if error else "it has no calls"}]


@dataclass(frozen=True)
class _Candidate:
    written: WrittenCall
    tree: ast.Call
    """The call with each name that only its block defines replaced by its value."""
    missing: tuple[str, ...]
    """The names it needs that are not defined."""
    function: Any = None


class CallFinder:
    """Finds calls in one file."""

    def __init__(self, workspace: Workspace, path: str, tree: ast.Module) -> None:
        self._workspace = workspace
        self._judge = Judge(workspace)
        self._path = path
        self._file = Path(path).name
        self._tree = tree

    def is_jaxpr(self, name: str) -> bool:
        """Return whether the name is a jaxpr's; a jaxpr is shown as it is."""
        value, error = attempt(self._workspace.evaluate, name)
        return error is None and compat.is_closed_jaxpr(value)

    def all(self) -> list[Entry]:
        """Return calls of jitted and transformed functions and of the file's own; failing those, calls of libraries."""
        candidates = list(self._candidates())
        ready = [found for found in candidates if not found.missing and lens.is_worth_tracing(found.function)]
        own = [found for found in ready if self._is_shown(found)]
        chosen = own or [found for found in ready if self._judge.are_arrays(arguments_of(found.tree))]
        if chosen:
            return _entries(chosen, unsure=lambda found: not is_transformed(found.function))
        raise lens.LensError(f"no call to show in {self._file}: {self._advice(candidates)}")

    def of(self, name: str) -> list[Entry]:
        """Return the calls of one function that the file makes outside its functions."""
        function, error = attempt(self._workspace.evaluate, name)
        if error is not None or not callable(function):
            what = "it cannot be called" if error is None else "it is not defined"
            raise lens.LensError(f"{what} in {self._file}{_near(name, self._functions())}")
        candidates = [found for found in self._candidates() if _calls(found, name, function)]
        ready = [found for found in candidates if not found.missing]
        if ready:
            return _entries(ready, unsure=lambda _: False)
        if candidates:
            raise lens.LensError(self._missing(candidates))
        args, there = arguments(function, self._workspace.namespace)
        how = "name a call, as in" if there else "name a call with arguments, as in"
        raise lens.LensError(f"{self._file} does not call it: {how} --call '{name}({args})'")

    def _candidates(self) -> Iterator[_Candidate]:
        """Yield every call outside functions, or in a function called without arguments, once each."""
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
        """Return whether it is jitted, transformed, or the learner's own and gets arrays, or numbers if the call ran.

        A function that receives only numbers, such as `train(1000)`, may be a program rather than a computation.
        """
        if is_transformed(found.function):
            return not is_jax(found.function)
        return is_learners(found.function) and self._judge.are_arrays(
            arguments_of(found.tree), numbers=found.written.ran
        )

    def _functions(self) -> list[str]:
        """Return the names of the functions that the file defines, in order."""
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
            return "it defines no functions: add one and a call of it"
        space = self._workspace.namespace
        possible = {name: arguments(space[name], space) for name in names}
        # A function without arguments, such as `main()`, would put a whole program into one jaxpr.
        taking = [name for name in names if possible[name][0]] or names
        name = next((name for name in taking if possible[name][1]), taking[0])
        listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        return f"it defines {listed}: name a call, as in --call '{name}({possible[name][0]})'"

    def _is_known(self, tree: ast.Call) -> bool:
        """Return whether it calls a function of the learner's, or one that a transformation returned."""
        function, error = attempt(self._workspace.evaluate_tree, tree.func)
        own = error is None and (is_learners(function) or is_transformed(function))
        return own and not is_jax(function) and not isinstance(function, type)

    def _missing(self, candidates: list[_Candidate]) -> str:
        """Return which undefined names a call needs, and how to write it; prefers a call of a jitted function."""

        def is_jitted(found: _Candidate) -> bool:
            function, error = attempt(self._workspace.evaluate_tree, found.tree.func)
            return error is None and is_transformed(function)

        found = max(candidates, key=is_jitted)
        call = " ".join(ast.unparse(found.written.node).split())
        whole = " ".join(ast.unparse(found.tree).split())
        where = f" outside of {found.written.where}" if found.written.where else ""
        how = whole if len(whole) <= 2 * _LABEL_CAP else f"{ast.unparse(found.tree.func)}(…)"
        needed = f"{call} in line {found.written.node.lineno} needs {', '.join(found.missing)}, not defined{where}"
        return f"{needed}: write --call '{how}'"


def _entries(found: list[_Candidate], unsure: Callable[[_Candidate], bool]) -> list[Entry]:
    entries = []
    for each in found[:CAP]:
        call = ast.unparse(each.tree)
        label = " ".join(ast.unparse(each.written.node).split())
        label = label if len(label) <= _LABEL_CAP else f"{label[: _LABEL_CAP - 1]}…"
        entries.append({"label": label, "call": call, "tree": each.tree, "unsure": unsure(each)})
    return entries


def _calls(found: _Candidate, name: str, function: Any) -> bool:
    """Return whether a call is one of this function, or of a transformed version of it."""
    func = found.written.node.func
    if ast.unparse(func) == name:
        return True
    made_of = [ast.unparse(part) for part in arguments_of(func)] if isinstance(func, ast.Call) else []
    if found.function is None:
        return name in made_of
    return any(each is function for each in layers(found.function))


def _bound_in(node: ast.AST) -> list[str]:
    """Return the names that a lambda or a comprehension binds."""
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
