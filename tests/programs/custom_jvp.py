"""A function with its own derivative."""

import jax
import jax.numpy as jnp


@jax.custom_jvp
def log1pexp(x):
    return jnp.log(1.0 + jnp.exp(x))


@log1pexp.defjvp
def log1pexp_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1pexp(x), (1.0 - 1.0 / (1.0 + jnp.exp(x))) * t


def loss(x):
    return log1pexp(x * 3.0).sum()


loss(jnp.arange(3.0))
jax.grad(loss)(jnp.arange(3.0))
