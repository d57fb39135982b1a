"""Classifies functions: the learner's, transformed by JAX, or free of side effects; and finds example arguments."""

import ast
import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .. import compat
from .execute import Workspace
from .failures import attempt
from .learners import wire_file

HARMLESS = (
    len, range, int, float, bool, complex, tuple, list, dict, abs, min, max, sum, round, zip, sorted, functools.partial,
)  # fmt: skip
COMPUTES = ("jax", "jaxlib", "numpy")
TALKS = ("jax.debug", "jax._src.debugging", "jax.profiler", "jax._src.profiler", "jax.distributed")
WRITES = ("save", "tofile", "dump")
_NEVER = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


def layers(function: Any) -> Iterator[Any]:
    """Yield a function and the functions it wraps, outermost first."""
    for _ in range(20):
        if function is None:
            return
        yield function
        # A method forwards its function's attributes, so `__func__` comes first.
        inner = [name for name in ("__func__", "__wrapped__", "func") if hasattr(function, name)]
        function = getattr(function, inner[0]) if inner else None


def is_learners(function: Any) -> bool:
    """Return whether the learner defined the function, or the class it is a method of, under any wrappers."""
    for layer in layers(function):
        owner = getattr(layer, "__self__", None)
        kinds = [type(layer), type(owner)] if owner is not None else [type(layer)]
        files = [getattr(getattr(layer, "__code__", None), "co_filename", "")]
        files += [getattr(sys.modules.get(kind.__module__), "__file__", None) or "" for kind in kinds]
        if any(wire_file(file) for file in files):
            return True
    return False


def is_transformed(function: Any) -> bool:
    """Return whether a JAX transformation returned it: jit, vmap, grad or custom rules."""
    if compat.is_jitted(function):
        return True
    for layer in layers(function):
        file = getattr(getattr(layer, "__code__", None), "co_filename", "") or type(layer).__module__
        if hasattr(layer, "__wrapped__") and file.startswith((*compat.LIBRARIES, "jax")):
            return True
    return False


def is_jax(function: Any) -> bool:
    """Return whether a function is JAX's own; `jnp.dot`, for one, is jitted too."""
    return not is_learners(function) and (getattr(function, "__module__", None) or "").partition(".")[0] == "jax"


class Judge:
    """Predicts the effects of expressions before they are evaluated in a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def function(self, node: ast.expr) -> Any:
        """Return the value of a name or a dotted name; None for other expressions and undefined names.

        A method of a value that only JAX and NumPy compute counts too, as in `jnp.arange(6).reshape`.
        """
        is_dotted = all(isinstance(part, (ast.Name, ast.Attribute, ast.expr_context)) for part in ast.walk(node))
        if not is_dotted and not (isinstance(node, ast.Attribute) and self.may_evaluate(node.value, ran=False)):
            return None
        return attempt(self._workspace.evaluate_tree, node)[0]

    def is_own(self, node: ast.expr) -> bool:
        """Return whether a name refers to a function of the learner's."""
        function = self.function(node)
        return callable(function) and is_learners(function)

    def is_own_class(self, node: ast.expr) -> bool:
        """Return whether a name refers to a class of the learner's."""
        found = self.function(node)
        file = getattr(sys.modules.get(getattr(found, "__module__", "")), "__file__", None)
        return isinstance(found, type) and wire_file(file or "") is not None

    def is_harmless(self, node: ast.expr) -> bool:
        """Return whether calling it only computes, with JAX or NumPy."""
        if isinstance(node, ast.Call):
            # Calling a transformed function runs the learner's function.
            return self.is_harmless(node.func) and not any(self.is_own(part) for part in arguments_of(node))
        function = self.function(node)
        if function is None or is_learners(function):
            return False
        if isinstance(function, np.ufunc) or any(function is each for each in HARMLESS):
            return True
        module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
        if str(getattr(function, "__name__", "")).startswith(WRITES) or module.startswith(TALKS):
            return False
        return module.partition(".")[0] in COMPUTES

    def may_evaluate(self, node: ast.expr, *, ran: bool) -> bool:
        """Return whether evaluating it only computes.

        Code that has run may be repeated, including the learner's functions; other code may use only JAX and NumPy.
        """
        return self._all_compute(ast.walk(node), ran=ran)

    def may_be_called(self, node: ast.expr, *, ran: bool) -> bool:
        """Return whether evaluating the function of a call only computes: a lambda in it is traced later, not run."""
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
        """Return whether some argument is an array; False if one is text, as text usually means files."""
        wanted = (jax.Array, np.ndarray, np.generic, *((float, int, complex) if numbers else ()))
        some = False
        for node in nodes:
            if any(isinstance(inner, ast.Call) and self.is_own(inner.func) for inner in ast.walk(node)):
                some = True  # assume arrays: the learner's functions are called only when shown
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
    """Return the expressions of a call's arguments."""
    return [*tree.args, *(keyword.value for keyword in tree.keywords)]


_ARRAYS = (jax.Array, np.ndarray, np.generic, float, int, complex)
_DTYPES = {"Float": "", "Int": "int", "Complex": "complex", "Bool": "bool"}
"""jaxtyping's kinds of array, and the dtype for each; empty for floats, JAX's default."""


def arguments(function: Callable[..., Any], names: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the arguments of an example call, and whether the file or an annotation has a value for each."""
    signature, _ = attempt(lambda: inspect.signature(function, eval_str=True))
    if signature is None:
        signature, _ = attempt(inspect.signature, function)
    if signature is None:
        return "…", False
    written, there = [], True
    for name, parameter in signature.parameters.items():
        if (
            parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            or parameter.default is not parameter.empty
        ):
            continue
        example = name if _is_example(names.get(name)) else _annotated(parameter.annotation)
        there &= example is not None
        keyword = f"{name}=" if parameter.kind is parameter.KEYWORD_ONLY else ""
        written.append(keyword + (example or name))
    return ", ".join(written), there


def _is_example(value: Any) -> bool:
    leaves = jax.tree.leaves(value)
    return bool(leaves) and all(isinstance(leaf, _ARRAYS) for leaf in leaves)


def _annotated(annotation: Any) -> str | None:
    """Return zeros of the shape in a jaxtyping annotation such as `Float[Array, "8 3"]`; None if a size is missing."""
    dims, kind = getattr(annotation, "dim_str", None), getattr(annotation, "dtype", None)
    name = getattr(kind, "__name__", "")
    if not isinstance(dims, str) or name not in _DTYPES or not all(dim.isdecimal() for dim in dims.split()):
        return None
    shape = "".join(f"{dim}, " for dim in dims.split()).strip()
    shape = f"({shape})" if len(dims.split()) == 1 else f"({shape.rstrip(',')})"
    return f"jnp.zeros({shape}, {_DTYPES[name]})" if _DTYPES[name] else f"jnp.zeros({shape})"
