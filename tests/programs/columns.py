"""Columns: after text of several bytes, over several lines, under tabs, in names that are not ASCII."""
# ruff: noqa: E702, W191
# fmt: off

import jax
import jax.numpy as jnp


def θ(x, größe):
    s = "日本語 🎉"; y = jnp.sin(x) + jnp.cos(größe)
    z = (w := jnp.tanh(y)) * w; name = f"{'é' * 3}{z.shape}{s}"; v = jnp.exp(z) * len(name)
    return \
        v \
        - jnp.log1p(
            jnp.abs(
                x
            )
        ) * größe


def under_tabs(x):
	ü = "ü";	b = jnp.sqrt(x);	c = jnp.cbrt(x) * len(ü)
	return b / c


def nested(é): return jnp.exp2(é) - (lambda 变: (lambda q: q - 1.5)(变) * 变)(é)


θ(jnp.ones(3), jnp.arange(3.0))
under_tabs(jnp.ones(4))
nested(jnp.ones(5))
jax.grad(lambda x: θ(x, x).sum())(jnp.ones(3))
