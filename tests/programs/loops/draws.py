"""What JAX lowers once for several calls: keys split before a loop and in it, and a loop that runs twice."""

import jax
import jax.numpy as jnp


@jax.jit
def train(key):
    key, first = jax.random.split(key)
    key, second = jax.random.split(key)

    def body(key, _):
        key, drawn = jax.random.split(key)
        return key, drawn

    return first, second, jax.lax.scan(body, key, length=3)


def cell(h, x):
    h = jnp.tanh(h + x)
    return h, h * 2.0


@jax.jit
def layers(h, xs):
    h, ys = jax.lax.scan(cell, h, xs)
    h, zs = jax.lax.scan(cell, h, ys)
    return h, zs


train(jax.random.PRNGKey(0))
layers(jnp.arange(4.0), jnp.ones((3, 4)))
