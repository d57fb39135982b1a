"""A mesh of two axes: collectives over one and over both, and what the compiler shards on its own."""

from functools import partial

import jax
import jax.numpy as jnp

n = jax.device_count()
mesh = jax.make_mesh((2, n // 2) if n > 1 else (1, 1), ("a", "b"), axis_types=(jax.sharding.AxisType.Auto,) * 2)
rows = jax.NamedSharding(mesh, jax.P("a", None))


@partial(jax.shard_map, mesh=mesh, in_specs=(jax.P("a", "b"), jax.P("b")), out_specs=jax.P("a"))
def product(a, x):
    total = jax.lax.psum(a @ x, "b")
    return total * jax.lax.axis_index("a")


@partial(jax.shard_map, mesh=mesh, in_specs=jax.P("a", "b"), out_specs=jax.P("b", "a"))
def shuffled(x):
    y = jax.lax.all_to_all(x, "a", 0, 1, tiled=True)
    return y.T * jax.lax.pmax(x.max(), ("a", "b"))


def automatic(x, w):
    h = jax.lax.with_sharding_constraint(jnp.tanh(x @ w), rows)
    return (h @ w.T).sum()


x = jax.device_put(jnp.ones((8, 8)), rows)
jax.jit(jax.grad(lambda a, v: product(a, v).sum()))(jnp.ones((4, 4)), jnp.ones(4))
shuffled(jnp.ones((4, 4)))
jax.jit(jax.grad(automatic, 1))(x, jnp.ones((8, 8)))
