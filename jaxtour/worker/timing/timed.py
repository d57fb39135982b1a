"""Chooses the part of an expression to time: a call whose inputs are made before the clock starts, or all of it.

`step(init(key), jnp.ones(3))` is a call of `step`. In `float(f(x))`, `jnp.sum(f(x))` or `f(x).sum()` the work is in
`f`: a clock around the outermost call would measure almost nothing.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Any

import jax

from ..ir.lens import Call, expression, parse_call
from ..runner.execute import Workspace
from ..runner.functions import arguments_of, is_jax, is_learners, is_transformed
from .placing import is_fetch, is_transfer, leaves


def timed(workspace: Workspace, source: str) -> tuple[str, Call | None]:
    """Return the expression without a wait for its result, and the call that it is; None to time all of it."""
    whole = expression(source).awaited
    call = parse_call(workspace, whole)
    if call is not None and isinstance(whole.tree, ast.Call) and _is_more(workspace, whole.tree, call):
        call = None
    return ast.unparse(whole.tree), call


def _is_more(workspace: Workspace, tree: ast.Call, call: Call) -> bool:
    """Return whether the learner's functions work before the call, or the first call would use up its inputs."""
    if any(isinstance(leaf, Iterator) for leaf in leaves(call)):
        return True
    if is_transfer(call) and not is_fetch(call):
        return False
    if _is_own(call.function) or any(map(_is_own, (*call.args, *call.kwargs.values()))):
        return False
    return _works(workspace, [tree.func, *arguments_of(tree)])


def _is_own(value: Any) -> bool:
    """Return whether a function is one of the learner's, or a transformed one."""
    if isinstance(value, jax.stages.Compiled):
        return True
    return callable(value) and (is_learners(value) or (is_transformed(value) and not is_jax(value)))


def _works(workspace: Workspace, nodes: Iterable[ast.expr]) -> bool:
    """Return whether some call involves a function of the learner's."""
    names = workspace.names
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and any(
                isinstance(part, ast.Lambda) or (isinstance(part, ast.Name) and _is_own(names.get(part.id)))
                for part in ast.walk(inner)
            ):
                return True
    return False
