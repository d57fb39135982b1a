"""The runner's machine: CPU, memory and load, and the size of its slice as Google Cloud reports it."""

import contextlib
import functools
import http.client
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REMOTE = "JAXTOUR_REMOTE"
"""Environment variable: set where the engine is on another machine."""


def host() -> dict[str, Any]:
    """Return the CPU's name, usable cores, load over a minute, total and used memory in bytes.

    With the engine on another machine, also this machine's name.
    """
    name, cores, memory = _fixed()
    told = {"cpu": name, "cores": cores, "memory_bytes": memory, "load": _load(), "used_bytes": _used(memory)}
    return {**told, "name": os.uname().nodename} if os.environ.get(REMOTE) else told


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
    """Return the memory that is not available to programs; None where the system does not say."""
    try:
        words = Path("/proc/meminfo").read_text(encoding="ascii", errors="replace").split()
        return max(0, memory - int(words[words.index("MemAvailable:") + 1]) * 1024)
    except (OSError, ValueError, IndexError):
        return None


PATIENCE_S = 0.5
"""The time-out: the metadata server answers in milliseconds, elsewhere nothing answers."""
_SERVER = "169.254.169.254"
_ENDPOINTS = "/computeMetadata/v1/instance/attributes/worker-network-endpoints"


def slice_hosts(environ: Mapping[str, str]) -> int:
    """Return how many hosts this machine's TPU slice has; 0 if unknown.

    `GCE_METADATA_IP` names another server, as it does for jax. Proxies are not used.
    """
    address = environ.get("GCE_METADATA_IP") or _SERVER
    # An invalid address raises ValueError.
    with (
        contextlib.suppress(OSError, http.client.HTTPException, ValueError),
        contextlib.closing(http.client.HTTPConnection(address, timeout=PATIENCE_S)) as server,
    ):
        server.request("GET", _ENDPOINTS, headers={"Metadata-Flavor": "Google"})
        answer = server.getresponse()
        told = answer.read(65536).decode("ascii")
        return len([host for host in told.split(",") if host.strip()]) if answer.status == http.client.OK else 0
    return 0
