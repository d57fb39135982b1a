"""Evaluating single equations of a jaxpr, which JAX's public API does only for whole jaxprs."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from .compat import closed, jaxpr_function

_INSIDE = {
    "jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "remat": "jaxpr",
    "remat2": "jaxpr", "checkpoint": "jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
}  # fmt: skip
"""The parameter with the jaxpr that an equation only wraps."""


def parts(jaxpr: Any) -> tuple[Any, list[Any]]:
    """Return a jaxpr, closed or not, as the same object each time, and its constants."""
    return getattr(jaxpr, "jaxpr", jaxpr), list(getattr(jaxpr, "consts", ()))


def wrapped_jaxpr(equation: Any) -> Any | None:
    """Return the jaxpr that an equation evaluates once on its operands; None if it does anything else."""
    return equation.params.get(_INSIDE.get(equation.primitive.name, ""))


def scan_parts(equation: Any) -> tuple[int, int]:
    """Return the numbers of a scan's constants and carried values: both come before what it scans over."""
    groups = equation.params.get("ft_in")
    if groups is not None:
        consts, carry, _ = (len(part) for part in groups.unpack())
        return consts, carry
    return equation.params["num_consts"], equation.params["num_carry"]


def evaluated(equation: Any, values: list[Any]) -> list[Any]:
    """Return the results of one equation; raises what evaluating it raises."""
    parameters = equation.primitive.get_bind_params(equation.params)
    # Up to JAX 0.9 the functions among the parameters come apart.
    functions, parameters = parameters if isinstance(parameters, tuple) else ((), parameters)
    results = equation.primitive.bind(*functions, *values, **parameters)
    return list(results) if equation.primitive.multiple_results else [results]


def compiled_whole(equation: Any) -> Callable[..., list[Any]]:
    """Return a jitted function that evaluates one equation with everything nested in it."""

    def whole(*values: Any) -> list[Any]:
        return evaluated(equation, list(values))

    return jax.jit(whole)


def context(equation: Any) -> contextlib.AbstractContextManager[Any]:
    """Return the settings under which an equation was traced, such as its mesh; none where JAX does not keep them."""
    return getattr(getattr(equation, "ctx", None), "manager", None) or contextlib.nullcontext()


def is_plain(atom: Any) -> bool:
    """Return whether an atom is an array that operations can slice and stack: no reference, token or empty tangent."""
    aval = atom.aval
    return hasattr(aval, "shape") and not hasattr(aval, "inner_aval") and aval.dtype != jax.dtypes.float0


def has_effects(equation: Any) -> bool:
    """Return whether evaluating an equation does more than compute: it prints, calls back, or changes a reference."""
    return bool(getattr(equation, "effects", ())) or "callback" in equation.primitive.name


@contextlib.contextmanager
def as_traced(jaxpr: Any) -> Iterator[None]:
    """Evaluate inside this context: without JAX's own checks for nan, and with 64 bits if the jaxpr has them."""
    with contextlib.ExitStack() as settings:
        settings.enter_context(jax.debug_nans(False))
        settings.enter_context(jax.debug_infs(False))
        settings.enter_context(jax.disable_jit(False))
        wide = any(getattr(each.aval, "dtype", None) in _WIDE for each in (*jaxpr.invars, *jaxpr.outvars))
        enable = getattr(jax, "enable_x64", None)
        if wide and enable is not None and not getattr(jax.config, "jax_enable_x64", False):
            settings.enter_context(enable(True))
        yield


_WIDE = tuple(map(jnp.dtype, ("float64", "int64", "uint64", "complex128")))


def function_of(jaxpr: Any, constants: list[Any]) -> Callable[..., list[Any]]:
    """Return a function that evaluates a jaxpr with these constants, also while it is traced."""
    function = jaxpr_function(closed(jaxpr, constants))
    if function is None:
        raise LookupError("not available on this version of JAX")
    return function


def as_array(value: Any, atom: Any) -> Any:
    """Return the value of an atom as an array; JAX keeps that of a literal as a number."""
    return jnp.asarray(value, atom.aval.dtype) if isinstance(value, (bool, int, float, complex)) else value
