"""Measures what recording costs a program: the same loop with and without it, in turns in one process.

The goal holds for a train step of some milliseconds. The other two programs do nothing but dispatch, where each call
takes some microseconds and the cost of counting it shows most.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, ratio, told

WORKER = Path(__file__).resolve().parents[1] / "jaxtour" / "worker"
MOST = 1.03
SCRIPT = """\
import importlib.util, json, os, sys, time
root, rounds = sys.argv[1], int(sys.argv[2])
find = importlib.util.spec_from_file_location
spec = find("_jaxtour_worker", root + "/__init__.py", submodule_search_locations=[root])
package = importlib.util.module_from_spec(spec)
sys.modules["_jaxtour_worker"] = package
spec.loader.exec_module(package)
from _jaxtour_worker import compat
from _jaxtour_worker.runner.learners import learner_folder
from _jaxtour_worker.runner.record import Recorder
import jax, jax.numpy as jnp
learner_folder(os.path.dirname(os.path.abspath(__file__)))
events = compat.CompileEvents()
events.watch()

@jax.jit
def train(w, x):
    def loss(w):
        for _ in range(4):
            w = jnp.tanh(w @ x)
        return w.sum()
    return w - 1e-3 * jax.grad(loss)(w)

@jax.jit
def tiny(w):
    return w + 1

def train_loop():
    w = x = jnp.eye(256)
    for _ in range(40):
        w = train(w, x)
    w.block_until_ready()

def tiny_loop():
    w = jnp.ones(8)
    for _ in range(4000):
        w = tiny(w)
    w.block_until_ready()

def eager_loop():
    w = jnp.ones(8)
    for _ in range(2000):
        w = w * 1.5
    w.block_until_ready()

def seconds(loop):
    start = time.perf_counter()
    loop()
    return time.perf_counter() - start

found = {}
timed = ("train, runs timed", train_loop), ("tiny, runs timed", tiny_loop)
for name, loop in (("train", train_loop), ("tiny", tiny_loop), ("eager", eager_loop), *timed):
    run_times = "," in name
    loop()
    pairs = []
    for _ in range(rounds):
        plain = seconds(loop)
        recorder = Recorder(events, run_times=run_times)
        if run_times:
            jax.clear_caches()  # what is compiled already runs in C++
        with recorder.on():
            loop()
            recorded = seconds(loop)
        if run_times:
            jax.clear_caches()
            loop()
        pairs.append((recorded, plain))
    found[name] = pairs
print(json.dumps(found))
"""


def measure(rounds: int, _: Path | None) -> list[Figure]:
    """Measure the ratios of recorded to plain seconds."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "loops.py")
        script.write_text(SCRIPT)
        command = [sys.executable, str(script), str(WORKER), str(max(rounds, 15))]
        pairs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    recorded = {name: [pair[0] for pair in each] for name, each in pairs.items()}
    plain = {name: [pair[1] for pair in each] for name, each in pairs.items()}
    figures = [ratio("record: 40 train steps", recorded["train"], plain["train"], MOST, "not recorded")]
    for name, words in (
        ("tiny", "4 000 calls that only dispatch"),
        ("eager", "2 000 single operations"),
        ("train, runs timed", "40 train steps with --run-times"),
        ("tiny, runs timed", "4 000 calls that only dispatch with --run-times"),
    ):
        figure = ratio(f"record: {words}", recorded[name], plain[name], MOST, "not recorded")
        figures.append(told(figure.name, figure.value, figure.detail))
    return figures
