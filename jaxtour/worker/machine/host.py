"""The runner's machine: CPU, memory and load."""

import functools
import os
import platform
import re
from pathlib import Path
from typing import Any


def host() -> dict[str, Any]:
    """The CPU's name, usable cores, load over a minute, memory and used memory in bytes."""
    name, cores, memory = _fixed()
    return {"cpu": name, "cores": cores, "memory_bytes": memory, "load": _load(), "used_bytes": _used(memory)}


@functools.cache
def _fixed() -> tuple[str, int, int]:
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        memory = 0
    return _cpu_name(), cores, memory


def _cpu_name() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return match[1].strip() if match else platform.processor() or platform.machine()


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def _used(memory: int) -> int | None:
    """Memory that is not available to programs; None where the system does not say."""
    try:
        words = Path("/proc/meminfo").read_text(encoding="ascii", errors="replace").split()
        return max(0, memory - int(words[words.index("MemAvailable:") + 1]) * 1024)
    except (OSError, ValueError, IndexError):
        return None
