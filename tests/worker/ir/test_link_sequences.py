"""Programs and steps run in sequence in one process: whatever ran before, links point into the shown code."""

import builtins
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.ir import lens, stages
from jaxtour.worker.runner.execute import Workspace

HEAD = "import jax, jax.numpy as jnp\nfrom jax.experimental import pallas as pl\n"
KERNEL = """\
def copied(x_ref, o_ref):
    o_ref[...] = x_ref[...] * 2.0
@jax.jit
def {name}(x):
    half = pl.BlockSpec((x.size // 2,), lambda i: (i,))
    whole = jax.ShapeDtypeStruct(x.shape, x.dtype)
    return pl.pallas_call(copied, whole, grid=(2,), in_specs=[half], out_specs=half, interpret=True)(x)
"""
PIECES = {
    "kernel": KERNEL,
    "divided": "def {name}(x):\n    n = x.astype(int) + 5\n    return jnp.where(n // 3 > 0, n % 3, n - 1)\n",
    "clipped": "def {name}(x):\n    return jax.grad(lambda y: jnp.clip(y * 2.0, -1.0, 1.0).sum())(x)\n",
    "spread": "@jax.jit\ndef {name}(x):\n    y = jnp.var(x) + jnp.median(x)\n    return jnp.clip(x, 0.0, y)\n",
    "looped": (
        "def {name}(x):\n    def body(c, row):\n        return jnp.where(c > row, c, row % 3.0), c // 2.0\n"
        "    return jax.lax.scan(body, 0.0, x)\n"
    ),
    "batched": (
        "def {name}(x):\n    def one(y):\n"
        "        return jax.lax.while_loop(lambda c: c < 9.0, lambda c: c * 2.0 + y % 2.0, y)\n"
        "    return jax.vmap(one)(jnp.clip(x, 1.0, 3.0))\n"
    ),
    "normal": "def {name}(x):\n    return jax.random.normal(jax.random.key(0), x.shape) + jnp.linalg.norm(x)\n",
}  # fmt: skip
"""Each uses library functions that others use too, and that JAX traces once for all."""


@pytest.fixture(scope="module")
def workspace():
    main, asked = sys.modules["__main__"], builtins.input
    space = Workspace(CompileEvents())
    space.install()
    yield space
    sys.modules["__main__"], builtins.input = main, asked


def written(pieces, blank):
    """Return a step's code with these pieces, and for each the lines of its function and of its call."""
    code, where = HEAD + "\n" * blank, {}
    for name, kind in pieces.items():
        start = code.count("\n") + 1
        code += PIECES[kind].format(name=name)
        where[name] = set(range(start, code.count("\n") + 1))
    for name, lines in where.items():
        lines.add(code.count("\n") + 1)
        code += f"{name}(jnp.ones(4))\n"
    return code, where


def linked(workspace, call, below):
    """Return the places that the stages of a call link to, and the reasons of unlinked lines."""
    rows = lens.shown(lens.jaxpr_of(workspace, call), call.span).walk.table.rows
    found = [list(rows)]
    if below:
        staged = stages.staged(workspace, call)
        found += [staged.stablehlo()[0].rows, staged.hlo()[0].rows]
    for rows in found:
        assert all(row.get("spans") or row.get("unlinked") for row in rows if row.get("kind"))
    return [span for rows in found for row in rows for span in (*row.get("spans", ()), *row.get("callers", ()))]


STEP = st.tuples(
    st.sampled_from(["s/one", "s/two"]),
    st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=2),
    st.integers(0, 3),
    st.booleans(),
)


@pytest.mark.timeout(600)
@settings(max_examples=12, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=st.lists(STEP, min_size=2, max_size=4))
def test_a_link_points_into_the_code_of_its_call(workspace, steps):
    for name, kinds, blank, below in steps:
        code, where = written({f"f{place}": kind for place, kind in enumerate(kinds)}, blank)
        assert workspace.run(name, "", code).error is None
        for function, lines in where.items():
            call = lens.expression(f"{function}(jnp.ones(4))", code, f"<jaxtour:{name}>")
            for span in linked(workspace, call, below):
                assert (span[0], span[1] in lines, span[3] in lines) == (name, True, True), (function, span, code)


def test_what_was_edited_since_is_not_linked_to_what_stands_there_now(workspace):
    first = HEAD + "def f(x):\n    return jnp.sin(x) * 2.0\n"
    user = "g = jax.jit(f)\ng(jnp.ones(3))\n"
    for name, code in (("e/first", first), ("e/user", user)):
        assert workspace.run(name, "", code).error is None
    call = lens.expression("g(jnp.ones(3))", user, "<jaxtour:e/user>")
    assert "e/first" in {span[0] for span in linked(workspace, call, below=True)}
    for edited in (first.replace("sin", "cos"), first.replace("2.0", "3.0"), HEAD + "def f(x):\n    return x\n"):
        assert workspace.run("e/first", "", edited).error is None
        found = linked(workspace, call, below=True)
        assert {span[0] for span in found} == {"e/user"}, edited
    assert workspace.run("e/first", "", first).error is None
    assert "e/first" in {span[0] for span in linked(workspace, call, below=True)}
    assert workspace.run("e/first", "", first.replace("sin", "cos")).error is None
    rows = lens.shown(lens.jaxpr_of(workspace, call)).walk.table.rows
    assert "its code was edited after it was traced" in {row.get("unlinked") for row in rows}
