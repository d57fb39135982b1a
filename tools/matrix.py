"""Runs every check and test on each of the machine's Pythons, with the oldest and the newest jax, and prints a table.

    make matrix                                        # all of them
    make matrix TESTS="tests/course tests/test_imports.py"   # some tests, as pytest names them
    python -m tools.matrix 3.11 3.12                   # some Pythons

For each Python, the first row is `make check`; the second `make test` with the jax pinned for it in `constraints.txt`;
the third `make conformance`, whose workers use the oldest supported jax. Each row's output is kept in a log in the
environment of that Python. The exit code is 1 if a row fails; the logs of such rows are named below the table.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
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
    log: Path

    def cells(self) -> tuple[str, ...]:
        """Return the cells of its row."""
        return self.python, self.jax, self.target, self.found, f"{self.seconds:.0f}"


def pythons() -> dict[str, str]:
    """Return paths by version, oldest first."""
    found = subprocess.run(["sh", "tools/pythons.sh"], capture_output=True, text=True, check=True).stdout
    return dict(line.split("\t") for line in reversed(found.splitlines()))


def jax_of(python: Path) -> str:
    """Return the version of jax in an environment."""
    if not python.exists():
        return "not installed"
    code = "from importlib.metadata import version; print(version('jax'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() or "not installed"


def counts(report: Path) -> str:
    """Return the counts of a pytest report, in words; `no tests` where none was chosen."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    total = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for name in total:
            total[name] += int(suite.get(name, 0))
    if not any(total.values()):
        return "no tests"
    bad = total["failures"] + total["errors"]
    passed = total["tests"] - bad - total["skipped"]
    return f"{passed} passed" + f", {bad} failed" * bool(bad) + f", {total['skipped']} skipped" * bool(total["skipped"])


def logged(command: list[str], log: Path, env: Mapping[str, str] = os.environ) -> int:
    """Run a command whose output is shown and added to the log; returns its exit code."""
    with (
        log.open("ab") as kept,
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child,
    ):
        assert child.stdout
        for line in child.stdout:
            kept.write(line)
            sys.stdout.buffer.write(line)
            sys.stdout.flush()
    return child.returncode


def run(version: str, path: str, target: str) -> Row:
    """Run a target of the Makefile in the environment of one Python."""
    venv = Path(f".venv-{version}")
    venv.mkdir(exist_ok=True)
    report, log = venv / f"{target}.xml", venv / f"{target}.log"
    report.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    options = [f"PYTHON={path}", f"VENV={venv}"]
    command = ["make", target, *options]
    print(f"\n== Python {version}: {' '.join(command)}", flush=True)
    # The time excludes the installation.
    needed = [f"{venv}/.dev", *([f"{venv}/oldest/.jax"] if target == "conformance" else [])]
    code, seconds = logged(["make", *needed, *options], log), 0.0
    if code:
        found = "not installed"
    else:
        started = time.monotonic()
        code = logged(command, log, os.environ | {"PYTEST_ADDOPTS": f"--junit-xml={report.absolute()}"})
        seconds = time.monotonic() - started
        found = counts(report) if report.exists() else f"exit code {code}" if code else "clean"
    # pytest fails if it has chosen no test, as with a selection that has none of some targets.
    green = not code or (found == "no tests" and bool(os.environ.get("TESTS")))
    jax = "-" if target == "check" else jax_of(venv / ("oldest/bin" if target == "conformance" else "bin") / "python")
    return Row(version, jax, target, green, found, seconds, log)


def main(wanted: list[str]) -> int:
    """Run the requested Pythons and print the table."""
    found = {version: path for version, path in pythons().items() if not wanted or version.startswith(tuple(wanted))}
    if not found:
        print(f"matrix: found no Python {' or '.join(wanted)}: see tools/pythons.sh", file=sys.stderr)
        return 2
    rows = [run(version, path, target) for version, path in found.items() for target in TARGETS]
    print(f"\n{columns([HEAD, *(row.cells() for row in rows)])}")
    failed = [row for row in rows if not row.green]
    for row in failed:
        print(f"failed: {row.target} on Python {row.python}: see {row.log}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
