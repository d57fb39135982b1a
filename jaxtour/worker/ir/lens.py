"""Traces a call: its jaxpr, with the source of each line, and its primitives."""

import ast
import contextlib
import functools
import gc
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import numpy as np

from .. import compat
from ..runner.execute import Workspace, parsed_expression, written
from ..runner.failures import attempt, one_line
from ..runner.functions import is_learners, is_transformed
from ..runner.writer import Event
from .arguments import Leaves, argument_keys, bound_values, named, result_keys
from .origins import Parsed, pieces
from .printed import printed
from .spans import Span, span
from .walk import Walk

_UNTRACED = sys.stdlib_module_names | {"numpy"}


class LensError(Exception):
    """The expression has no jaxpr; the message is one line."""


@dataclass(frozen=True)
class Expression:
    """An expression to evaluate, with its positions in the learner's code, if it occurs there."""

    tree: ast.expr
    file: str = "<jaxtour>"
    """The file name that its code is compiled under."""

    @property
    def span(self) -> Span | None:
        """Its place in the learner's code."""
        node = self.tree
        end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return span(self.file, node.lineno, node.col_offset, *end)

    @property
    def awaited(self) -> "Expression":
        """The call whose result `block_until_ready` waits for; otherwise the expression itself."""
        node = self.tree
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == _AWAITS:
            inner = node.args[0] if node.args else node.func.value
            if isinstance(inner, ast.Call):
                return replace(self, tree=inner)
        return self

    def evaluated(self, workspace: Workspace) -> Any:
        """Return its value in the lesson's namespace."""
        return workspace.evaluate_tree(self.tree, file=self.file)


_AWAITS = "block_until_ready"


def expression(source: "str | Expression", code: str = "", file: str = "") -> Expression:
    """Parse an expression; takes its last occurrence in the code of this file, if there is one."""
    if isinstance(source, Expression):
        return source
    found = written(code, source) if code else None
    return Expression(found, file) if found is not None else Expression(parsed_expression(source))


@dataclass(frozen=True)
class Call:
    """A call whose function and arguments are evaluated, but which is not made."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def abstracted(self, numbers: tuple[type, ...], *, host: bool = True) -> "Abstracted":
        """Return the call as a function of its arrays, NumPy's too if `host`, and its Python numbers of these types."""
        leaves, structure = jax.tree.flatten((self.args, self.kwargs))
        places = [place for place, leaf in enumerate(leaves) if _is_variable(leaf, numbers, host=host)]

        def function(*values: Any) -> Any:
            filled = list(leaves)
            for place, value in zip(places, values, strict=True):
                filled[place] = value
            args, kwargs = jax.tree.unflatten(structure, filled)
            return self.function(*args, **kwargs)

        function.__name__ = function.__qualname__ = str(getattr(self.function, "__name__", "call"))
        return Abstracted(function, leaves, places)


@dataclass(frozen=True)
class Abstracted:
    """A function of some leaves of a call's arguments, at these places among all."""

    function: Callable[..., Any]
    every: list[Any]
    places: list[int]

    @property
    def values(self) -> list[Any]:
        """The leaves that the function takes."""
        return [self.every[place] for place in self.places]


class Traced(NamedTuple):
    """The outcome of a trace."""

    jaxpr: Any
    inputs: list[Any]
    """Arrays or shapes to lower it for: arrays, and numbers whose values are not needed."""
    leaves: Leaves


def _is_variable(leaf: Any, numbers: tuple[type, ...], *, host: bool) -> bool:
    if isinstance(leaf, (jax.Array, jax.ShapeDtypeStruct)):
        return True
    if isinstance(leaf, (np.ndarray, np.generic)):
        return host and leaf.dtype.kind in "biufcV" and leaf.dtype.names is None
    return isinstance(leaf, numbers)


def parse_call(
    workspace: Workspace, source: str | Expression, accept: Callable[[Any], bool] | None = None
) -> Call | None:
    """Return a call's function and arguments, evaluated once; None if it is not a call, or `accept` rejects it."""
    whole = expression(source)
    node = whole.tree
    if not isinstance(node, ast.Call):
        return None
    function = workspace.evaluate_tree(node.func, file=whole.file)
    if accept is not None and not accept(function):
        return None
    collect = ast.copy_location(ast.Name("__jaxtour_collect__", ast.Load()), node)
    arguments = ast.copy_location(ast.Call(collect, node.args, node.keywords), node)
    collected = {collect.id: lambda *args, **kwargs: (args, kwargs)}
    args, kwargs = workspace.evaluate_tree(arguments, collected, whole.file)
    return Call(function, args, kwargs)


def jaxpr_of(workspace: Workspace, source: str | Expression) -> Any:
    """Return the closed jaxpr of a call, or the one that the expression evaluates to; raises tracing errors."""
    return traced_of(workspace, source).jaxpr


def traced_of(workspace: Workspace, source: str | Expression) -> Traced:
    """Return the jaxpr of a call with its inputs and their paths."""
    whole = expression(source)
    call = parse_call(workspace, whole.awaited)
    if call is not None:
        return trace(call)
    value = whole.evaluated(workspace)
    if compat.is_closed_jaxpr(value):
        return Traced(value, _shapes(value), named(value))
    raise LensError("neither a call nor a jaxpr: write a function call, such as f(x)")


def _shapes(jaxpr: Any) -> list[Any]:
    return [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in jaxpr.in_avals]


def trace(call: Call, *, numbers: bool = True) -> Traced:
    """Trace a call, with as many of its numbers abstract as it allows, or with none."""
    abstracted = call.abstracted((bool, int, float, complex) if numbers else ())
    try:
        return _traced(call, abstracted)
    except Exception as error:
        for kinds in ((float, complex), ()) if numbers else ():
            fewer = call.abstracted(kinds)
            if len(fewer.places) == len(abstracted.places):
                continue
            abstracted = fewer
            traced, _ = attempt(_traced, call, fewer)
            # With every number concrete there may be nothing left to trace, which would hide the error.
            if traced and (traced.jaxpr.jaxpr.eqns or not isinstance(error, jax.errors.ConcretizationTypeError)):
                return traced
        raise


def _traced(call: Call, abstracted: Abstracted) -> Traced:
    """Return the jaxpr of a function, or the one it returns, as `jax.make_jaxpr(f)` does."""
    returned: list[Any] = []
    results: list[Any] = []

    def outputs(*tracers: Any) -> Any:
        result = abstracted.function(*tracers)
        if compat.is_closed_jaxpr(result):
            returned.append(result)
            return ()
        for leaf in jax.tree.leaves(result):
            # JAX's own error would name this wrapper, not the learner's function.
            if attempt(jax.typeof, leaf)[1] is not None:
                raise LensError(_no_array(leaf))
        results[:] = result_keys(result)
        return result

    outputs.__name__ = outputs.__qualname__ = abstracted.function.__name__
    values = abstracted.values
    jaxpr = jax.make_jaxpr(outputs)(*values)
    if returned:
        return Traced(returned[0], _shapes(returned[0]), named(returned[0]))
    keys = argument_keys(call.function, call.args, call.kwargs)
    traced = set(abstracted.places)
    static = bound_values(call.function)
    static |= {"".join(keys[place]): each for place, each in enumerate(abstracted.every) if place not in traced}
    shardings = [getattr(value, "sharding", None) for value in values]
    return Traced(jaxpr, values, Leaves([keys[place] for place in abstracted.places], results, shardings, (), static))


def _no_array(value: Any) -> str:
    if callable(value):
        return "it returns a function: call that too, as in jax.grad(f)(x)"
    return f"it returns {type(value).__name__}, not an array: return the array that it computes"


def default_traced(value: Any, workspace: Workspace, source: str | Expression) -> Traced | None:
    """Return the trace of a step's last expression, given its value; None if there is nothing to trace."""
    if compat.is_closed_jaxpr(value):
        return Traced(value, _shapes(value), named(value))
    whole = expression(source)
    call, error = attempt(parse_call, workspace, whole.awaited, is_worth_tracing)
    if error or call is None:
        return None  # evaluating it again raised, so it has side effects; the user did not ask for this trace
    traced, error = attempt(trace, call)
    if traced is None:
        if error and is_learners(call.function):
            raise error
        return None
    return traced if traced.jaxpr.jaxpr.eqns or traced.jaxpr.jaxpr.invars else None


def is_worth_tracing(function: Any) -> bool:
    """Return False for printing, timing, NumPy and classes; True for functions of the lesson, JAX and its libraries."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, (type, types.BuiltinFunctionType, types.MethodWrapperType, np.ufunc)):
        return False
    module = getattr(function, "__module__", None) or ""
    if module.startswith(("jax.debug", "jax._src.debugging")):
        return False
    # A function made from a `functools.partial` has the module `functools`.
    return module.partition(".")[0] not in _UNTRACED or is_transformed(function)


@dataclass(frozen=True)
class SentJaxpr:
    """A jaxpr as it is sent: the fields of a `Trace`, and the pieces of its `Stage`."""

    walk: Walk
    text: Parsed
    results: list[str]
    """The type of each output: `f32[8,64]`."""

    @property
    def facts(self) -> dict[str, Any]:
        """The fields of a `Trace` that a jaxpr determines."""
        walk = self.walk
        return {"equations": walk.equations, "primitives": sorted(walk.primitives), "results": self.results}

    def pieces(self, head: Event) -> Iterator[Event]:
        """Return the `stage` events, each with the fields of `head`."""
        return pieces(head, self.text, self.walk.table)


def shown(jaxpr: Any, around: Span | None = None) -> SentJaxpr:
    """Return a jaxpr with its links; `around` is the place of the traced call."""
    with _uncollected():
        walk = Walk(jaxpr, (around,) if around else ())
        return SentJaxpr(
            walk, printed(jaxpr, walk), [*map(compat.printed_type, getattr(jaxpr, "jaxpr", jaxpr).outvars)]
        )


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Turn off garbage collection inside this context: it takes a third of the time for a long jaxpr."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def why_not(error: BaseException) -> str:
    """Say in one line why a trace or a compilation failed."""
    return str(error) if isinstance(error, LensError) else one_line(error)
