"""Runs every check and test on each of the machine's Pythons, with the oldest and the newest jax, and prints a table.

    make matrix                  # all of them
    python -m tools.matrix 3.11  # one

For each Python, the first row is `make check`; the second `make test` with the jax pinned for it in `constraints.txt`;
the third `make conformance`, whose workers use the oldest supported jax. The exit code is 1 if a row fails.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tools.tables import columns

HEAD = ("python", "jax", "what", "result", "seconds")
TARGETS = ("check", "test", "conformance")


@dataclass(frozen=True)
class Row:
    """One run of `make`."""

    python: str
    jax: str
    target: str
    green: bool
    found: str
    seconds: float

    def cells(self) -> tuple[str, ...]:
        """The cells of its row."""
        return self.python, self.jax, self.target, self.found, f"{self.seconds:.0f}"


def pythons() -> dict[str, str]:
    """Paths by version, oldest first."""
    found = subprocess.run(["sh", "tools/pythons.sh"], capture_output=True, text=True, check=True).stdout
    return dict(line.split("\t") for line in reversed(found.splitlines()))


def jax_of(python: Path) -> str:
    """The version of jax in an environment."""
    code = "from importlib.metadata import version; print(version('jax'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() or "not installed"


def counts(report: Path) -> str:
    """The counts of a pytest report, in words."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    total = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for name in total:
            total[name] += int(suite.get(name, 0))
    bad = total["failures"] + total["errors"]
    passed = total["tests"] - bad - total["skipped"]
    return f"{passed} passed" + f", {bad} failed" * bool(bad) + f", {total['skipped']} skipped" * bool(total["skipped"])


def run(version: str, path: str, target: str) -> Row:
    """Run a target of the Makefile in the environment of one Python."""
    venv = Path(f".venv-{version}")
    report = venv / f"{target}.xml"
    report.unlink(missing_ok=True)
    command = ["make", target, f"PYTHON={path}", f"VENV={venv}"]
    print(f"\n== Python {version}: {' '.join(command)}", flush=True)
    # The time excludes the installation.
    subprocess.run(["make", f"{venv}/.dev", *command[2:]], check=True)
    started = time.monotonic()
    done = subprocess.run(command, env=os.environ | {"PYTEST_ADDOPTS": f"--junit-xml={report.absolute()}"})
    seconds = time.monotonic() - started
    found = counts(report) if report.exists() else "clean" if done.returncode == 0 else f"exit code {done.returncode}"
    jax = "-" if target == "check" else jax_of(venv / ("oldest/bin" if target == "conformance" else "bin") / "python")
    return Row(version, jax, target, done.returncode == 0, found, seconds)


def main(wanted: list[str]) -> int:
    """Run the requested Pythons and print the table."""
    found = {version: path for version, path in pythons().items() if not wanted or version.startswith(tuple(wanted))}
    if not found:
        print(f"matrix: found no Python {' or '.join(wanted)}: see tools/pythons.sh", file=sys.stderr)
        return 2
    rows = [run(version, path, target) for version, path in found.items() for target in TARGETS]
    print(f"\n{columns([HEAD, *(row.cells() for row in rows)])}")
    return int(not all(row.green for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
