"""What a timing does not mean: the ways in which a number looks like speed and is something else."""

from typing import Any

import jax
import numpy as np

from . import compat
from .failures import attempt

DISPATCH_S = 30e-6
CAPTURED_BYTES = 4096
_FOLDED_FROM = 1e4
_FOLDED_TO = 0.05


def of_inputs(inputs: list[Any], *, jitted: bool, placed: bool) -> list[dict[str, str]]:
    """Verdicts that the arguments alone give; `placed` inputs were put on the device before the clock started."""
    found = []
    arrays = [leaf for leaf in inputs if isinstance(leaf, (jax.Array, np.ndarray))]
    if jitted and not any(
        isinstance(leaf, (jax.Array, np.ndarray, np.generic, bool, int, float, complex)) for leaf in inputs
    ):
        found.append(_verdict("zero_args", "The call passes no arrays, so XLA may do its work while compiling."))
    host = [leaf for leaf in arrays if isinstance(leaf, np.ndarray)]
    if jitted and host and not placed:
        found.append(_verdict("host_input", "A NumPy array is copied to the device in every call."))
    wide = any(leaf.dtype in (np.float64, np.complex128) for leaf in host)
    if wide and not getattr(jax.config, "jax_enable_x64", False):
        found.append(
            _verdict("float64_input", "A float64 input is computed in float32: 64 bits are switched off in jax.")
        )
    return found


def of_compilation(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[dict[str, str]]:
    """Verdicts on what XLA was given and what it made of it, for a jitted function; none where JAX does not tell."""
    stages, error = attempt(_stages, function, args, kwargs)
    if error or not stages:
        return []  # the call itself worked: nothing to tell is no reason to fail
    traced, lowered, compiled = stages
    found = []
    if (captured := compat.captured_bytes(traced)) > CAPTURED_BYTES:
        size = f"{captured / 1e6:.1f} MB" if captured >= 1e5 else f"{captured / 1e3:.1f} kB"
        found.append(_verdict("captured_constants", f"Arrays of {size} are built into the function, not passed to it."))
    before, after = compat.flops(lowered), compat.flops(compiled)
    if before is None or after is None or before < _FOLDED_FROM or after < 0:
        return found
    leaves = jax.tree.leaves((args, kwargs))
    after *= max((len(leaf.sharding.device_set) for leaf in leaves if isinstance(leaf, jax.Array)), default=1)
    # XLA counts nothing in calls of libraries, which is what a GPU makes of a matrix product.
    if after < _FOLDED_TO * before and "custom-call" not in (compiled.as_text() or ""):
        message = f"XLA did the work while compiling: of {before:.2g} operations {after:.2g} are left to run."
        found.append(_verdict("folded", message))
    return found


def _stages(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    lowered = function.lower(*args, **kwargs)
    return function.trace(*args, **kwargs), lowered, lowered.compile()


def of_run(result: Any, *, compilations: int, calls: int, median: float, jitted: bool) -> list[dict[str, str]]:
    """Verdicts that the timed calls themselves give; seconds."""
    found = []
    if compilations:
        message = f"JAX traced or compiled {compilations} times in {calls} calls: this is the time of compiling."
        found.append(_verdict("retraced", message))
    holds_arrays = any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(result))
    if not holds_arrays:
        message = "The result is no JAX array: the time includes fetching it, or misses work still under way."
        found.append(_verdict("no_array_result", message))
    if median < DISPATCH_S and (jitted or holds_arrays):
        message = "Below 30 µs this is the time of calling from Python, not of computing."
        found.append(_verdict("dispatch_bound", message))
    return found


def _verdict(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}
