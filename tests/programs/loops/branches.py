"""Branches on their own and in loops, chosen by a flag, by a number and by value."""

import jax
import jax.numpy as jnp


@jax.jit
def either(flag, x):
    return jax.lax.cond(flag, lambda y: jnp.sin(y) * 2.0, lambda y: jnp.cos(y) - 1.0, x)


@jax.jit
def one_of(i, x):
    return jax.lax.switch(i, [jnp.tanh, lambda y: y @ y + y, lambda y: jnp.exp(y) / 2.0], x)


def chosen(x):
    return jax.lax.select(x > 0.0, jnp.log1p(x), x * 0.1)


@jax.jit
def within(xs):
    def step(carry, x):
        carry = jax.lax.cond(x > 0.5, lambda c: c + jnp.sqrt(x), lambda c: c * 0.5, carry)
        return carry, carry - x

    return jax.lax.scan(step, 1.0, xs)


@jax.jit
def loops(flag, xs):
    def long(ys):
        return jax.lax.scan(lambda c, y: (c + jnp.sin(y), c), 0.0, ys)[0]

    def short(ys):
        return jax.lax.fori_loop(0, 3, lambda i, c: c * ys[i], 1.0)

    return jax.lax.cond(flag, long, short, xs)


either(True, jnp.ones(3))
one_of(1, jnp.ones(3))
chosen(jnp.ones(3))
within(jnp.ones(6))
loops(True, jnp.ones(6))
