"""Exposes a worker to a fault, and checks that it leaves nothing behind and that the next step is correct."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from guard_client import GUARD, Guard, Report, descendants, stat
from table import Row

from jaxtour.engine.guards.client import decode
from jaxtour.engine.wire.messages import Log

DIED, ERROR, OK, TIMEOUT, INTERRUPTED = "died", "error", "ok", "timeout", "interrupted"
CHILD_PIPES = 4
"""Descriptors that the guard holds for each runner."""
MOST_MIB = 32.0
RUNNER = GUARD.parent / "start_runner.py"


@dataclass(frozen=True)
class Fault:
    """A program, and how its run ends."""

    code: str
    status: str | tuple[str, ...] = OK
    says: str = ""
    """Part of the reason or of the error."""
    shows: str = ""
    """Part of what was written to stdout and stderr."""
    result: str | None = None
    """The text of the value, if it is checked."""
    timeout_s: float | None = None


def each(faults: Mapping[str, Fault]) -> pytest.MarkDecorator:
    """Run a test once for each fault, under its name."""
    return pytest.mark.parametrize("fault", [pytest.param(fault, id=name) for name, fault in faults.items()])


class Worker:
    """A guard with the real runner, and what it holds while nothing is wrong."""

    def __init__(self, guard: Guard | None = None) -> None:
        self.guard = guard or Guard(runner=RUNNER)
        self._bare = self.guard.fds() if guard is None else 0
        if guard is None:
            self.guard.open()
        self.guard.ready()
        self._spent = False
        """Whether the next fault must ask for a fresh runner."""

    def meet(self, row: Row, fault: Fault, *, keep: bool = False) -> Report:
        """Run the fault in a fresh runner; check how it ends, and that it leaves nothing behind.

        With `keep`, a runner that survives serves the next fault too, which saves the start of another.
        """
        allowed = (fault.status,) if isinstance(fault.status, str) else fault.status
        timeout_s = fault.timeout_s or (0.3 if TIMEOUT in allowed else None)
        report = self.guard.run(fault.code, fresh=self._renews(), timeout_s=timeout_s)
        ended = time.monotonic()
        said = told(report)
        row.seen = f"{report.done['status']}: {said}" if said else f"{report.done['status']} {report.result or ''}"
        assert report.done["status"] in allowed and fault.says in said, row.seen
        written = report.text("stdout") + report.text("stderr")
        assert fault.shows in written, written[-2000:]
        assert fault.result in (None, report.result), report.result
        for event in report.events:
            shown = decode(json.dumps(event).encode())
            assert not (isinstance(shown, Log) and "invalid event" in shown.text), shown
        lost = report.done["dirty"] or report.done["status"] not in (OK, ERROR)
        self.survived(row, ended, lost=lost, keep=keep)
        return report

    def ask(self, code: str) -> int:
        """Send a fault to a runner that no other fault has met; returns the run's number."""
        return self.guard.ask(code, fresh=self._renews())

    def _renews(self) -> bool:
        """Return whether a fault must ask for a fresh runner; so must the next one, unless that is checked."""
        spent, self._spent = self._spent, True
        return spent

    def survived(self, row: Row, ended: float, *, lost: bool, keep: bool = False) -> None:
        """Check that the next step is right, and then that no process, descriptor or memory is left from before."""
        row.next_right = self.guard.run("1 + 1", fresh=lost).result == "2"
        row.ready_s = time.monotonic() - ended
        assert row.next_right
        if not (keep or lost):
            self.guard.send("restart")
            self.guard.until(event="state", state="restarting")
            self.guard.ready()
        self._spent = not (keep or lost)
        self.left_nothing(row)

    def gives(self, code: str, result: str) -> None:
        """Check a step in the runner that follows the last fault; the next fault meets that runner too."""
        assert self.guard.run(code, fresh=self._spent).result == result
        self._spent = False

    def left_nothing(self, row: Row) -> None:
        """Check that only the runner and its spare exist, none a zombie, with their pipes alone."""
        pid = self.guard.pid
        row.left = max(0, len(descendants(pid)) - 2)
        self.guard.wait(lambda: self._is_clean())
        row.left = 0
        row.memory_mib = memory_mib(pid)
        assert row.memory_mib < MOST_MIB

    def _is_clean(self) -> bool:
        family = descendants(self.guard.pid)
        states = [found[0] for pid in family if (found := stat(pid))]
        fds = self._bare + CHILD_PIPES * len(family)
        return len(family) <= 2 and "Z" not in states and self.guard.fds() == fds

    def close(self) -> None:
        """End the guard, and check that it ends well and nothing is left."""
        self.guard.close()
        assert self.guard.process.returncode == 0


def told(report: Report) -> str:
    """Return why a run ended, and what its errors say."""
    raised = [each for event in report.named("error") for each in (event, *event.get("inner", ()))]
    errors = " ".join(f"{each['type']}: {each['message']}" for each in raised)
    return f"{report.done['reason']} {errors}".strip()


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
