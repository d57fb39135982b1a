"""The medians that a timing shows, against plain `timeit` of the same call in a process of its own."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure

SETUP = """\
import jax, jax.numpy as jnp, numpy as np
x = jnp.asarray(np.random.default_rng(0).normal(size=(600, 600)), jnp.float32)
v = jnp.ones(8)
n = np.ones((400, 400), np.float32)
matmul = jax.jit(lambda x: x @ x.T)
chain = jax.jit(lambda x: jnp.tanh(jnp.sin(x) * jnp.cos(x)).sum())
tiny = jax.jit(lambda v: v + 1)
sort = jax.jit(lambda x: jnp.sort(x, axis=1))
"""
CALLS = {
    "jit matmul 600": "matmul(x)",
    "jit elementwise": "chain(x)",
    "jit sort": "sort(x)",
    "eager sum": "jnp.sum(x)",
    "jit of eight numbers": "tiny(v)",
    "NumPy matmul 400": "np.dot(n, n)",
}
INDEPENDENT = """\
import timeit, statistics
def call(): return {call}
call(); call()
timer = timeit.Timer(call)
number, _ = timer.autorange()
number = max(number // 10, 1)
print(statistics.median(timer.repeat(15, number)) / number)
"""


def lesson() -> str:
    """A lesson of one step that times every call."""
    times = "".join(f"      - {{label: {label}, call: '{call}', on: {on(call)}}}\n" for label, call in CALLS.items())
    setup = "".join(f"      {line}\n" for line in SETUP.splitlines())
    head = "format: 1\nid: agree\ntitle: Agree\nsummary: For the benchmark.\nminutes: 1\nsteps:\n"
    return (
        head
        + f"  - id: one\n    title: One\n    text: Time.\n    setup: |\n{setup}    code: tiny(v)\n    time:\n{times}"
    )


def waited(call: str) -> str:
    """The call and the usual way to wait for it; `jax.block_until_ready` walks a tree, a third of the fastest call."""
    return call if call.startswith("np.") else f"{call}.block_until_ready()"


def on(call: str) -> str:
    """Where the call is timed."""
    return "host" if call.startswith("np.") else "one"


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Ratios of medians, round by round in turns; the figure is the median of the rounds."""
    del compare
    ratios: dict[str, list[float]] = {label: [] for label in CALLS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agree.yaml"
        path.write_text(lesson())
        for _ in range(rounds):
            done = subprocess.run(
                [sys.executable, "-m", "jaxtour", "run", str(path), "--json"],
                capture_output=True,
                text=True,
                check=True,
            )
            shown = {timing["label"]: timing["median_s"] for timing in json.loads(done.stdout)["steps"][0]["timings"]}
            for label, call in CALLS.items():
                code = SETUP + INDEPENDENT.format(call=waited(call))
                alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
                ratios[label].append(shown[label] / float(alone.stdout))
    for label, found in ratios.items():
        value = statistics.median(found)
        detail = f"median of {rounds} rounds, {min(found):.2f} to {max(found):.2f}"
        yield Figure(f"median shown / timeit: {label}", value, "0.95 to 1.05", 0.95 <= value <= 1.05, detail)
