"""A jitted function inside another, called twice."""

import jax
import jax.numpy as jnp


@jax.jit
def inner(x):
    return jnp.sin(x) * 2.0


@jax.jit
def outer(x):
    first = inner(x)
    return inner(first + 1.0) - first


outer(jnp.arange(4.0))
