"""Makes copies of the tree in which a module is changed and tested."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["killed", "survived", "timed out"]
ROOT = Path(__file__).parent.parent
PARTS = ("jaxtour", "lessons", "tests", "pyproject.toml")
"""Everything that module tests need."""
LOG = "tests.log"


@dataclass
class Tree:
    """A copy of the tree to change and test."""

    path: Path
    writes: int = 0

    def write(self, module: str, source: str) -> None:
        """Write a module with a new modification time, or Python might use the bytecode of the last change."""
        self.writes += 1
        (self.path / module).write_text(source, encoding="utf-8")
        os.utime(self.path / module, (self.writes, self.writes))

    def run(self, tests: Sequence[str], limit: float | None = None) -> Outcome:
        """Run tests up to the first failure, for at most `limit` seconds."""
        # Without cached bytecode each start takes twice as long.
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        flags = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
        with (self.path / LOG).open("w") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "pytest", *flags, *tests],
                cwd=self.path,
                env=environ | {"PYTHONPATH": str(self.path)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return "killed" if child.wait(limit) else "survived"
        except subprocess.TimeoutExpired:
            return "timed out"
        finally:
            self._sweep(child)

    def _sweep(self, child: subprocess.Popen[bytes]) -> None:
        """Kill leftover processes: a changed worker may not end on its own."""
        here = os.fsencode(self.path)
        left = [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cmdline") if here in _content(each)]
        for end, pid in [(os.killpg, child.pid), *((os.kill, pid) for pid in left)]:
            try:
                end(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        child.wait()


def _content(path: Path) -> bytes:
    """Return a file's content; empty if its process has ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def copies(folder: Path, count: int) -> Iterator[Tree]:
    """Make `count` copies of the tree."""
    skipped = shutil.ignore_patterns("__pycache__", ".*")
    for number in range(count):
        tree = folder / str(number)
        tree.mkdir()
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, tree / part, ignore=skipped)
            else:
                shutil.copy2(ROOT / part, tree / part)
        yield Tree(tree)
