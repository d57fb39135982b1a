"""A Pallas kernel, interpreted, and references that are written to."""

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl


def kernel(x_ref, y_ref, o_ref):
    o_ref[...] = x_ref[...] * 2.0 + jnp.sin(y_ref[...])


@jax.jit
def added(x, y):
    half = pl.BlockSpec((x.size // 2,), lambda i: (i,))
    whole = jax.ShapeDtypeStruct(x.shape, x.dtype)
    return pl.pallas_call(kernel, whole, grid=(2,), in_specs=[half, half], out_specs=half, interpret=True)(x, y)


def written(x):
    ref = jax.new_ref(x)
    ref[...] = jnp.exp(ref[...])
    ref[0] += 1.0
    return ref[...]


added(jnp.ones(8), jnp.ones(8))
jax.jit(written)(jnp.ones(4))
