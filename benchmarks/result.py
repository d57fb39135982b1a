"""Measures the time from start to the first result, against plain Python."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, in_turns, ratio
from benchmarks.terminal import Terminal

CODE = "import jax.numpy as jnp\nx = jnp.arange(6.0).reshape(2, 3)\njnp.dot(x, x.T).sum()"
ANSWER = "83."
LESSON = f"""\
format: 1
id: result
title: One result
summary: For the benchmark.
minutes: 1
steps:
  - id: one
    title: One
    text: Run it.
    code: |
{"".join(f"      {line}" + chr(10) for line in CODE.splitlines())}
    trace: []
"""


def plain() -> float:
    """Return the seconds for `python -c` to run the code and print its value."""
    started = time.perf_counter()
    *head, last = CODE.splitlines()
    code = "\n".join([*head, f"print({last})"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ANSWER in done.stdout, done.stdout
    return time.perf_counter() - started


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Start the tour at a step, press `r` once it is drawn, and wait for the value on the screen."""
    del compare
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.yaml"
        path.write_text(LESSON)

        def ours() -> float:
            argv = [sys.executable, "-m", "jaxtour", str(path)]
            with Terminal(argv, env={"XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder}, whole=False) as terminal:
                terminal.until("jnp.dot(x, x.T)")
                terminal.send("r")
                return terminal.until(ANSWER, 60)

        ours(), plain()
        mine, other = in_turns(rounds, ours, plain)
        yield ratio("start to first result on the screen / python -c", mine, other, 1.15, "python -c")
