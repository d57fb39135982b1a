"""What JAX makes of a call: its jaxpr, where each line of that comes from, its primitives, its compiled opcodes."""

import ast
import functools
import re
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from . import compat
from .execute import Workspace, parsed_expression
from .failures import LESSON_FILE, attempt, one_line
from .jaxpr_text import Place, annotated

_UNTRACED = sys.stdlib_module_names | {"numpy"}
_EQUATIONS_OF = re.compile(r"^\s*equations\s+of\s+(?P<call>.+)$", re.S)


class LensError(Exception):
    """The expression is nothing that has a jaxpr; the message is one line."""


@dataclass(frozen=True)
class Call:
    """A call whose function and arguments have been evaluated, and that has not been made."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def abstracted(self, numbers: tuple[type, ...]) -> tuple[Callable[..., Any], list[Any]]:
        """The call as a function of its arrays and of its Python numbers of these types; and their values."""
        leaves, structure = jax.tree.flatten((self.args, self.kwargs))
        places = [place for place, leaf in enumerate(leaves) if _is_variable(leaf, numbers)]

        def function(*values: Any) -> Any:
            filled = list(leaves)
            for place, value in zip(places, values, strict=True):
                filled[place] = value
            args, kwargs = jax.tree.unflatten(structure, filled)
            return self.function(*args, **kwargs)

        function.__name__ = function.__qualname__ = str(getattr(self.function, "__name__", "call"))
        return function, [leaves[place] for place in places]


def _is_variable(leaf: Any, numbers: tuple[type, ...]) -> bool:
    if isinstance(leaf, (jax.Array, jax.ShapeDtypeStruct)):
        return True
    if isinstance(leaf, (np.ndarray, np.generic)):
        return leaf.dtype.kind in "biufcV" and leaf.dtype.names is None
    return isinstance(leaf, numbers)


def parse_call(workspace: Workspace, source: str, accept: Callable[[Any], bool] | None = None) -> Call | None:
    """The parts of a call, evaluated once: the function, then its arguments if `accept` likes it; None for no call."""
    node = parsed_expression(source)
    if not isinstance(node, ast.Call):
        return None
    function = workspace.evaluate_tree(node.func)
    if accept is not None and not accept(function):
        return None
    collect = ast.copy_location(ast.Name("__jaxtour_collect__", ast.Load()), node)
    arguments = ast.copy_location(ast.Call(collect, node.args, node.keywords), node)
    args, kwargs = workspace.evaluate_tree(arguments, {collect.id: lambda *args, **kwargs: (args, kwargs)})
    return Call(function, args, kwargs)


def jaxpr_of(workspace: Workspace, source: str) -> Any:
    """The closed jaxpr of a call, or the one that the expression evaluates to; raises what tracing raises."""
    return _jaxpr_and_inputs(workspace, source)[0]


def _jaxpr_and_inputs(workspace: Workspace, source: str) -> tuple[Any, list[Any]]:
    call = parse_call(workspace, source)
    if call is not None:
        return trace(call)
    value = workspace.evaluate(source)
    if compat.is_closed_jaxpr(value):
        return value, _shapes(value)
    raise LensError("not a call and not a jaxpr")


def _shapes(jaxpr: Any) -> list[Any]:
    return [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in jaxpr.in_avals]


def trace(call: Call) -> tuple[Any, list[Any]]:
    """The closed jaxpr of a call, and its inputs: arrays, and the numbers whose values are not needed."""
    function, values = call.abstracted((bool, int, float, complex))
    try:
        return _traced(function, values)
    except Exception as error:
        for numbers in ((float, complex), ()):
            function, fewer = call.abstracted(numbers)
            if len(fewer) == len(values):
                continue
            values = fewer
            traced, _ = attempt(_traced, function, fewer)
            # With every number known nothing may be left to trace, and that is not what the call is to show.
            if traced and (traced[0].jaxpr.eqns or not isinstance(error, jax.errors.ConcretizationTypeError)):
                return traced
        raise


def _traced(function: Callable[..., Any], values: list[Any]) -> tuple[Any, list[Any]]:
    """The jaxpr of a function, or the one that it returns, as `jax.make_jaxpr(f)` does; and that one's inputs."""
    returned = []

    def outputs(*tracers: Any) -> Any:
        result = function(*tracers)
        if compat.is_closed_jaxpr(result):
            returned.append(result)
            return ()
        return result

    outputs.__name__ = outputs.__qualname__ = function.__name__
    jaxpr = jax.make_jaxpr(outputs)(*values)
    return (returned[0], _shapes(returned[0])) if returned else (jaxpr, values)


def default_jaxpr(value: Any, workspace: Workspace, source: str) -> Any | None:
    """The jaxpr of a step's last expression, whose value is known; None when it is nothing to trace."""
    if compat.is_closed_jaxpr(value):
        return value
    call, error = attempt(parse_call, workspace, _awaited_call(source), _is_worth_tracing)
    if error or call is None:
        return None  # it did not raise a moment ago: it has side effects, and nobody asked for this trace
    traced, error = attempt(trace, call)
    if traced is None:
        if error and _is_lesson_function(call.function):
            raise error
        return None
    return traced[0] if traced[0].jaxpr.eqns or traced[0].jaxpr.invars else None


def _awaited_call(source: str) -> str:
    """The call whose result `block_until_ready` waits for, else the source as it is."""
    node = parsed_expression(source)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "block_until_ready":
        inner = node.args[0] if node.args else node.func.value
        if isinstance(inner, ast.Call):
            return ast.unparse(inner)
    return source


def _is_worth_tracing(function: Any) -> bool:
    """Not printing, timing, NumPy or a class: functions of the lesson, of JAX, of libraries on top of it."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, (type, types.BuiltinFunctionType, types.MethodWrapperType, np.ufunc)):
        return False
    module = getattr(function, "__module__", None) or ""
    return module.partition(".")[0] not in _UNTRACED and not module.startswith(("jax.debug", "jax._src.debugging"))


def _is_lesson_function(function: Any) -> bool:
    """Whether lesson code defined it, whatever JAX wrapped around it."""
    for _ in range(20):
        file = getattr(getattr(function, "__code__", None), "co_filename", "")
        if LESSON_FILE.match(file):
            return True
        function = getattr(function, "__wrapped__", getattr(function, "func", None))
    return False


def facts(jaxpr: Any, origin: Place = None) -> dict[str, Any]:
    """The fields of a `Trace` that a jaxpr gives; `origin` is the source of what the call itself became."""
    equations = list(compat.equations(jaxpr))
    text, sources = annotated(compat.printed(jaxpr), origin)
    return {
        "jaxpr": text,
        "equations": len(equations),
        "primitives": sorted({str(equation.primitive.name) for equation in equations}),
        "sources": sources,
    }


def opcodes(workspace: Workspace, source: str) -> list[str]:
    """The opcodes of the call, compiled for the devices of its arguments; sorted, each once."""
    call = parse_call(workspace, source)
    if call is not None and compat.is_jitted(call.function):
        return parse_opcodes(_compiled_text(call.function.lower(*call.args, **call.kwargs)))
    jaxpr, inputs = trace(call) if call is not None else _jaxpr_and_inputs(workspace, source)
    function = compat.jaxpr_function(jaxpr)
    if function is None:
        raise LensError("not available on this version of JAX")
    return parse_opcodes(_compiled_text(jax.jit(function).lower(*inputs)))


def _compiled_text(lowered: Any) -> str:
    text = lowered.compile().as_text()
    if text is None:
        raise LensError("this backend does not show what it compiled")
    return str(text)


_INSTRUCTION = re.compile(r"^\s*(?:ROOT )?%?[\w.\-]+ = ", re.M)
_OPCODE = re.compile(r"\s*([a-z][\w\-]*)\(")


def parse_opcodes(hlo: str) -> list[str]:
    """The opcodes of an HLO text: result types may be tuples, with spaces and brackets inside."""
    found = set()
    for instruction in _INSTRUCTION.finditer(hlo):
        end = _type_end(hlo, instruction.end())
        if match := _OPCODE.match(hlo, end):
            found.add(match[1])
    return sorted(found)


def _type_end(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        character = text[place]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character in " \n" and depth <= 0:
            return place
    return len(text)


def ask(workspace: Workspace, question: str, say: Callable[[Any], str]) -> str:
    """The text of an expression's value, or of the number of equations in `equations of CALL`."""
    if match := _EQUATIONS_OF.match(question):
        return str(sum(1 for _ in compat.equations(jaxpr_of(workspace, match["call"]))))
    return say(workspace.evaluate(question))


def why_not(error: BaseException) -> str:
    """One line for a trace or a compilation that failed."""
    return str(error) if isinstance(error, LensError) else one_line(error)
