"""A ladder has its levels, and knows what is static at each."""

import builtins
import sys

import pytest

from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.ir.ladder import ladder
from jaxtour.worker.runner.execute import Workspace

CODE = """\
import jax, jax.numpy as jnp
from functools import partial

@partial(jax.jit, static_argnums=1)
def power(x, n):
    for _ in range(n):
        x = x * x
    return x

def scale(x, k, mode):
    return x * k if mode == "up" else x / k

class Model:
    @partial(jax.jit, static_argnames="self")
    def step(self, x):
        return x + 1

made = {"f": jax.jit(scale, static_argnames="mode")}
x = jnp.arange(6.0)
"""


@pytest.fixture
def levels(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(builtins, "input", builtins.input)
    space = Workspace(CompileEvents())
    space.install()
    assert space.run("a/b", "", CODE).error is None

    def climb(call):
        """Return label, static values and jaxpr of each level, innermost first."""
        said = []
        ladder(space, call, [CODE], said.append)
        texts = {event["index"]: event["text"] for event in said if event["event"] == "stage"}
        return [
            (event["label"], event.get("static"), texts.get(event["index"], event.get("error")))
            for event in said
            if event["event"] == "level"
        ]

    return climb


@pytest.mark.parametrize("call", ["power(x, 3)", "power(x, n=3)"])
def test_a_static_argument_is_named_at_every_level(levels, call):
    low, high = levels(call)
    assert (low[0], low[1], low[2].count("mul")) == ("power", {"n": "3"}, 3)
    assert (high[0], high[1]) == ("jit(power)", {"n": "3"})


def test_a_number_that_is_static_outside_is_static_inside(levels):
    call = "jax.jit(jax.grad(lambda x, n: jnp.sum(x ** n)), static_argnums=1)(x, 2)"
    low, grad, high = levels(call)
    assert low[1] == grad[1] == high[1] == {"n": "2"}
    assert "integer_pow" in low[2] and "; a:f32[6]. let" in low[2]


def test_a_number_that_is_traced_outside_is_traced_inside(levels):
    low, high = levels("jax.jit(scale, static_argnames='mode')(x, 2.0, mode='up')")
    assert low[1] == high[1] == {"mode": "'up'"}
    assert "; a:f32[6] b:f32[]. let" in low[2]


def test_what_a_partial_binds_is_static_and_it_keeps_its_functions_name(levels):
    low, high = levels("jax.jit(partial(scale, mode='down'))(x, 2.0)")
    assert low[1] == high[1] == {"mode": "'down'"}
    assert "name=scale" in high[2]


def test_a_jitted_function_without_a_name_in_the_source_has_its_level_too(levels):
    low, high = levels("made['f'](x, 2.0, mode='up')")
    assert (low[0], high[0]) == ("scale", "jit(scale)") and high[1] == {"mode": "'up'"}
    low, high = levels("Model().step(x)")
    assert "add" in low[2] and "jit" in high[2] and high[1].keys() == {"self"}
