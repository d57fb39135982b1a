"""Lambdas, comprehensions, several functions, and two calls on one line."""

import functools

import jax
import jax.numpy as jnp

square = lambda x: x * x  # noqa: E731


def halves(x):
    return [part.sum() for part in (x[:2], x[2:])]


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) + 0.0

    return wrapper


@logged
@jax.jit
def both(x):
    a, b = halves(jnp.cos(x))
    return jnp.sin(a) + jnp.sin(b) * square(a) + sum(square(p) for p in (a, b))


both(jnp.arange(4.0))
jax.vmap(lambda x: jax.lax.map(lambda y: jnp.exp(y) + square(y), x))(jnp.ones((2, 3)))
