"""Nested loops, branches and functions, plain and transformed, have links, and these are true."""

import asyncio

import pytest
from agreement import Agreement
from traced import PROGRAMS, Called, is_coarse, links, traced_programs, written

from jaxtour.engine.wire.commands import StageName

pytestmark = pytest.mark.timeout(600)  # the first test of each Python waits while its worker compiles everything

DEVICES = 2


@pytest.fixture(scope="module")
def programs(python: str | None) -> dict[str, list[Called]]:
    return asyncio.run(traced_programs(python, DEVICES, PROGRAMS / "loops"))


class TestLoops(Agreement):
    """The calls of all these programs."""

    lost = lost_where_coarse = 0.05
    """For operations inside a `while_loop`, JAX 0.9.0 gives only the place of the loop."""

    @pytest.fixture(scope="class")
    def calls(self, programs: dict[str, list[Called]]) -> list[Called]:
        return [each for calls in programs.values() for each in calls]


@pytest.mark.parametrize(
    ("program", "call", "loop"),
    [
        ("scans", "recurrent", "scans.py:13:12 jax.lax.scan(cell, jnp.zeros(8), xs)"),
        ("scans", "powers", "scans.py:21:12 jax.lax.scan(step, x, None, length=6)"),
        ("scans", "backwards", "scans.py:29:12 jax.lax.scan(step, 0.0, xs, reverse=True)"),
        ("scans", "mapped", "scans.py:62:12 jax.lax.map(lambda x: jnp.tanh(x) + x @ x, xs)"),
        ("whiles", "fixed", "whiles.py:27:12 jax.lax.fori_loop(0, 5, lambda i, c: jnp.sin(w @ c) + i, x)"),
    ],
)
def test_what_counts_the_rounds_belongs_to_the_loop(
    programs: dict[str, list[Called]], program: str, call: str, loop: str
) -> None:
    (each,) = [each for each in programs[program] if each.trace.call.text.startswith(f"{call}(")]
    stage = each.stages["hlo"]
    counts = [origin for line, origin in links(stage) if " = s32[] add(" in stage.texts[line]]
    assert counts and {written(span) for origin in counts for span in origin.spans} == {loop}


def test_a_product_that_lost_its_name_belongs_to_its_own_expression(programs: dict[str, list[Called]]) -> None:
    for program, call, expression in (
        ("scans", "recurrent", "scans.py:10:22 w @ h"),
        ("transformed", "jax.grad(rolled)", "transformed.py:10:22 w @ h"),
        ("whiles", "fixed", "whiles.py:27:57 w @ c"),
    ):
        (each,) = [each for each in programs[program] if each.trace.call.text.startswith(f"{call}(")]
        products = [origin for _, origin in links(each.stages["hlo"]) if origin.name == "dot"]
        assert products, call
        for origin in products:
            assert expression in {written(span) for span in origin.spans}, (call, origin)


@pytest.mark.parametrize("stage", ["stablehlo", "hlo"])
def test_what_jax_lowered_for_an_earlier_call_belongs_to_each_call_in_its_turn(
    programs: dict[str, list[Called]], python: str | None, stage: StageName
) -> None:
    train, layers = programs["draws"]
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for line, origin in links(train.stages[stage]):
        calls = stage == "hlo" or "_threefry_split" in train.stages[stage].texts[line]
        if calls and "jit(_threefry_split)" in origin.path and origin.name != "fusion":
            found["while/body/" in origin.path.partition("jit(_")[0]].update(map(written, origin.spans))
    split = "jax.random.split(key)"
    if stage == "stablehlo" or not is_coarse(python):
        assert found[True] == {f"draws.py:13:22 {split}"}
        assert found[False] == {f"draws.py:9:18 {split}", f"draws.py:10:19 {split}"}
    if stage == "hlo" and not is_coarse(python):
        inside = [origin for _, origin in links(layers.stages[stage]) if origin.name == "tanh"]
        around = [{written(span).partition(" ")[0] for span in origin.callers} for origin in inside]
        assert around == [{"draws.py:26:13", "draws.py:32:1"}, {"draws.py:27:13", "draws.py:32:1"}]
