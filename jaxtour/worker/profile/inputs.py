"""What a profile calls: a jitted function as the learner calls it, or else the program that jit makes of the call."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from .. import compat
from ..ir.lens import Call, LensError
from ..ir.stages import Staged
from ..timing.placing import leaves


def call_of(staged: Staged) -> tuple[Call, list[dict[str, str]]]:
    """The call that runs a staged program, and verdicts on its inputs; raises `LensError` if there is none."""
    if staged.call is not None:
        if any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in leaves(staged.call)):
            raise LensError("the call has inputs without data: give it arrays, as jnp.ones(...) for S(...)")
        said = [] if staged.is_jitted else [_NOT_JITTED]
        return staged.call, said
    run = compat.call_of(staged.compiled)
    if run is None or staged.program is None:
        raise LensError("running a recorded program again is not available on this version of JAX")
    lowering = staged.program.lowering
    return Call(run, tuple(made(staged.program.jaxpr.in_avals, lowering.shardings)), {}), [_MADE]


_NOT_JITTED = {
    "code": "not_jitted",
    "message": "The call is not jitted: this is the program that jit would make of it, which runs faster.",
}
_MADE = {
    "code": "made_inputs",
    "message": "The program's own inputs are gone: it ran on random numbers in [0, 1), and on zeros for integers.",
}


def made(avals: Sequence[Any], shardings: Sequence[Any]) -> list[Any]:
    """Arrays of these types and shardings."""
    values = []
    for number, aval in enumerate(avals):
        sharding = shardings[number] if number < len(shardings) else None
        value = _made(aval, jax.random.fold_in(jax.random.key(0), number))
        values.append(value if sharding is None else jax.device_put(value, sharding))
    return values


def _made(aval: Any, key: jax.Array) -> jax.Array:
    if jnp.issubdtype(aval.dtype, jax.dtypes.prng_key):
        return jax.random.split(key, aval.shape) if aval.shape else key
    if jnp.issubdtype(aval.dtype, jnp.inexact):
        return jax.random.uniform(key, aval.shape).astype(aval.dtype)
    return jnp.zeros(aval.shape, aval.dtype)
