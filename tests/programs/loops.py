"""Loops of every kind, nested, mapped and differentiated."""

import jax
import jax.numpy as jnp


def settle(w, xs):
    def cell(h, x):
        h = jnp.tanh(w @ h + x)
        return h, jax.lax.fori_loop(0, 3, lambda i, a: a * 0.5 + jnp.sin(h).sum(), 1.0)

    return jax.lax.scan(cell, jnp.zeros(3), xs)[1].sum()


def collatz(n):
    def goes_on(carry):
        return carry[0] > 1

    def step(carry):
        n, count = carry
        return jnp.where(n % 2 == 0, n // 2, 3 * n + 1), count + 1

    return jax.lax.while_loop(goes_on, step, (n, 0))[1]


def newton(x):
    return jax.lax.map(lambda y: y - (y**2 - 2) / (2 * y), x)


def chosen(i, x):
    return jax.lax.switch(i, [jnp.sin, lambda y: jnp.cos(y) * 2, jnp.tanh], x)


jax.grad(lambda w, xs: jax.vmap(lambda x: settle(w, x))(xs).sum())(jnp.eye(3), jnp.ones((2, 5, 3)))
jax.vmap(collatz)(jnp.arange(1, 5))
newton(jnp.ones(5))
jax.jit(chosen)(1, jnp.ones(3))
