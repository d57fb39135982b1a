"""While and fori loops, with bounds that are known and that are traced, nested and in scans."""

import jax
import jax.numpy as jnp


@jax.jit
def halved(x):
    return jax.lax.while_loop(lambda c: jnp.abs(c).sum() > 1.0, lambda c: c * 0.5 - 0.01, x)


@jax.jit
def counted(x):
    def goes_on(carry):
        number, value = carry
        return (number < 10) & (value < 100.0)

    def body(carry):
        number, value = carry
        return number + 1, value * 1.5 + number

    return jax.lax.while_loop(goes_on, body, (0, x))


@jax.jit
def fixed(w, x):
    return jax.lax.fori_loop(0, 5, lambda i, c: jnp.sin(w @ c) + i, x)


@jax.jit
def bounded(n, x):
    return jax.lax.fori_loop(0, n, lambda i, c: jnp.cos(c) * x[i % 4], x)


@jax.jit
def around(n, x):
    def row(i, total):
        def cell(j, part):
            return part + jnp.tanh(x[i] * j)

        return total + jax.lax.fori_loop(0, n, cell, 0.0)

    return jax.lax.fori_loop(0, 4, row, 0.0)


@jax.jit
def settled(xs):
    def step(carry, x):
        carry = jax.lax.while_loop(lambda c: c > 1.0, lambda c: c / 3.0, carry + x)
        return carry, jnp.exp(carry)

    return jax.lax.scan(step, 0.0, xs)


halved(jnp.ones(4))
counted(2.0)
fixed(jnp.eye(4), jnp.ones(4))
bounded(3, jnp.ones(4))
around(3, jnp.ones(4))
settled(jnp.ones(5))
