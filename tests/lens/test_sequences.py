"""Steps run in sequence in one worker: whatever ran before, links point into the code of the call."""

import asyncio

import pytest
from traced import traced_steps

pytestmark = pytest.mark.timeout(600)  # the first test of each Python waits while its worker compiles everything

HEAD = "import jax, jax.numpy as jnp\n"
FUNCTIONS = {
    "clipped": "def clipped(x):\n    return jax.grad(lambda y: jnp.clip(y * 2.0, -1.0, 1.0).sum())(x)\n",
    "divided": "def divided(x):\n    n = x.astype(int) + 5\n    return jnp.where(n // 3 > 0, n % 3, n - 1)\n",
    "spread": "@jax.jit\ndef spread(x):\n    y = jnp.var(x) + jnp.median(x)\n    return jnp.clip(x, 0.0, y)\n",
    "looped": (
        "def looped(x):\n    def body(c, row):\n        return jnp.where(c > row, c, row % 3.0), c // 2.0\n"
        "    return jax.lax.scan(body, 0.0, x)\n"
    ),
}
ORDERS = (("clipped", "divided", "spread"), ("looped", "clipped", "divided"), ("spread", "looped", "divided"))


def step(order: tuple[str, ...], blank: int) -> str:
    """Return functions one below the other, with their calls at the end."""
    calls = "".join(f"{name}(jnp.ones(4))\n" for name in order)
    return HEAD + "\n" * blank + "".join(FUNCTIONS[name] for name in order) + calls


def lines_of(code: str, name: str) -> set[int]:
    """Return the lines of a function and of its call."""
    lines = code.splitlines()
    start = lines.index(FUNCTIONS[name].splitlines()[0]) + 1
    return {*range(start - 1, start + FUNCTIONS[name].count("\n")), lines.index(f"{name}(jnp.ones(4))") + 1}


def test_a_step_that_is_edited_and_run_again_is_linked_to_its_own_text(python: str | None) -> None:
    codes = [step(order, blank) for blank, order in enumerate(ORDERS)]
    calls = [tuple(f"{name}(jnp.ones(4))" for name in order) for order in ORDERS]
    # The same step repeatedly, and another one besides.
    steps = [(f"s/{name}", code, asked) for code, asked in zip(codes, calls, strict=True) for name in ("one", "two")]
    found = asyncio.run(traced_steps(python, steps))
    assert len(found) == sum(len(asked) for _, _, asked in steps)
    links = 0
    for name, code, each in found:
        own = lines_of(code, each.trace.call.text.partition("(")[0])
        for stage in each.stages.values():
            for span in {span for origin in stage.origins for span in (*origin.spans, *origin.callers)}:
                assert (span.file, span.line in own) == (name, True), (each.name, stage.stage, span)
                links += 1
    assert links > 100
