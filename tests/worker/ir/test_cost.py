import jax
import jax.numpy as jnp
import pytest

from jaxtour.worker import compat
from jaxtour.worker.ir import hlo
from jaxtour.worker.ir.cost import cost

SIZE = 64
PRODUCT = 2 * SIZE**3


def cost_of(function, *args):
    compiled = jax.jit(function).lower(*(args or (jnp.ones((SIZE, SIZE)),))).compile()
    text = compiled.as_text()
    return cost(compiled, text, hlo.HloReader(text))


def test_what_the_compiler_counts():
    found = cost_of(lambda x: jnp.tanh(x @ x))
    assert found["flops"] == pytest.approx(PRODUCT, rel=0.01)
    assert found["transcendentals"] == SIZE**2
    assert found["bytes"] > 2 * 4 * SIZE**2
    assert found["argument_bytes"] == found["output_bytes"] == 4 * SIZE**2
    assert found["peak_bytes"] >= found["argument_bytes"]
    assert found["notes"] == []


def test_a_loop_counts_as_often_as_it_goes_round():
    found = cost_of(lambda x: jax.lax.fori_loop(0, 100, lambda _, c: c @ x, x))
    assert found["flops"] == pytest.approx(100 * PRODUCT, rel=0.01)
    assert found["notes"] == ["the loop's body is counted 100 times, its trip count"]


def test_a_loop_in_a_loop_counts_as_often_as_both():
    def inner(carry, _):
        return jax.lax.fori_loop(0, 5, lambda _, c: c @ carry, carry), None

    found = cost_of(lambda x: jax.lax.scan(inner, x, None, length=7)[0])
    assert found["flops"] == pytest.approx(35 * PRODUCT, rel=0.01)
    assert "2 loops" in found["notes"][0]


def test_a_loop_of_unknown_length_counts_once_and_says_so():
    found = cost_of(lambda x: jax.lax.while_loop(lambda c: (c < 3).all(), lambda c: c @ c, x))
    assert found["flops"] == pytest.approx(PRODUCT, rel=0.05)
    assert found["notes"] == ["a loop's body is counted once, whatever its trip count"]


def test_loops_count_once_where_nothing_reads_a_module(monkeypatch):
    monkeypatch.setattr(compat, "cost_of_text", lambda _: None)
    found = cost_of(lambda x: jax.lax.fori_loop(0, 100, lambda _, c: c @ x, x))
    assert found["flops"] == pytest.approx(PRODUCT, rel=0.05)
    assert found["notes"] == ["a loop's body is counted once, whatever its trip count"]


def test_libraries_are_not_counted():
    found = cost_of(lambda x: jnp.linalg.cholesky(x + SIZE * jnp.eye(SIZE)))
    assert any("library calls are not counted: lapack_spotrf" in note for note in found["notes"])


def test_the_peak_has_what_is_needed_in_between():
    def steps(x):
        return jax.lax.scan(lambda c, _: (jnp.tanh(c @ x), None), x, None, length=10)[0].sum()

    found = cost_of(jax.grad(steps))
    # Each step keeps something for the backward pass.
    assert found["temporary_bytes"] > 10 * 4 * SIZE**2
    assert found["peak_bytes"] >= found["argument_bytes"] + found["temporary_bytes"]
    donated = jax.jit(lambda x: x * 2, donate_argnums=0).lower(jnp.ones((SIZE, SIZE))).compile()
    memory = cost(donated, donated.as_text(), hlo.HloReader(donated.as_text()))
    assert memory["alias_bytes"] == memory["argument_bytes"] == memory["peak_bytes"]


class Silent:
    """A compiled call whose backend reports nothing."""

    def cost_analysis(self):
        raise NotImplementedError

    def memory_analysis(self):
        return None


class Negative(Silent):
    """One that reports unknown figures as negative."""

    def cost_analysis(self):
        return [{"flops": -1.0, "bytes accessed": 8.0}]


def test_what_is_not_told_is_left_out():
    text = "HloModule m\n\nENTRY %main (x: f32[]) -> f32[] {\n  ROOT %x = f32[] parameter(0)\n}\n"
    assert cost(Silent(), text, hlo.HloReader(text)) == {"notes": []}
    assert cost(Negative(), text, hlo.HloReader(text)) == {"bytes": 8.0, "transcendentals": 0.0, "notes": []}
