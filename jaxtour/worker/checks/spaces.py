"""Where checks evaluate their expressions: in the state that the learner's code left, and in one it cannot change."""

import ast
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax

from ..ir.lens import Expression, expression
from ..ir.spans import Span, span
from ..runner.before import Before, copied, copies
from ..runner.execute import OFFERED, Kept, Source, Workspace, parsed_expression
from ..runner.failures import attempt, one_line
from .words import is_array, told

_SHOWN = (bool, int, float, complex, str, list, tuple, dict)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class LessonError(Exception):
    """The lesson's own part of a check fails: its inputs, or its answer."""


@dataclass
class Spaces:
    """The namespaces for the checks of one step."""

    workspace: Workspace
    """Its namespace is the one that the learner's code left."""
    name: str
    """The workspace whose namespace the learner's code left."""
    code: str
    """The step: `lesson/step`."""
    before: Before
    solution: str
    _solved: dict[str, Any] | None = field(default=None)

    def given(self, written: Mapping[str, str]) -> dict[str, Any]:
        """Return the inputs of a check, evaluated without the learner's code; each may use the ones before it."""
        found: dict[str, Any] = {}
        for name, source in written.items():
            with self._evaluating({**self.before.names, **found}, source) as workspace:
                found[name], error = attempt(workspace.evaluate, source)
            if error is not None:
                raise LessonError(f"the lesson's input {name} = {source} raised {one_line(error)}")
        return found

    def learners(self, given: Mapping[str, Any], *sources: str) -> contextlib.AbstractContextManager[Workspace]:
        """Return the workspace in the state that the learner's code left, with these inputs.

        Arrays that the sources name are copied, so that the next check is unaffected if one is donated or changed.
        """
        return self._evaluating({**self.workspace.namespace, **given}, *sources)

    def right(self, source: str, given: Mapping[str, Any], *, solved: bool) -> Any:
        """Return the value of an expression without the learner's code; with `solved`, after the solution instead."""
        names = self._solution_names() if solved else self.before.names
        with self._evaluating({**names, **given}, source) as workspace:
            value, error = attempt(workspace.evaluate, source)
        if error is not None:
            raise LessonError(f"the lesson's own {source} raised {one_line(error)}")
        return value

    def expression(self, source: str) -> Expression:
        """Return the expression as it occurs in the learner's code, if it does."""
        return expression(source, self.code, self.file)

    @property
    def file(self) -> str:
        """The file name of the learner's code."""
        return Source(self.name, "").file

    def place(self, source: str) -> tuple[Span, ...]:
        """Return where the learner's code last binds the first name of an expression that it binds."""
        tree, error = attempt(ast.parse, self.code)
        if tree is None or error is not None:
            return ()
        bound: dict[str, ast.stmt] = {}
        for statement in tree.body:
            bound.update(dict.fromkeys(_bound(statement), statement))
        for name in _names(source):
            if name in bound:
                found = span(self.file, bound[name].lineno, bound[name].col_offset, 0, 0)
                return (found,) if found else ()
        return ()

    def inputs(self, source: str, given: Mapping[str, Any], written: Mapping[str, str]) -> str:
        """Return the inputs of an expression: the lesson's as written, other data by value."""
        shown = [f"{name} = {' '.join(value.split())}" for name, value in written.items()]
        space = self.workspace.namespace
        used = [name for name in _names(source) if name in space and name not in given]
        data = [name for name in used if is_array(space[name]) or type(space[name]) in _SHOWN]
        shown += [f"{name} = {told(space[name])}" for name in data]
        return "\n".join(shown)

    def _solution_names(self) -> dict[str, Any]:
        if self._solved is None:
            space = copies(self.before.names)
            source = Source(self.name, self.solution, "solution")
            _, error = attempt(self.workspace.execute, source, space)
            if error is not None:
                raise LessonError(f"the lesson's solution raised {one_line(error)}")
            self._solved = space
        return self._solved

    @contextlib.contextmanager
    def _evaluating(self, names: Mapping[str, Any], *sources: str) -> Iterator[Workspace]:
        held = {name: names[name] for source in sources for name in _names(source) if name in names}
        # A container without arrays may be where the code counts its calls.
        used = {name: copied(value) for name, value in held.items() if _has_arrays(value)}
        with self.workspace.namespace_of(Kept({**OFFERED, **names, **used}, [], None)):
            yield self.workspace


def _names(source: str) -> Iterable[str]:
    """Return the names in an expression, each once, in order of appearance."""
    tree, error = attempt(parsed_expression, source)
    if tree is None or error is not None:
        return ()
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    return dict.fromkeys(node.id for node in nodes)


def _has_arrays(value: Any) -> bool:
    leaves, _ = attempt(jax.tree.leaves, value)
    return any(map(is_array, leaves or ()))


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at the top level binds."""
    if isinstance(statement, _FUNCTIONS):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
