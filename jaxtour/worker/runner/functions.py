"""What functions are: the learner's, made by a transformation, or such that calling them does nothing but compute."""

import ast
import functools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .. import compat
from .execute import Workspace
from .failures import attempt
from .learners import wire_file

_HARMLESS = (
    len, range, int, float, bool, complex, tuple, list, dict, abs, min, max, sum, round, zip, sorted, functools.partial,
)  # fmt: skip
_COMPUTES = ("jax", "jaxlib", "numpy")
_TALKS = ("jax.debug", "jax._src.debugging", "jax.profiler", "jax._src.profiler", "jax.distributed")
_WRITES = ("save", "tofile", "dump")
_NEVER = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


def layers(function: Any) -> Iterator[Any]:
    """A function and what it wraps, outermost first."""
    for _ in range(20):
        if function is None:
            return
        yield function
        # A method has its function's attributes too, so what it is of comes first.
        inner = [name for name in ("__func__", "__wrapped__", "func") if hasattr(function, name)]
        function = getattr(function, inner[0]) if inner else None


def is_learners(function: Any) -> bool:
    """Whether the learner defined it, or the class of the object that it belongs to, whatever is wrapped around."""
    for layer in layers(function):
        owner = getattr(layer, "__self__", None)
        kinds = [type(layer), type(owner)] if owner is not None else [type(layer)]
        files = [getattr(getattr(layer, "__code__", None), "co_filename", "")]
        files += [getattr(sys.modules.get(kind.__module__), "__file__", None) or "" for kind in kinds]
        if any(wire_file(file) for file in files):
            return True
    return False


def is_transformed(function: Any) -> bool:
    """Whether JAX made it of a function: jitted, mapped, differentiated, or with rules of its own."""
    if compat.is_jitted(function):
        return True
    for layer in layers(function):
        file = getattr(getattr(layer, "__code__", None), "co_filename", "") or type(layer).__module__
        if hasattr(layer, "__wrapped__") and file.startswith((*compat.LIBRARIES, "jax")):
            return True
    return False


def is_jax(function: Any) -> bool:
    """Whether it belongs to JAX itself, as `jnp.dot` does, which is jitted too."""
    return not is_learners(function) and (getattr(function, "__module__", None) or "").partition(".")[0] == "jax"


class Judge:
    """Tells what expressions do before they are evaluated in a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def function(self, node: ast.expr) -> Any:
        """What a name, or an attribute of one, stands for; None for anything else, and for what is not there.

        So does a method of what JAX and NumPy alone compute, as in `jnp.arange(6).reshape`.
        """
        is_dotted = all(isinstance(part, (ast.Name, ast.Attribute, ast.expr_context)) for part in ast.walk(node))
        if not is_dotted and not (isinstance(node, ast.Attribute) and self.may_evaluate(node.value, ran=False)):
            return None
        return attempt(self._workspace.evaluate_tree, node)[0]

    def is_own(self, node: ast.expr) -> bool:
        """Whether a name is that of a function of the learner's."""
        function = self.function(node)
        return callable(function) and is_learners(function)

    def is_own_class(self, node: ast.expr) -> bool:
        """Whether a name is that of a class of the learner's."""
        found = self.function(node)
        file = getattr(sys.modules.get(getattr(found, "__module__", "")), "__file__", None)
        return isinstance(found, type) and wire_file(file or "") is not None

    def is_harmless(self, node: ast.expr) -> bool:
        """Whether a call of this does nothing but compute, by JAX or NumPy."""
        if isinstance(node, ast.Call):
            # A transformed function computes what the learner's does.
            return self.is_harmless(node.func) and not any(self.is_own(part) for part in arguments_of(node))
        function = self.function(node)
        if function is None or is_learners(function):
            return False
        if isinstance(function, np.ufunc) or any(function is each for each in _HARMLESS):
            return True
        module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
        if str(getattr(function, "__name__", "")).startswith(_WRITES) or module.startswith(_TALKS):
            return False
        return module.partition(".")[0] in _COMPUTES

    def may_evaluate(self, node: ast.expr, *, ran: bool) -> bool:
        """Whether evaluating it does no more than compute.

        What has run may be done once more, by the learner's own functions too; what has not, only by JAX and NumPy.
        """
        return self._all_compute(ast.walk(node), ran=ran)

    def may_be_called(self, node: ast.expr, *, ran: bool) -> bool:
        """The same of a call's function: a lambda that is transformed there is traced later, and not run."""
        return self._all_compute(_outside_lambdas(node), ran=ran)

    def _all_compute(self, nodes: Iterable[ast.AST], *, ran: bool) -> bool:
        for inner in nodes:
            if isinstance(inner, _NEVER):
                return False
            if isinstance(inner, ast.Call) and not self.is_harmless(inner.func):
                own = ran and (self.is_own(inner.func) or self.is_own_class(inner.func))
                if not own:
                    return False
        return True

    def are_arrays(self, nodes: Iterable[ast.expr], *, numbers: bool = False) -> bool:
        """Whether one is there to be traced; text among them is for reading and writing files and the like."""
        wanted = (jax.Array, np.ndarray, np.generic, *((float, int, complex) if numbers else ()))
        some = False
        for node in nodes:
            if any(isinstance(inner, ast.Call) and self.is_own(inner.func) for inner in ast.walk(node)):
                some = True  # what the learner's functions return is computed only when it is shown
                continue
            value, error = attempt(self._workspace.evaluate_tree, node)
            leaves = jax.tree.leaves(value)
            if error is not None or any(isinstance(leaf, (str, bytes, Path)) for leaf in leaves):
                return False
            some |= any(isinstance(leaf, wanted) and not isinstance(leaf, bool) for leaf in leaves)
        return some


def _outside_lambdas(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Lambda):
            yield from _outside_lambdas(child)


def arguments_of(tree: ast.Call) -> list[ast.expr]:
    """The expressions of a call's arguments."""
    return [*tree.args, *(keyword.value for keyword in tree.keywords)]
