"""Measures the command line's start time, against an empty click program."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, in_turns, ratio

EMPTY = "import click\n@click.group()\n@click.version_option('1')\ndef main(): pass\nmain()"


def taken(*argv: str) -> float:
    """Return the seconds of a whole process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *argv], capture_output=True, check=True)
    return time.perf_counter() - started


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Measure whole processes, including the interpreter."""
    del compare
    entry = "import sys; from jaxtour.cli import main; sys.argv[0] = 'jaxtour'; main()"
    for flag in ("--help", "--version"):
        mine, other = in_turns(
            rounds * 3, lambda flag=flag: taken("-c", entry, flag), lambda flag=flag: taken("-c", EMPTY, flag)
        )
        yield ratio(f"jaxtour {flag} / an empty click program", mine, other, 1.5, "click")
