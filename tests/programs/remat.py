"""Activations that are computed again in the backward pass."""

import jax
import jax.numpy as jnp


@jax.checkpoint
def layer(x, w):
    return jnp.tanh(x @ w)


def loss(ws, x):
    for w in ws:
        x = layer(x, w)
    return (x**2).mean()


weights = [jnp.eye(4) * 0.5, jnp.eye(4) * 0.25]
jax.grad(loss)(weights, jnp.ones((2, 4)))
