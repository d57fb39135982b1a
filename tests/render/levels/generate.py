"""Write the levels of some compositions as the worker sends them: `PYTHON generate.py > VERSION.json`, from any folder.

A composition is a list of levels, each with its label and the `stage` events of its jaxpr.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

import jax

jax.config.update("jax_platforms", "cpu")

from jaxtour.worker.ir import lens  # noqa: E402

PROGRAM = """
import functools
import jax
import jax.numpy as jnp
from jax import lax

w, x, xs, ys = jnp.ones(2), jnp.ones(2), jnp.ones((3, 2)), jnp.ones(3)

def f(w, x):
    return jnp.tanh(jnp.dot(w, x) / 2) ** 2

def renamed(first, second):
    other = jnp.dot(first, second) / 2
    return jnp.tanh(other) ** 2

@jax.jit
def inner(x):
    return jnp.sin(x) * 2

def outer(x):
    return inner(x).sum() + jnp.var(x)

def rolled(c, xs):
    def step(c, x):
        c = c * 0.5 + jnp.sin(x).sum()
        return c, c * x
    return lax.scan(step, c, xs)

def last(c, xs):
    return rolled(c, xs)[0]

@jax.custom_jvp
def soft(x):
    return jnp.log(1.0 + jnp.exp(x))

soft.defjvp(lambda p, t: (soft(p[0]), t[0] * jnp.exp(p[0]) / (1.0 + jnp.exp(p[0]))))

def block(p, x):
    q, k, v = [x @ p[n] for n in "qkv"]
    x = x + jax.nn.softmax(q @ k.T / 2.0) @ v @ p["o"]
    x = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return (x + jax.nn.gelu(x @ p["u"]) @ p["d"]).sum()

p = {n: jnp.ones((8, 8)) for n in "qkvoud"}
rows = jnp.ones((5, 8))
"""

COMPOSITIONS = {
    "grad vmap jit": [
        ("f", "f", "w, x"),
        ("grad(f)", "jax.grad(f)", "w, x"),
        ("vmap(grad(f))", "jax.vmap(jax.grad(f), in_axes=(None, 0))", "w, xs"),
        ("jit(vmap(grad(f)))", "jax.jit(jax.vmap(jax.grad(f), in_axes=(None, 0)))", "w, xs"),
    ],
    "nested jit": [
        ("outer", "outer", "x"),
        ("grad(outer)", "jax.grad(outer)", "x"),
        ("vmap(grad(outer))", "jax.vmap(jax.grad(outer))", "xs"),
    ],
    "scan": [
        ("last", "last", "1.0, xs"),
        ("grad(last)", "jax.grad(last)", "1.0, xs"),
        ("vmap(last)", "jax.vmap(last, in_axes=(0, None))", "ys, xs"),
        ("checkpoint(last)", "jax.checkpoint(last)", "1.0, xs"),
    ],
    "custom": [("soft", "soft", "x"), ("vmap(soft)", "jax.vmap(soft)", "xs")],
    "block": [("block", "block", "p, rows"), ("grad(block)", "jax.grad(block)", "p, rows")],
}


def main():
    namespace = {}
    exec(compile(PROGRAM, "<jaxtour:levels/program>", "exec"), namespace)
    told = {}
    for name, levels in COMPOSITIONS.items():
        told[name] = []
        for label, function, arguments in levels:
            jaxpr = eval(f"jax.make_jaxpr({function})({arguments})", namespace)
            head = {"event": "stage", "run": 1, "index": len(told[name]), "stage": "jaxpr", "level": True}
            told[name].append({"label": label, "events": list(lens.shown(jaxpr).pieces(head))})
    json.dump(told, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
