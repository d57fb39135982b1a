"""Integers and booleans, keys, spectra, trees of uneven shapes, code that prints, arguments that are donated."""

import jax
import jax.numpy as jnp


def bits(x, mask):
    y = (x << 2) ^ (x >> 1) | (x & 7)
    return jnp.sum(y * mask) // 3, ~mask, jnp.cumsum(x), x.at[2].set(5), x[::-1] % 3


def drawn(key):
    first, second = jax.random.split(key)
    return jax.random.normal(first, (3,)) + jax.random.uniform(second, (3,))


def spectrum(x):
    f = jnp.fft.rfft(x)
    return jnp.abs(f) ** 2, jnp.fft.irfft(f)


def uneven(tree, batch):
    doubled = jax.tree.map(lambda leaf: leaf * 2.0, tree)
    return {"dots": [jnp.dot(each, doubled["w"]) for each in batch], "all": sum(map(jnp.sum, jax.tree.leaves(doubled)))}


def printed(x):
    jax.debug.print("x={x}", x=x)
    jax.debug.print("x={x}", x=x - 1.0)
    return jnp.median(x)


descend = jax.jit(lambda w, g: (w - 0.1 * g, jnp.sum(g)), donate_argnums=0)

bits(jnp.arange(6), jnp.array([True, False] * 3))
drawn(jax.random.key(0))
spectrum(jnp.ones(8))
uneven({"w": jnp.ones(3), "b": (jnp.ones(2), [jnp.float32(1)])}, [jnp.ones((2, 3)), jnp.ones((1, 3))])
printed(jnp.ones(5))
descend(jnp.ones(3), jnp.ones(3))
