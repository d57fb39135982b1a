"""Memory: whether a spare runner fits, and whether the kernel killed a process for lack of memory."""

import signal
from collections.abc import Sequence
from pathlib import Path

SPARE_BYTES = 1024**3


class OomWatch:
    """Counts the kernel's out-of-memory kills since it was made."""

    def __init__(self, files: Sequence[Path] | None = None) -> None:
        self._files = tuple(files) if files is not None else _counters()
        self._before = self._kills()

    def explain(self, code: int, reason: str) -> str:
        """The reason with `: out of memory` added when the kernel's counters show such a kill."""
        if code == -signal.SIGKILL and self._kills() > self._before:
            return f"{reason}: out of memory"
        return reason

    def _kills(self) -> int:
        return max((_count(file) for file in self._files), default=0)


def _counters() -> tuple[Path, ...]:
    """The `oom_kill` counters of our control group and of the whole system."""
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
    """Whether less than 1 GiB is available; a spare that has imported jax takes about 200 MiB."""
    try:
        words = meminfo.read_text().split()
        return int(words[words.index("MemAvailable:") + 1]) * 1024 < SPARE_BYTES
    except (OSError, ValueError, IndexError):
        return False
