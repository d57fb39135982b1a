"""The process tree: ties children to us, kills their descendants, explains exit codes, and watches memory."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
EMPTY_SCANS = 20
BURST_S = 0.02

_linux = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)
_guard = os.getpid()


def adopt_orphans() -> None:
    """Become the parent of every orphaned descendant, by PR_SET_CHILD_SUBREAPER of prctl(2); Linux only."""
    if _linux:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def before_exec() -> None:
    """Tie the forked child to us: it dies with us, is killed before us when memory is short, and dumps no core."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _linux:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != _guard:
            os._exit(1)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("800")


def reap() -> dict[int, int]:
    """Reap exited children; returns their exit codes by pid, minus the signal's number after a signal."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = os.waitstatus_to_exitcode(status)


def children() -> set[int]:
    """Return the pids of our direct children, adopted and unreaped ones included; empty outside Linux."""
    if not _linux:
        return set()
    try:
        found = Path(f"/proc/self/task/{_guard}/children").read_text()
    except OSError:
        return children_by_status()
    return {int(pid) for pid in found.split()}


def children_by_status() -> set[int]:
    """Read the same from every process's `stat`, for kernels built without CONFIG_PROC_CHILDREN."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == _guard:
                    found.add(int(entry.name))
    return found


def kill_group(pid: int) -> None:
    """Kill a process and its process group at once."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


class Sweep:
    """Kills and reaps all our children except `keep`, and their orphans, until none appear any more.

    `reaped` reaps exited children and returns the pids of retired runners that still run. These count even where the
    system cannot list children.
    """

    def __init__(self, keep: set[int], reaped: Callable[[], set[int]]) -> None:
        self._keep = keep
        self._reaped = reaped
        self.left: set[int] = set()
        """The pids found by the last scan."""
        self._empty = 0

    def burst(self) -> bool:
        """Kill and reap for at most `BURST_S`; returns whether nothing is left."""
        until = time.monotonic() + BURST_S
        while self._empty < EMPTY_SCANS:
            if time.monotonic() > until:
                return False
            own = self._reaped()
            found = (own | children()) - self._keep
            for pid in found:
                if pid in own:
                    kill_group(pid)
                elif not _kill(pid):
                    self._keep.add(pid)
            self._empty = 0 if found else self._empty + 1
            if found and found == self.left:
                time.sleep(0.0005)
            self.left = found
        return True


def _kill(pid: int) -> bool:
    """Kill one process; False when it belongs to another user, as a sudo command does: we cannot wait for it."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    return True


def cause(code: int) -> tuple[str, str | None]:
    """Return what an exit code means, and the signal's name if there was one."""
    if code >= 0:
        return f"exit {code}", None
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"killed by {name}", name


SPARE_BYTES = 1024**3


class OomWatch:
    """Counts the kernel's out-of-memory kills since it was made."""

    def __init__(self, files: Sequence[Path] | None = None) -> None:
        self._files = tuple(files) if files is not None else _counters()
        self._before = self._kills()

    def explain(self, code: int, reason: str) -> str:
        """Return the reason with `: out of memory` added when the kernel's counters show such a kill."""
        if code == -signal.SIGKILL and self._kills() > self._before:
            return f"{reason}: out of memory"
        return reason

    def _kills(self) -> int:
        return max((_count(file) for file in self._files), default=0)


def _counters() -> tuple[Path, ...]:
    """Return the `oom_kill` counters of our control group and of the whole system."""
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ()
    own = (line[3:].lstrip("/") for line in groups if line.startswith("0::"))
    return (Path("/proc/vmstat"), *(Path("/sys/fs/cgroup", group, "memory.events") for group in own))


def _count(file: Path) -> int:
    try:
        words = file.read_text().split()
        return int(words[words.index("oom_kill") + 1])
    except (OSError, ValueError, IndexError):
        return 0


def memory_is_short(meminfo: Path = Path("/proc/meminfo")) -> bool:
    """Return whether less than 1 GiB is available; a spare that has imported jax takes about 200 MiB."""
    try:
        words = meminfo.read_text().split()
        return int(words[words.index("MemAvailable:") + 1]) * 1024 < SPARE_BYTES
    except (OSError, ValueError, IndexError):
        return False
