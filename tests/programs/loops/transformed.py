"""Loops and branches that are differentiated, batched, linearized and spread over devices."""

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P


def rolled(w, xs):
    def cell(h, x):
        h = jnp.tanh(w @ h + x)
        return h, h.sum()

    return jax.lax.scan(cell, jnp.zeros(4), xs)[1].sum()


def doubled(x):
    return jax.lax.fori_loop(0, 3, lambda i, c: jnp.sin(c) * 2.0, x)


def steady(x):
    return jax.lax.while_loop(lambda c: c < 4.0, lambda c: c + jnp.exp(-c), x)


def branched(x):
    return jax.lax.cond(x > 0.0, lambda y: jnp.log1p(y), lambda y: y * 0.1, x)


def tangent(x):
    return jax.jvp(doubled, (x,), (jnp.ones_like(x),))


def line(x):
    y, f = jax.linearize(doubled, x)
    return y + f(x * 0.5)


@jax.jit
def spread(x):
    mesh = jax.make_mesh((2,), ("d",), axis_types=(jax.sharding.AxisType.Auto,))

    def local(part):
        total = jax.lax.psum(part.sum(), "d")
        return jax.lax.fori_loop(0, 3, lambda i, c: c * 0.5 + total, part)

    return jax.shard_map(local, mesh=mesh, in_specs=P("d"), out_specs=P("d"))(x)


jax.grad(rolled)(jnp.eye(4), jnp.ones((6, 4)))
jax.jit(jax.vmap(jax.grad(rolled), in_axes=(None, 0)))(jnp.eye(4), jnp.ones((3, 6, 4)))
jax.vmap(steady)(jnp.ones(3))
jax.vmap(branched)(jnp.ones(3))
jax.jit(jax.grad(branched))(1.0)
jax.jit(tangent)(jnp.ones(3))
line(jnp.ones(3))
spread(jnp.ones(8))
jax.pmap(doubled)(jnp.ones((2, 3)))
