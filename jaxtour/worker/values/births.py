"""The birth of a nan or an inf: the equation that made it from operands without one, at which index, in which pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from .statistics import elements, summary

NonFinite: TypeAlias = Literal["nan", "inf"]
Pass: TypeAlias = Literal["forward", "backward"]

_ELEMENTWISE = frozenset({
    "abs", "acos", "acosh", "add", "add_any", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clamp",
    "convert_element_type", "copy", "cos", "cosh", "digamma", "div", "erf", "erf_inv", "erfc", "exp", "exp2", "expm1",
    "floor", "integer_pow", "lgamma", "log", "log1p", "logistic", "max", "min", "mul", "neg", "nextafter", "pow",
    "real", "imag", "reduce_precision", "rem", "round", "rsqrt", "select_n", "sign", "sin", "sinh", "sqrt", "square",
    "sub", "tan", "tanh",
})  # fmt: skip
"""Primitives whose every element comes from the operands' elements at the same index."""


class EquationScope(NamedTuple):
    """An equation that is being evaluated, in its jaxpr, and in which iteration if that is a loop's body."""

    jaxpr: Any
    equation: Any
    iteration: int | None = None
    """The iteration of the loop that the equation is."""


@dataclass(frozen=True)
class Birth:
    """The equation that made the first nan or inf."""

    equation: Any
    kind: NonFinite
    operands: list[dict[str, Any]]
    """Its operands, each as an `Operand` on the wire."""
    index: tuple[int, ...]
    direction: Pass | None
    iteration: int | None
    """The iteration of the innermost loop around it."""
    loops: int
    """The number of loops around it."""


def born(
    scopes: Sequence[EquationScope], operands: Sequence[Any], results: Sequence[Any], *, finite: bool
) -> Birth | None:
    """Return the first nan or inf that the innermost scope's equation made from finite operands; None without one.

    Without `finite`, the first nan that it made from operands without nan. Operands count at the same index where the
    equation works element by element, and elsewhere as a whole.
    """
    equation = scopes[-1].equation
    fine = np.isfinite if finite else _no_nan
    for result in results:
        array = elements(result)
        if array is None or array.dtype.kind not in "fc":
            continue
        made = ~fine(array)
        for operand in operands if made.any() else ():
            there = elements(operand)
            if there is not None and there.dtype.kind in "fc":
                alike = _is_elementwise(equation, operand, result)
                made &= _spread(fine(there), operand, result) if alike else bool(fine(there).all())
        if made.any():
            place = int(made.argmax())
            return _birth(scopes, "nan" if np.isnan(array[place]) else "inf", operands, result, place)
    return None


def _no_nan(array: Any) -> Any:
    return ~np.isnan(array)


def _is_elementwise(equation: Any, operand: Any, result: Any) -> bool:
    """Return whether each element of the result comes from one of the operand, which may have axes of size 1."""
    sizes, wanted = np.shape(operand), np.shape(result)
    if equation.primitive.name not in _ELEMENTWISE or len(sizes) != len(wanted):
        return False
    return all(size in (1, want) for size, want in zip(sizes, wanted, strict=True))


def _spread(elements_of: Any, operand: Any, result: Any) -> Any:
    """Return the elements of an operand, flat, as often as the result needs them."""
    if np.shape(operand) == np.shape(result):
        return elements_of
    return np.broadcast_to(elements_of.reshape(np.shape(operand)), np.shape(result)).reshape(-1)


def _birth(scopes: Sequence[EquationScope], kind: NonFinite, operands: Sequence[Any], result: Any, place: int) -> Birth:
    equation = scopes[-1].equation
    index = tuple(int(each) for each in np.unravel_index(place, result.shape))
    iterations = [scope.iteration for scope in scopes if scope.iteration is not None]
    return Birth(
        equation,
        kind,
        [_operand(each, index if _is_elementwise(equation, each, result) else None) for each in operands],
        index,
        direction(scopes),
        iterations[-1] if iterations else None,
        len(iterations),
    )


def _operand(value: Any, index: tuple[int, ...] | None) -> dict[str, Any]:
    """Return an operand's type, its value at an index or if it is a single number, and its range."""
    array = elements(value)
    shape = tuple(getattr(value, "shape", ()))
    told = {"shape": list(shape), "dtype": str(getattr(value, "dtype", type(value).__name__)), "index": None}
    if array is None:
        return {**told, "value": None, "min": None, "max": None}
    found = summary(value)
    index = index and tuple(place if size > 1 else 0 for place, size in zip(index, shape, strict=True))
    place = int(np.ravel_multi_index(index, shape)) if index else 0
    one = plain(array[place]) if index is not None or array.size == 1 else None
    low, high = (found.low, found.high) if found else (None, None)
    return {**told, "index": list(index) if index else None, "value": one, "min": low, "max": high}


def plain(number: Any) -> float | int | str | None:
    """Return a number as JSON represents it; its text where JSON cannot: `nan`, `inf`, `1+2j`."""
    if number.dtype.kind in "bui":
        return int(number)
    return float(number) if number.dtype.kind == "f" and np.isfinite(number) else str(number).strip("()")


# Forward and backward -------------------------------------------------------------------------------------------------


def direction(scopes: Sequence[EquationScope]) -> Pass | None:
    """Return the pass of the innermost scope's equation; None without differentiation.

    JAX names what it transposes. It also computes, while it goes forward, factors that only the backward pass uses,
    such as the 0.5/sqrt(x) of a square root: these count as backward.
    """
    stacks = [_stack(scope.equation) for scope in scopes]
    if any("transpose(" in stack for stack in stacks):
        return "backward"
    if not any("jvp(" in stack for stack in stacks):
        return None
    return "backward" if _is_for_backward(scopes) else "forward"


def _stack(equation: Any) -> str:
    return str(getattr(equation.source_info, "name_stack", ""))


def _is_for_backward(scopes: Sequence[EquationScope]) -> bool:
    """Return whether everything computed from an equation's results ends in the backward pass."""
    wanted = [var for var in scopes[-1].equation.outvars if not _is_dropped(var)]
    for depth in range(len(scopes) - 1, -1, -1):
        outer = _used_forward(scopes[depth].jaxpr, wanted)
        if outer == []:
            return True
        around = scopes[depth - 1].equation if outer and depth else None
        # A loop uses its condition itself.
        if around is None or (around.primitive.name == "while" and len(scopes[depth].jaxpr.outvars) == 1):
            return False
        wanted = [around.outvars[place] for place in outer or ()]
        if any(map(_is_dropped, wanted)):
            return False
    return False


def _used_forward(jaxpr: Any, wanted: Sequence[Any]) -> list[int] | None:
    """Return the places among the jaxpr's results that depend on variables; None if the forward pass uses one."""
    users: dict[Any, list[Any]] = {}
    for equation in jaxpr.eqns:
        for atom in equation.invars:
            if not hasattr(atom, "val"):
                users.setdefault(atom, []).append(equation)
    places: dict[Any, list[int]] = {}
    for place, atom in enumerate(jaxpr.outvars):
        if not hasattr(atom, "val"):
            places.setdefault(atom, []).append(place)
    waiting, seen, found = list(wanted), set(wanted), []
    while waiting:
        var = waiting.pop()
        found += places.get(var, [])
        if var not in users and var not in places:
            return None
        for equation in users.get(var, ()):
            if "transpose(" in _stack(equation):
                continue
            results = [each for each in equation.outvars if not _is_dropped(each)]
            if not results:
                return None
            waiting += [each for each in results if each not in seen]
            seen.update(results)
    return found


def _is_dropped(var: Any) -> bool:
    return type(var).__name__ == "DropVar"
