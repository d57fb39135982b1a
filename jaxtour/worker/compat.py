"""All that the runner asks of JAX outside its public API, each with an answer for when it is not there."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import jax
import jax.monitoring

with contextlib.suppress(ImportError):
    import jax.extend.core

_core: Any = getattr(getattr(jax, "extend", None), "core", None)

Announce: TypeAlias = Callable[[str, str, bool], None]
"""Told `trace` or `compile`, the function's name, and whether it begins or ends."""

_EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "trace",
    "/jax/core/compile/backend_compile_duration": "compile",
}


class CompileEvents:
    """Counts how often JAX traced and compiled since it was made; all zero where JAX does not tell."""

    def __init__(self) -> None:
        self.traces = 0
        self.compiles = 0
        self.announce: Announce | None = None

    def watch(self) -> None:
        """Register with JAX, for good; a listener that raised would raise in the lesson's own call."""
        with contextlib.suppress(AttributeError):
            jax.monitoring.register_scalar_listener(self._begun)
        with contextlib.suppress(AttributeError):
            jax.monitoring.register_event_duration_secs_listener(self._ended)

    def _begun(self, event: str, _value: float | int, **details: Any) -> None:
        if kind := _EVENTS.get(event):
            self._tell(kind, details, begins=True)

    def _ended(self, event: str, _seconds: float, **details: Any) -> None:
        kind = _EVENTS.get(event)
        if kind == "trace":
            self.traces += 1
        elif kind == "compile":
            self.compiles += 1
        if kind:
            self._tell(kind, details, begins=False)

    def _tell(self, kind: str, details: dict[str, Any], *, begins: bool) -> None:
        if self.announce is not None:
            with contextlib.suppress(Exception):
                self.announce(kind, str(details.get("fun_name", "")), begins)


def is_closed_jaxpr(value: Any) -> bool:
    """Whether it is a jaxpr with its constants, as `make_jaxpr` gives it."""
    return _core is not None and isinstance(value, _core.ClosedJaxpr)


def jaxpr_function(jaxpr: Any) -> Callable[..., Any] | None:
    """A function that computes a closed jaxpr, or None where JAX has no such thing."""
    make = getattr(_core, "jaxpr_as_fun", None)
    return make(jaxpr) if make else None


def equations(jaxpr: Any) -> Iterator[Any]:
    """Every equation of a jaxpr, those of the jaxprs in its parameters included."""
    for equation in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        yield equation
        for parameter in equation.params.values():
            yield from _nested(parameter)


def _nested(parameter: Any) -> Iterator[Any]:
    if hasattr(parameter, "eqns") or hasattr(getattr(parameter, "jaxpr", None), "eqns"):
        yield from equations(parameter)
    elif isinstance(parameter, (tuple, list)):
        for item in parameter:
            yield from _nested(item)
    elif isinstance(parameter, dict):
        for item in parameter.values():
            yield from _nested(item)


def printed(jaxpr: Any) -> str:
    """JAX's own text of a jaxpr, with `# file:line:column (function)` behind each equation where JAX offers that."""
    try:
        return str(jaxpr.pretty_print(source_info=True, use_color=False))
    except (AttributeError, TypeError):
        return str(jaxpr)


def committed(array: Any) -> bool | None:
    """Whether an array is bound to its devices; None where JAX does not tell."""
    value = getattr(array, "committed", getattr(array, "_committed", None))
    return value if isinstance(value, bool) else None


def key_numbers(keys: jax.Array) -> jax.Array:
    """The integers of PRNG keys; compiles something where JAX does not hand out the array below."""
    base = getattr(keys, "_base_array", None)
    return base if isinstance(base, jax.Array) else jax.random.key_data(keys)


def is_jitted(function: Any) -> bool:
    """Whether it can be lowered: the result of `jax.jit` or `jax.pmap`."""
    return callable(getattr(function, "lower", None)) and callable(getattr(function, "trace", None))


def flops(stage: Any) -> float | None:
    """The floating-point operations that XLA counts in a lowered or compiled call; None where it does not."""
    try:
        analysis = stage.cost_analysis()
    except Exception:  # what a backend without cost analysis raises differs by backend
        return None
    if isinstance(analysis, (list, tuple)):
        analysis = analysis[0] if analysis else None
    return float(analysis.get("flops", 0.0)) if isinstance(analysis, dict) else None
