"""Calls of jax by jaxtour itself cause no warning, with any jax: learners see only their own code's warnings."""

import sys
from collections.abc import Iterator

import pytest
from runner_client import Ran, RunnerClient

SETUP = """
import warnings
import jax, jax.numpy as jnp, numpy as np
def f(x):
    return jnp.tanh(x @ x.T).sum()
step = jax.jit(jax.grad(f))
many = jax.pmap(lambda x: jax.lax.psum(x, "i"), axis_name="i")
mesh = jax.make_mesh((2,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
spread = jax.device_put(jnp.ones((4, 2)), jax.NamedSharding(mesh, jax.P("x")))
warnings.simplefilter("error")
"""
LOOKS = [{"index": 0, "stage": stage} for stage in ("stablehlo", "hlo")]
CELLS = {
    "value and jaxpr": {"code": "step(spread)"},
    "random key": {"code": "jax.random.key(0)"},
    "pytree": {"code": "{'a': spread, 'b': [np.ones(3), 3, jax.ShapeDtypeStruct((2,), 'int8')]}"},
    "stages": {
        "code": "step(jnp.ones((4, 2)))",
        "requests": LOOKS,
        "ladder": "jax.jit(jax.vmap(step))(jnp.ones((3, 4, 2)))",
    },
    "several devices": {"code": "many(jnp.ones(2))", "requests": LOOKS, "hlo": True},
    "control flow": {
        "code": "jax.lax.fori_loop(0, 3, lambda i, x: x + jax.lax.cond(i > 1, jnp.sin, jnp.cos, x), 1.0)",
        "requests": LOOKS,
    },
    "timings": {
        "code": "step(jnp.ones((4, 2)))",
        "time": [{"label": "each", "call": "step(spread)"}, {"label": "host", "call": "np.ones(3)", "on": "host"}],
        "patience": 0.05,
    },
    "peaks": {"cell": None, "peaks": True},
}


@pytest.fixture(scope="module")
def runner(python: str | None) -> Iterator[RunnerClient]:
    client = RunnerClient(python=(python or sys.executable, "-u"), JAX_NUM_CPU_DEVICES="2")
    client.until("state", state="ready")
    done = client.run("", setup=SETUP)
    assert done.one("done")["status"] == "ok", done.events
    yield client
    client.close()


def complaints(ran: Ran) -> list[str]:
    """Return every warning, and every error of a request: the filter turns warnings into errors."""
    errors = [str(event["error"]) for event in ran.events if event.get("error")]
    return errors + [event["message"] for event in (*ran.all("warning"), *ran.all("error"))]


@pytest.mark.parametrize("name", CELLS)
def test_looking_and_measuring_warn_of_nothing(runner: RunnerClient, name: str) -> None:
    ran = runner.run(**CELLS[name])
    assert ran.one("done")["status"] == "ok", ran.events
    assert complaints(ran) == [] and "Warning" not in ran.stderr, ran.stderr
    assert len(ran.events) > 3


def test_a_warning_of_the_learners_own_is_an_error_there(runner: RunnerClient) -> None:
    """A warning of the learner's own is an error there: the filter of the other tests is active."""
    ran = runner.run("warnings.warn('own')")
    assert ran.one("done")["status"] == "error"
