"""Only calls of a notebook's cell that just compute are made once more, to be traced."""

import ast

import pytest

from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.runner.execute import Source, Workspace
from jaxtour.worker.runner.repeatable import only_computes

CODE = """
import dataclasses, functools, random, time
from typing import NamedTuple
import jax, jax.numpy as jnp, numpy as np

calls, table, numbers = [], {}, iter(range(9))
w, params = jnp.ones(3), [(jnp.ones((3, 3)), jnp.ones(3))]
class Pair(NamedTuple):
    left: jax.Array
    right: jax.Array
class Counter:
    def __init__(self): self.count = 0
    def __call__(self, x): self.count += 1; return x
    def items(self): self.count += 1; return x
counter = Counter()

def square(x): return x * x
def loss(w, x):
    def inner(y): return square(y) + scale
    total = []
    for each in (x, inner(x)):
        total.append(each.sum())
    total[0] = total[0] + 1
    return sum(total) @ w if x.ndim > 9 else jnp.sum(w) + total[0]
scale = 2.0
def net(params, x):
    for a, b in params:
        x = jnp.tanh(x @ a + b)
    return x.at[0].set(1.0)
def maker(n):
    def power(x): return x ** n
    return power
cube, identity = maker(3), lambda x: x
pair = lambda x: Pair(x, square(x))
def recursive(x, n): return x if n == 0 else recursive(square(x), n - 1)
def appends(x): calls.append(1); return x
def indirect(x): return appends(x)
def stores(x): table["x"] = x; return x
def counts(x): counter.count += 1; return x
def globals_(x):
    global scale
    scale = 3.0
    return x
def draws(x): return x * np.random.normal()
def waits(x): time.sleep(0); return x
def takes(x): return x * next(numbers)
def walks(x):
    for number in numbers: x = x * number
    return x
def trains(x):
    for _ in range(3): x = x * 2
    return x
def alias(x): mine = calls; mine.append(1); return x
@jax.jit
def jitted(x): calls.append(1); return x
def undefined(x): return missing(x)
def opens(x): open("f"); return x
"""


@pytest.fixture(scope="module")
def workspace():
    workspace = Workspace(CompileEvents())
    workspace.execute(Source("book/cell-1", CODE))
    return workspace


@pytest.mark.parametrize(
    ("expression", "computes"),
    [
        ("jnp.sin(1.0) + w", True),
        ("w.sum().reshape(1)", True),
        ("w.at[0].add(1.0)", True),
        ("loss(w, jnp.ones(3))", True),
        ("jax.jit(jax.grad(loss))(w, w)", True),
        ("jax.vmap(square)(w)", True),
        ("jax.vmap(lambda x: square(x))(w)", True),
        ("jax.lax.fori_loop(0, 3, lambda i, x: square(x), w)", True),
        ("net(params, w)", True),
        ("cube(w)", True),
        ("identity(w)", True),
        ("pair(w)", True),
        ("recursive(w, 2)", True),
        ("jitted(w)", True),
        ("functools.partial(square, w)()", False),
        ("jax.random.normal(jax.random.key(0), (3,))", True),
        ("appends(w)", False),
        ("indirect(w)", False),
        ("jax.grad(indirect)(1.0)", False),
        ("jax.vmap(lambda x: appends(x))(w)", False),
        ("stores(w)", False),
        ("counts(w)", False),
        ("counter(w)", False),
        ("counter.items()", False),
        ("globals_(w)", False),
        ("draws(w)", False),
        ("waits(w)", False),
        ("takes(w)", False),
        ("walks(w)", False),
        ("trains(w)", False),
        ("alias(w)", False),
        ("undefined(w)", False),
        ("opens(w)", False),
        ("square(next(numbers))", False),
        ("square(random.random())", False),
        ("square(calls.pop())", False),
        ("np.save('f', w)", False),
        ("(y := square(w))", False),
    ],
)
def test_only_what_computes_is_called_again(workspace, expression, computes):
    assert only_computes(ast.parse(expression, mode="eval").body, workspace.names) is computes


def test_the_code_of_an_old_text_is_not_judged_by_the_new_one(workspace):
    old = workspace.names["square"]
    Source("book/cell-1", CODE.replace("def square(x): return x * x", "def square(x): return x * 3")).register()
    try:
        assert not only_computes(ast.parse("old(1.0)", mode="eval").body, {"old": old})
    finally:
        Source("book/cell-1", CODE).register()
