"""Expressions that the compiler's tables alone cannot distinguish are linked, and calls that JAX had lowered before."""

import asyncio

import pytest
from traced import STAGES, Called, links, origins, places, traced_code, written

from jaxtour.engine.links import links_of
from jaxtour.engine.wire.commands import StageName

pytestmark = pytest.mark.timeout(600)  # the first test of each Python waits while its worker compiles everything

NAME = "places/code"
CODE = """\
import jax
import jax.numpy as jnp

total = jax.jit(jnp.sum)

@jax.jit
def double(x):
    return jnp.sin(x) * 2.0

def together(x):
    return jnp.cos(x) * jnp.exp(x) + x / 3.0

@jax.jit
def noise(key, x):
    return jax.random.normal(key, (3,)) * 0.1 + jax.random.normal(key, (3,)) * x

x = jnp.arange(3.0)
first = double(x), total(x)
again = double(x) + total(x)
"""
CALLS = ("double(x)", "total(x)", "together(x)", "noise(jax.random.key(0), 2.0)")


@pytest.fixture(scope="module")
def calls(python: str | None) -> dict[str, Called]:
    found = asyncio.run(traced_code(python, NAME, CODE, *CALLS))
    return {each.trace.call.text.partition("(")[0]: each for each in found}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("name", "column"), [("double", 9), ("total", 21)])
def test_a_call_that_was_made_before_is_that_of_the_last_place(
    calls: dict[str, Called], name: str, column: int, stage: StageName
) -> None:
    text = calls[name].stages[stage]
    target = links_of(text).at(NAME, 19, column)
    assert [written(span) for span in target.spans] == [f"code:19:{column} {name}(x)"]
    linked = {line for line, origin in links(text) if origin.spans}
    assert linked <= set(links_of(text).lines(target))


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("cosine", "cos", {"code:11:12 jnp.cos(x)"}),
        ("exponential", "exp", {"code:11:25 jnp.exp(x)"}),
        ("add", "add", {"code:11:12 jnp.cos(x) * jnp.exp(x) + x / 3.0"}),
    ],
)
def test_what_is_not_jitted_has_its_own_expressions_in_hlo(
    calls: dict[str, Called], name: str, path: str, expected: set[str]
) -> None:
    call = calls["together"]
    assert places(call, "hlo", name) == expected
    assert {origin.path for origin in origins(call, "hlo", name)} == {path}


def test_products_that_begin_where_others_do_are_told_apart_in_hlo(calls: dict[str, Called]) -> None:
    products = {"code:11:12 jnp.cos(x) * jnp.exp(x)", "code:11:38 x / 3.0"}
    assert places(calls["together"], "hlo", "multiply") == products


def test_what_a_library_does_is_not_what_the_code_does_with_its_result(calls: dict[str, Called]) -> None:
    call = calls["noise"]
    draws = {"code:15:12 jax.random.normal(key, (3,))", "code:15:49 jax.random.normal(key, (3,))"}
    # XLA merges equal draws, with the place of either.
    for stage in STAGES:
        lines = links(call.stages[stage])
        found = [origin for _, origin in lines if "_normal" in origin.path and origin.name != "fusion"]
        inside = {written(span) for origin in found for span in origin.spans}
        assert inside and inside <= draws, stage
    scaled = {"code:15:12 jax.random.normal(key, (3,)) * 0.1", "code:15:49 jax.random.normal(key, (3,)) * x"}
    own = [origin for origin in origins(call, "hlo", "multiply") if "_normal" not in origin.path]
    assert {written(span) for origin in own for span in origin.spans} <= scaled
