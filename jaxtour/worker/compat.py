"""All that the runner asks of JAX outside its public API, each with an answer for when it is not there."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import jax
import jax.monitoring
import jax.numpy as jnp

with contextlib.suppress(ImportError):
    import jax.extend.core
    import jax.extend.source_info_util

_NUMPY_INTEGER = re.compile(r"\bnp\.u?int\d+\((-?\d+)\)")
_PMAP_AXIS = re.compile(r"<axis 0x[0-9a-f]+>")
_SET = re.compile(r"frozenset\(\{([^{}()]*)\}\)")
_core: Any = getattr(getattr(jax, "extend", None), "core", None)

_JAX_FOLDER = str(Path(jax.__file__).parent) + os.sep

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

    def _begun(self, event: str, value: float | int, **details: Any) -> None:  # noqa: ARG002  the signature is JAX's
        if kind := _EVENTS.get(event):
            self._tell(kind, details, begins=True)

    def _ended(self, event: str, duration_secs: float, **details: Any) -> None:  # noqa: ARG002
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


def transformation(function: Any) -> str | None:
    """`jit`, `grad`, `vmap`: how JAX made a function of the one that it wraps; None where it did not."""
    if getattr(function, "__wrapped__", None) is None:
        return None
    if is_jitted(function):
        return "jit"
    name = _made_in(function)
    if name == "api_boundary":  # JAX's own wrapper that filters tracebacks; what it wraps is in its closure
        inner = (cell.cell_contents for cell in function.__closure__ or ())
        name = next((found for value in inner if (found := _made_in(value))), None)
    return name


def _made_in(function: Any) -> str | None:
    """The name of the JAX function inside which a function was defined."""
    code = getattr(function, "__code__", None)
    if code is None or not code.co_filename.startswith(_JAX_FOLDER):
        return None
    return str(code.co_qualname).partition(".")[0]


def flops(stage: Any) -> float | None:
    """The floating-point operations that XLA counts in a lowered or compiled call; None where it does not."""
    try:
        analysis = stage.cost_analysis()
    except Exception:  # what a backend without cost analysis raises differs by backend
        return None
    if isinstance(analysis, (list, tuple)):
        analysis = analysis[0] if analysis else None
    return float(analysis.get("flops", 0.0)) if isinstance(analysis, dict) else None


def tidy(text: str) -> str:
    """JAX's text of a jaxpr without what is no part of it: NumPy's integers, addresses, the order of sets."""
    return _SET.sub(_sorted_set, _PMAP_AXIS.sub("<axis>", _NUMPY_INTEGER.sub(r"\1", text)))


def _sorted_set(match: re.Match[str]) -> str:
    return f"frozenset({{{', '.join(sorted(match[1].split(', ')))}}})"


def warm_up() -> None:
    """Compile something that no lesson compiles: the first compilation of a process costs 0.1 s more than others."""
    jax.jit(lambda x: jax.lax.neg(jax.lax.exp(x))).lower(1.0).compile()


def see_only_lesson_frames(*folders: str) -> None:
    """Have JAX name lesson code, not the libraries in `folders` or the runner, as an equation's source."""
    register = getattr(getattr(jax.extend, "source_info_util", None), "register_exclusion", None)
    if register is not None:
        for folder in folders:
            register(folder.rstrip(os.sep) + os.sep)


def is_key(array: jax.Array) -> bool:
    """Whether it holds PRNG keys of the typed kind."""
    return bool(jnp.issubdtype(array.dtype, jax.dtypes.prng_key))


def is_tracer(value: Any) -> bool:
    """Whether it stands for a value during tracing."""
    return isinstance(value, jax.core.Tracer)


def captured_bytes(traced: Any) -> int:
    """How much a traced call closes over instead of being passed; 0 where JAX does not tell."""
    constants = getattr(getattr(traced, "jaxpr", None), "consts", ())
    return sum(int(getattr(constant, "nbytes", 0)) for constant in constants)
