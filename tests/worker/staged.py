"""A stage assembled from its events."""

from dataclasses import dataclass
from typing import Any

from runner_client import Ran, RunnerClient

CODE = """\
import jax, jax.numpy as jnp

def helper(z):
    return jnp.tanh(z) * 2.0

def f(x, w):
    y = jnp.dot(x, w)
    z = helper(y)
    return (z - z.mean()).sum()

@jax.jit
def fast(x, w):
    return f(x, w)

def looped(x):
    def body(carry, row):
        return jnp.sin(carry) + row, carry
    return jax.lax.scan(body, x[0], x)

x, w = jnp.ones((64, 128)), jnp.ones((128, 32))
"""


@dataclass
class Seen:
    """The lines of one stage with their origins."""

    lines: list[str]
    origins: list[dict[str, Any]]
    names: list[str]
    folds: list[tuple[int, int]]
    cost: dict[str, Any]

    def of(self, name: str) -> list[dict[str, Any]]:
        """Return the origins of the lines of one operation or opcode."""
        return [origin for origin in self.origins if origin.get("name") == name]

    def instructions(self, *without: str) -> list[dict[str, Any]]:
        """Return the origins of all instructions, except some opcodes."""
        every = [origin for origin in self.origins if origin["kind"] == "instruction"]
        return [origin for origin in every if origin["name"] not in without]


def seen(ran: Ran, stage: str, index: int = 0) -> Seen:
    """Assemble the parts of a stage, in order."""
    parts = [event for event in ran.all("stage") if (event["stage"], event["index"]) == (stage, index)]
    assert parts, f"no {stage} of call {index}"
    assert not parts[0].get("error"), parts[0]["error"]
    assert [part.get("part", 0) for part in parts] == list(range(parts[0].get("parts", 1)))
    table = [origin for part in parts for origin in part.get("origins", ())]
    lines = [line for part in parts for line in part["text"].split("\n")]
    names = [name for part in parts for name in part["names"].split("\n")]
    origins = [{"kind": "other", **table[place]} for part in parts for place in part["lines"]]
    folds = [tuple(fold) for part in parts for fold in part.get("folds", ())]
    assert len(lines) == len(origins) == len(names)
    return Seen(lines, origins, names, folds, parts[-1].get("cost") or {})


def looked(client: RunnerClient, code: str, *calls: str, stages: tuple[str, ...] = ("stablehlo", "hlo")) -> Ran:
    """Run the code and request stages of its calls."""
    requests = [{"index": index, "stage": stage} for index in range(len(calls)) for stage in stages]
    return client.run(code, traces=list(calls), requests=requests)


def text_of(code: str, span: list[Any]) -> str:
    """Return the code at a span."""
    _, line, column, end_line, end_column, *_ = span
    lines = code.splitlines()[line - 1 : end_line]
    lines[-1] = lines[-1][: end_column - 1]
    lines[0] = lines[0][column - 1 :]
    return "\n".join(lines)
