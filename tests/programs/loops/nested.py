"""Functions in loops and loops in functions: jitted, with their own rules, kept and computed again."""

import jax
import jax.numpy as jnp


@jax.jit
def soft(x):
    return jnp.log(1.0 + jnp.exp(x))


@jax.custom_jvp
def cubed(x):
    return x**3


@cubed.defjvp
def cubed_rule(primals, tangents):
    (x,), (t,) = primals, tangents
    return cubed(x), 3.0 * x**2 * t


@jax.custom_vjp
def bounded(x):
    return jnp.clip(x, -1.0, 1.0)


def bounded_forward(x):
    return bounded(x), x


def bounded_back(x, g):
    return (jnp.where(jnp.abs(x) < 1.0, g, 0.1 * g),)


bounded.defvjp(bounded_forward, bounded_back)


@jax.checkpoint
def layer(w, x):
    return jnp.tanh(w @ x)


@jax.jit
def called(xs):
    def step(carry, x):
        return soft(carry) + soft(x), cubed(carry) * bounded(x)

    return jax.lax.scan(step, 0.0, xs)


@jax.jit
def outer(xs):
    @jax.jit
    def inner(ys):
        return jax.lax.scan(lambda c, y: (soft(c) + y, c), 0.0, ys)

    return inner(xs)[0] + inner(xs * 2.0)[0]


def loss(w, x):
    return jax.lax.scan(lambda c, _: (layer(w, c), None), x, None, length=4)[0].sum()


called(jnp.ones(5))
outer(jnp.ones(5))
jax.grad(lambda xs: called(xs)[1].sum())(jnp.ones(5))
jax.jit(jax.grad(loss))(jnp.eye(4), jnp.ones(4))
