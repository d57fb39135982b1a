"""Compares the medians that jaxtour shows with plain `timeit` and `block_until_ready`, each in separate processes.

Two processes differ more than two measurements in one: the memory layout decides how caches are used. So each round
starts two processes of either kind in the order A B B A, which cancels a steady change of the machine's speed. Every
round measures the calls in another order, the same in all four. The output includes timeit's difference from itself: no
agreement can be closer.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure, told

SETUP = """\
import jax, jax.numpy as jnp, numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(600, 600)).astype(np.float32)
N = X[:400, :400].copy()
x, row, v = jnp.asarray(X), jnp.asarray(X[0]), jnp.ones(8)
matmul = jax.jit(lambda x: x @ x.T)
chain = jax.jit(lambda x: jnp.tanh(jnp.sin(x) * jnp.cos(x)).sum())
sort = jax.jit(lambda x: jnp.sort(x, axis=1))
scan = jax.jit(lambda v: jax.lax.scan(lambda c, _: (jnp.sin(c) * 1.01, None), v, None, length=500)[0])
loss = jax.jit(jax.grad(lambda v, x: jnp.tanh(x @ v).sum()))
tiny = jax.jit(lambda v: v + 1)
"""
CALLS = {
    "jit matmul": "matmul(x)",
    "jit elementwise": "chain(x)",
    "jit sort": "sort(x)",
    "jit scan": "scan(v)",
    "jit gradient": "loss(row, x)",
    "eager sum": "jnp.sum(x)",
    "eager chain": "jnp.tanh(row) @ x",
    "NumPy matmul": "np.dot(N, N)",
    "jit of eight numbers": "tiny(v)",
}
INDEPENDENT = """\
import json, math, statistics, sys, timeit
found = {}
for label, call in json.loads(sys.argv[1]):
    timer = timeit.Timer(call, globals=globals())
    number, taken = timer.autorange()
    number = max(1, math.ceil(2e-4 * number / taken))
    repeat = min(5000, max(15, int(0.4 / min(timer.repeat(5, number)))))
    found[label] = statistics.median(timer.repeat(repeat, number)) / number
print(json.dumps(found))
"""
"""The usual `timeit` recipe: the median of several repeats."""
GOALS = ((100e-6, 0.05), (20e-6, 0.10))
"""For calls from this many seconds, the largest relative difference; shorter calls have no goal."""
LEAST_CALLS = 6
"""The least number of calls long enough for a goal."""


def lesson(labels: Sequence[str]) -> str:
    """Return a lesson with one step that times the calls in this order."""
    times = "".join(f"      - {{label: {label}, call: '{CALLS[label]}', on: {on(CALLS[label])}}}\n" for label in labels)
    setup = "".join(f"      {line}\n" for line in SETUP.splitlines())
    head = "format: 1\nid: agree\ntitle: Agree\nsummary: For the benchmark.\nminutes: 1\nsteps:\n"
    return (
        head
        + f"  - id: one\n    title: One\n    text: Time.\n    setup: |\n{setup}    code: tiny(v)\n    time:\n{times}"
    )


def waited(call: str) -> str:
    """Return the call with the usual wait.

    Walking a tree, `jax.block_until_ready` takes a third of the fastest call.
    """
    return call if call.startswith("np.") else f"({call}).block_until_ready()"


def on(call: str) -> str:
    """Return where the call is timed."""
    return "host" if call.startswith("np.") else "one"


def shown(labels: Sequence[str], folder: Path, disturbed: list[bool]) -> dict[str, float]:
    """Return the worker's medians in seconds; adds to `disturbed` whether each timing reports a busy machine."""
    path = folder / "agree.yaml"
    path.write_text(lesson(labels))
    output = _output("-m", "jaxtour", "run", str(path), "--json", "--platform", "cpu")
    timings = json.loads(output)["steps"][0]["timings"]
    disturbed += [any(verdict["code"] == "machine_busy" for verdict in timing["verdicts"]) for timing in timings]
    return {timing["label"]: timing["median_s"] for timing in timings}


def independent(labels: Sequence[str]) -> dict[str, float]:
    """Return the medians of a `timeit` script, in seconds."""
    calls = json.dumps([(label, waited(CALLS[label])) for label in labels])
    found: dict[str, float] = json.loads(_output("-c", SETUP + INDEPENDENT, calls))
    return found


def _output(*argv: str) -> str:
    """Return the output of another Python, on the CPU like the worker."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    return subprocess.run([sys.executable, *argv], capture_output=True, text=True, check=True, env=environment).stdout


def in_order(number: int) -> list[str]:
    """Return the calls in the order of a round: each call has another position in every round."""
    labels = list(CALLS)
    places = number % len(labels)
    return labels[places:] + labels[:places]


def goal_of(seconds: float) -> float | None:
    """Return the largest relative difference allowed for a call of this duration; None without a goal."""
    return next((part for least, part in GOALS if seconds >= least), None)


def figure(label: str, ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> Figure:
    """Return the median of the rounds' ratios, with their spread; takes the seconds of each round's processes."""
    ratios = [_middle(mine) / _middle(other) for mine, other in zip(ours, theirs, strict=True)]
    value = statistics.median(ratios)
    seconds = statistics.median(found for each in theirs for found in each)
    own = [max(each) / min(each) - 1 for each in theirs]
    mine = statistics.median(found for each in ours for found in each)
    detail = (
        f"{mine * 1e6:.4g} µs / {seconds * 1e6:.4g} µs; {len(ratios)} rounds {min(ratios):.2f} to {max(ratios):.2f}; "
        f"timeit differs from itself by {statistics.median(own):.0%}, at most {max(own):.0%}"
    )
    name = f"median shown / timeit: {label}"
    part = goal_of(seconds)
    if part is None:
        return told(name, value, detail)
    return Figure(name, value, f"{1 / (1 + part):.2f} to {1 + part:.2f}", 1 / (1 + part) <= value <= 1 + part, detail)


def _middle(seconds: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, seconds)))


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Measure the ratios of medians, round by round; and whether enough calls are long enough for a goal."""
    del compare
    ours: dict[str, list[list[float]]] = {label: [] for label in CALLS}
    theirs: dict[str, list[list[float]]] = {label: [] for label in CALLS}
    disturbed: list[bool] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            labels = in_order(number)
            first = shown(labels, Path(folder), disturbed)
            pair = independent(labels), independent(labels)
            last = shown(labels, Path(folder), disturbed)
            for label in CALLS:
                ours[label].append([first[label], last[label]])
                theirs[label].append([each[label] for each in pair])
    figures = [figure(label, ours[label], theirs[label]) for label in CALLS]
    yield from figures
    long = sum(found.goal != "-" for found in figures)
    yield Figure("calls long enough for a goal", long, f">= {LEAST_CALLS}", long >= LEAST_CALLS, "")
    detail = "on a busy machine neither side is more exact"
    yield told("share of timings with other programs running", statistics.fmean(disturbed), detail)
