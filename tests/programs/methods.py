"""Methods, partials, decorators with arguments."""

from functools import partial, wraps

import jax
import jax.numpy as jnp


def twice(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs) - function(
            *args,
            **kwargs,
        )

    return wrapper


@twice
@partial(jax.jit, static_argnames=("n",))
def power(x, n):
    for _ in range(n):
        x = x * x
    return x


class Layer:
    def __init__(self, w):
        self.w = w

    @partial(jax.jit, static_argnums=0)
    def __call__(self, x):
        return self.activate(x @ self.w)

    def activate(self, x):
        return jnp.maximum(x, self.slope * x)

    @property
    def slope(self):
        return jnp.sin(self.w).mean()

    @staticmethod
    @jax.jit
    def scale(x):
        return x / jnp.linalg.norm(x)


layer = Layer(jnp.eye(3))
power(jnp.ones(3), n=2)
layer(jnp.ones((2, 3)))
Layer.scale(jnp.ones(3))
jax.vmap(jax.grad(partial(lambda s, x: (jnp.cos(x) ** s).sum(), 3)))(jnp.ones((4, 3)))
