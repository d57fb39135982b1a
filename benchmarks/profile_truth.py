"""Compares the shares that `jaxtour profile` gives to lines with a stopwatch around the same parts, each jitted alone.

Every program has a line or two of known cost: a product of four times the operations of another, a sort, a loop of n
bodies, the gradient's two products. A round starts a stopwatch, a profile and a stopwatch, so that a steady change of
the machine's speed cancels; the shares are medians over the rounds. `JAXTOUR_PYTHONS` names more Pythons, separated by
colons.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure, at_most, told

MOST = 0.03
"""The largest difference of a share that is allowed."""
APART = 0.1
"""Parts can be timed separately if their times add up to the whole's within this fraction.

Otherwise they share memory or caches in the whole, and a stopwatch around each does not show what it takes there.
"""
HEAD = """\
import jax, jax.numpy as jnp
key = jax.random.key(0)
"""


Lines = tuple[int, ...]
"""Numbers of lines, from 1."""


class Program(NamedTuple):
    """A program, and the parts of its lines; a part is a call of the same operations, jitted alone."""

    code: str
    call: str
    parts: Mapping[Lines, Sequence[str]]
    """The calls that the stopwatch adds up, by lines of the code."""


PROGRAMS = {
    "products of 1 and 4 times the operations": Program(
        """\
x, w, v = jax.random.normal(key, (768, 768)), jnp.eye(768), jax.random.normal(key, (768, 3072))
def f(x, w, v):
    y = x @ w
    return y @ v
g = jax.jit(f)
one, four = jax.jit(lambda x, w: x @ w), jax.jit(lambda y, v: y @ v)
""",
        "g(x, w, v)",
        {(3,): ["one(x, w)"], (4,): ["four(x, v)"]},
    ),
    "a sort beside a product": Program(
        """\
x = jax.random.normal(key, (768, 768))
def f(x):
    y = x @ x
    return jnp.sort(y, axis=-1)
g = jax.jit(f)
product, sort = jax.jit(lambda x: x @ x), jax.jit(lambda y: jnp.sort(y, axis=-1))
y = product(x)
""",
        "g(x)",
        {(3,): ["product(x)"], (4,): ["sort(y)"]},
    ),
    "a loop of 8 bodies beside a product of 4": Program(
        """\
x, w = jax.random.normal(key, (512, 512)), jnp.eye(512)
v = jax.random.normal(key, (512, 2048))
def f(x, w, v):
    def body(c, _):
        return c @ w, None
    y, _ = jax.lax.scan(body, x, None, length=8)
    return y @ v
g = jax.jit(f)
def body(c, w):
    return jax.lax.scan(lambda c, _: (c @ w, None), c, None, length=8)[0]
loop, four = jax.jit(body), jax.jit(lambda y, v: y @ v)
""",
        "g(x, w, v)",
        {(5, 6): ["loop(x, w)"], (7,): ["four(x, v)"]},
    ),
    "elementwise functions beside a product": Program(
        """\
x = jax.random.normal(key, (1024, 1024))
def f(x):
    y = jnp.sin(jnp.exp(jnp.tanh(x)))
    return y @ x[:, :256]
g = jax.jit(f)
chain, product = jax.jit(lambda x: jnp.sin(jnp.exp(jnp.tanh(x)))), jax.jit(lambda y, x: y @ x[:, :256])
""",
        "g(x)",
        {(3,): ["chain(x)"], (4,): ["product(x, x)"]},
    ),
}
STOPWATCH = """\
import json, statistics, sys, time
found = {}
nothing = jax.jit(lambda: 1.0)
for call in ["nothing()", *json.loads(sys.argv[1])]:
    code = compile(f"jax.block_until_ready({call})", "part", "eval")
    for _ in range(3):
        eval(code)
    times = []
    while len(times) < 15 or sum(times) < 0.5:
        start = time.perf_counter()
        eval(code)
        times.append(time.perf_counter() - start)
    found[call] = statistics.median(times)
print(json.dumps(found))
"""


def stopwatch(python: str, program: Program) -> tuple[dict[Lines, float], float]:
    """Return each line's share of all parts' time, and that time as a share of the whole program's.

    Both exclude the cost of an empty call.
    """
    calls = [program.call, *(call for each in program.parts.values() for call in each)]
    found = json.loads(_output(python, "-c", HEAD + program.code + STOPWATCH, json.dumps(calls)))
    taken = {line: sum(found[call] - found["nothing()"] for call in each) for line, each in program.parts.items()}
    parts = sum(taken.values())
    whole = found[program.call] - found["nothing()"]
    return {line: seconds / parts for line, seconds in taken.items()}, parts / whole


def profiled(python: str, program: Program, folder: Path) -> tuple[dict[Lines, float], float]:
    """Return each line's share of the parts' time in a profile, and the share of the call without a place."""
    path = folder / "program.py"
    path.write_text(HEAD + program.code)
    words = ("-m", "jaxtour", "profile", str(path), "--call", program.call, "--json", "--python", python)
    document = json.loads(_output(sys.executable, *words))
    ahead = HEAD.count("\n")
    times = dict.fromkeys(program.parts, 0.0)
    for row in document["lines"]:
        for lines in times:
            if row["line"] is not None and row["line"] - ahead in lines:
                times[lines] += row["self_s"]
    whole = sum(times.values())
    return {line: seconds / whole for line, seconds in times.items()}, document["unaccounted_s"] / document["wall_s"]


def _output(*argv: str) -> str:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=environment).stdout


READING = """\
import importlib.util, json, sys, time
root, least = sys.argv[1], int(sys.argv[2])
find = importlib.util.spec_from_file_location
spec = find("_jaxtour_worker", root + "/__init__.py", submodule_search_locations=[root])
package = importlib.util.module_from_spec(spec)
sys.modules["_jaxtour_worker"] = package
spec.loader.exec_module(package)
from _jaxtour_worker import compat
from _jaxtour_worker.profile.events import threads_of
from _jaxtour_worker.profile.spent import devices_of
from _jaxtour_worker.profile.timeline import timeline
import jax, jax.numpy as jnp

@jax.jit
def f(x):
    return jax.lax.scan(lambda c, _: (jnp.sin(c) @ x, c.sum()), x, None, length=least // 6)[0]

x = jnp.eye(8)
def call():
    jax.block_until_ready(f(x))
call()
data = compat.recorded(call)
start = time.perf_counter()
threads, events = threads_of(data, "jit_f")
devices = devices_of(threads)
spent = [device.spent(frozenset()) for device in devices]
timeline(devices, {name: place for place, name in enumerate(spent[0].own)})
print(json.dumps([events, time.perf_counter() - start]))
"""
WORKER = Path(__file__).resolve().parents[1] / "jaxtour" / "worker"
MOST_READING_S = 2.0
EVENTS = 100_000


def reading(rounds: int) -> Figure:
    """Return the seconds of reading a call of 100 000 events."""
    found = [json.loads(_output(sys.executable, "-c", READING, str(WORKER), str(EVENTS))) for _ in range(rounds)]
    seconds = statistics.median(taken for _, taken in found)
    return at_most("reading a profile of 100 000 events, s", seconds, MOST_READING_S, f"{found[0][0]:,} events")


def measure(rounds: int, _: Path | None) -> list[Figure]:
    """Measure the time of reading a large profile, and the largest difference of each program's shares."""
    figures = [reading(rounds)]
    for python in [sys.executable, *filter(None, os.environ.get("JAXTOUR_PYTHONS", "").split(":"))]:
        version = _output(python, "-c", "import jax; print(jax.__version__)").strip()
        with tempfile.TemporaryDirectory() as folder:
            for name, program in PROGRAMS.items():
                figures.append(_figure(f"JAX {version}: {name}", python, program, rounds, Path(folder)))
                print(figures[-1], flush=True) if __name__ == "__main__" else None
    return figures


def _figure(name: str, python: str, program: Program, rounds: int, folder: Path) -> Figure:
    truth: dict[Lines, list[float]] = {line: [] for line in program.parts}
    ours: dict[Lines, list[float]] = {line: [] for line in program.parts}
    unplaced, sums = [], []
    for _ in range(rounds):
        (before, one), (shares, rest), (after, other) = (
            stopwatch(python, program), profiled(python, program, folder), stopwatch(python, program),
        )  # fmt: skip
        unplaced.append(rest)
        sums += [one, other]
        for line in program.parts:
            truth[line] += [before[line], after[line]]
            ours[line].append(shares[line])
    line = max(program.parts, key=lambda each: statistics.median(truth[each]))
    mine, stopped = statistics.median(ours[line]), statistics.median(truth[line])
    lost, added = statistics.median(unplaced), statistics.median(sums)
    detail = (
        f"{mine:.1%} / {stopped:.1%} (stopwatch); rounds {min(ours[line]):.1%} to {max(ours[line]):.1%}, "
        f"stopwatch {min(truth[line]):.1%} to {max(truth[line]):.1%}; not accounted for {lost:.1%}; "
        f"the parts take {added:.0%} of the whole"
    )
    if abs(added - 1) > APART:
        return told(f"share, {name}, not measurable in parts", abs(mine - stopped), detail)
    return Figure(f"share, {name}", abs(mine - stopped), f"<= {MOST:g}", abs(mine - stopped) <= MOST, detail)


if __name__ == "__main__":
    missed = [figure for figure in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5, None) if not figure.met]
    print(told("programs beyond the goal", len(missed), ""))
