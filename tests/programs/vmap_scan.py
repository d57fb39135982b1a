"""A recurrence over time, batched."""

import jax
import jax.numpy as jnp


def recurrence(w, xs):
    def step(state, x):
        state = jnp.tanh(w @ state + x)
        return state, state.sum()

    return jax.lax.scan(step, jnp.zeros(3), xs)


jax.vmap(recurrence, in_axes=(None, 0))(jnp.eye(3), jnp.ones((4, 6, 3)))
jax.grad(lambda w, xs: recurrence(w, xs)[1].sum())(jnp.eye(3), jnp.ones((6, 3)))
