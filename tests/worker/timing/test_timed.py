"""The timed part of an expression is the call, with its inputs made before, or all of it."""

import builtins
import sys

import numpy as np
import pytest

from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.runner.execute import Workspace
from jaxtour.worker.timing.timed import timed

CODE = """\
import functools
import jax, jax.numpy as jnp, numpy as np
x = jnp.ones((3, 3))
def f(x): return jnp.tanh(x)
jitted = jax.jit(f)
compiled = jitted.lower(x).compile()
def make(): return x
def predict(table, x): return table @ x
class Model:
    def apply(self, x): return x * 2
"""


@pytest.fixture(scope="module")
def workspace():
    main, asked = sys.modules["__main__"], builtins.input
    space = Workspace(CompileEvents())
    space.install()
    assert space.run("a/b", "", CODE).error is None
    yield space
    sys.modules["__main__"], builtins.input = main, asked


@pytest.mark.parametrize(
    "source",
    [
        "f(x)",
        "jitted(x)",
        "compiled(make())",
        "jax.jit(f)(x)",
        "jax.grad(lambda x: f(x).sum())(x)",
        "functools.partial(predict, x)(x)",
        "predict(make(), f(x))",
        "Model().apply(make())",
        "jnp.sum(x)",
        "jnp.sum(jnp.ones(3))",
        "jnp.ones(3).sum()",
        "np.dot(np.ones(3), np.ones(3))",
        "jax.lax.map(f, make())",
        "sorted([2, 1], key=lambda x: x)",
        "sum(range(9))",
        "jax.device_put(np.asarray(make()))",
        "jax.device_get(x)",
    ],
)
def test_a_call_is_timed_with_its_inputs_made_before(workspace, source):
    expression, call = timed(workspace, source)
    assert call is not None
    assert expression == source


@pytest.mark.parametrize(
    "source",
    [
        "x",
        "[f(x), f(x)]",
        "float(f(x)[0, 0])",
        "jnp.sum(f(x))",
        "jnp.sum(jax.vmap(lambda row: row * 2)(x))",
        "np.asarray(jitted(x))",
        "jax.device_get(jax.grad(lambda x: x.sum())(x))",
        "jitted(x).sum()",
        "compiled(x).sum()",
        "f(x).at[0].set(1)",
        "sum((k for k in range(9)))",
        "list(map(abs, [1]))",
    ],
)
def test_where_the_work_is_further_inside_all_of_it_is_timed(workspace, source):
    assert timed(workspace, source) == (source, None)


@pytest.mark.parametrize("source", ["jitted(x).block_until_ready()", "jax.block_until_ready(jitted(x))"])
def test_waiting_is_the_clocks_own_matter(workspace, source):
    expression, call = timed(workspace, source)
    assert expression == "jitted(x)"
    assert call.function is workspace.namespace["jitted"]
    assert np.array_equal(call.args[0], np.ones((3, 3)))
