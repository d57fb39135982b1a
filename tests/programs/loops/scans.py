"""Scans: with and without inputs, backwards, unrolled, of length one, nested; maps and associative scans."""

import jax
import jax.numpy as jnp


@jax.jit
def recurrent(w, xs):
    def cell(h, x):
        h = jnp.tanh(w @ h + x)
        return h, h.sum()

    return jax.lax.scan(cell, jnp.zeros(8), xs)


def powers(x):
    def step(carry, _):
        carry = carry * 0.5 + jnp.sin(carry)
        return carry, carry.max()

    return jax.lax.scan(step, x, None, length=6)


@jax.jit
def backwards(xs):
    def step(total, x):
        return total + jnp.cos(x), total * 3.0

    return jax.lax.scan(step, 0.0, xs, reverse=True)


@jax.jit
def unrolled(xs):
    def step(total, x):
        return jnp.exp(total) + x, total - 1.0

    return jax.lax.scan(step, 0.0, xs, unroll=2)


@jax.jit
def once(xs):
    def step(total, x):
        return total + x * 2.0, jnp.sqrt(total)

    return jax.lax.scan(step, 0.0, xs, length=1)


@jax.jit
def nested(xs):
    def outer(total, row):
        def inner(part, x):
            return part + jnp.log1p(x), part * x

        part, every = jax.lax.scan(inner, total, row)
        return part + 1.0, every.sum()

    return jax.lax.scan(outer, 0.0, xs)


@jax.jit
def mapped(xs):
    return jax.lax.map(lambda x: jnp.tanh(x) + x @ x, xs)


@jax.jit
def batches(xs):
    return jax.lax.map(lambda x: jnp.sin(x).sum() * 2.0, xs, batch_size=2)


@jax.jit
def prefixes(xs):
    return jax.lax.associative_scan(lambda a, b: a * b + 1.0, xs)


recurrent(jnp.ones((8, 8)), jnp.ones((10, 8)))
powers(jnp.ones(3))
backwards(jnp.ones(5))
unrolled(jnp.ones(6))
once(jnp.ones(1))
nested(jnp.ones((3, 4)))
mapped(jnp.ones((4, 8)))
batches(jnp.ones((4, 8)))
prefixes(jnp.ones(9))
