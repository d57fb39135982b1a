"""Measures the check of the whole course, against the same code executed as notebooks."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import notebook
from benchmarks.figures import Figure, in_turns, ratio


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Measure `jaxtour check`, which also traces, times and verifies, against `jupyter execute`, which only runs."""
    if compare is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(path) for path in notebook.write(Path(folder))]

        def ours() -> float:
            return timed([sys.executable, "-m", "jaxtour", "check"])

        def theirs() -> float:
            return timed([str(compare.absolute() / "jupyter-execute"), *paths], JAX_NUM_CPU_DEVICES="8")

        mine, other = in_turns(max(rounds // 3, 2), ours, theirs)
        yield ratio("jaxtour check of the course / jupyter execute", mine, other, 0.5, "jupyter execute")


def timed(argv: list[str], **env: str) -> float:
    """Return the seconds that a command takes; it must succeed."""
    import os

    started = time.perf_counter()
    done = subprocess.run(argv, env=os.environ | env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return time.perf_counter() - started
