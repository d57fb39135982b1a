"""In a program of 48 000 lines, twelve transformer blocks have links, and these are true."""

import asyncio

import pytest
from agreement import Agreement
from traced import PROGRAMS, Called, places, traced_programs

from jaxtour.engine.links import links_of

# Tracing, compiling and checking every line takes a minute for each Python.
pytestmark = [pytest.mark.conformance, pytest.mark.long, pytest.mark.timeout(600)]

FOLDER = PROGRAMS / "large"


@pytest.fixture(scope="module")
def transformer(python: str | None) -> list[Called]:
    return asyncio.run(traced_programs(python, 1, FOLDER))["transformer"]


class TestLarge(Agreement):
    """The calls of the large program."""

    @pytest.fixture(scope="class")
    def calls(self, transformer: list[Called]) -> list[Called]:
        return transformer


def test_two_lines_are_in_all_layers(transformer: list[Called]) -> None:
    for stage, name in (("jaxpr", "exp"), ("stablehlo", "stablehlo.exponential")):
        assert places(transformer[1], stage, name) == {
            "transformer.py:35:15 jax.nn.softmax(jnp.where(mask, scores, -1e9), axis=-1)",
            "transformer.py:53:14 jax.nn.log_softmax(logits(params, tokens[:-1]))",
        }


def test_one_expression_is_in_each_of_twelve_layers(transformer: list[Called]) -> None:
    stage = transformer[1].jaxpr
    scores = links_of(stage).lines(links_of(stage).at(str(FOLDER / "transformer.py"), 33, 14))
    assert sum(" = dot_general[" in stage.texts[line] for line in scores) == 12
