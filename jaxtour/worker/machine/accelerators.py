"""Finds out before jax is imported why an accelerator cannot be used, and names the remedy.

Standard library only. Queries Google's metadata server only if there are TPU chips and the environment does not say how
many hosts share them.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from . import hardware
from .host import slice_hosts

USE_CPU = "or use the CPU: --platform cpu"
_CHIP_BOUNDS = {1: "1,1,1", 2: "1,2,1", 4: "2,2,1", 8: "2,4,1"}
"""The layout of a host's chips, by their number, as in JAX's own tests."""
_HUGE_PAGES = ("TPU v5e", "TPU v6e", "TPU7x")
"""TPUs that start faster with transparent huge pages; `jax/_src/cloud_tpu_init.py` warns without them."""
_CUDA_13_DRIVER = 580
BUSY = "tpu busy"
_PORT = "8476"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem with the machine's accelerators, for the learner."""

    code: str
    """`tpu busy`, `stale lock`, `one host`, `no libtpu`, `no chip files`, `huge pages`, `no cuda plugin`,
    `no gpu files`, `cpu only`."""
    message: str
    """The problem, in a clause."""
    remedy: str = ""
    """The remedy; a command as the user types it."""
    fatal: bool = False
    """Whether opening devices would fail or hang."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables to set before jax is imported."""
    holder: str = ""
    """The pid of the process that holds the accelerator, if any."""

    def __str__(self) -> str:
        return f"{self.message}: {self.remedy}" if self.remedy else self.message

    def fields(self) -> dict[str, Any]:
        """Return the finding as sent to the engine."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Survey:
    """The machine's accelerators, and the findings about them."""

    there: tuple[str, ...] = ()
    """The accelerators: for example `4 TPU v4 chips`, `an NVIDIA GPU`."""
    platforms: tuple[str, ...] = ()
    """JAX's names for those: `tpu`, `gpu`."""
    findings: tuple[Finding, ...] = ()
    tpu: bool = False
    """Whether jax will open TPU chips."""

    @property
    def fatal(self) -> Finding | None:
        """The first finding that rules out opening devices."""
        return next((finding for finding in self.findings if finding.fatal), None)

    @property
    def environment(self) -> dict[str, str]:
        """All variables to set before jax is imported."""
        return {name: value for finding in self.findings for name, value in finding.environment.items()}


def look(
    environ: Mapping[str, str] = os.environ,
    root: Path = Path("/"),
    installed: Callable[[str], bool] | None = None,
    python: str = sys.executable,
) -> Survey:
    """Look at the machine below `root`; looks at nothing if the CPU was requested.

    `installed` returns whether `python`, which will open the devices, can import a module.
    """
    asked = environ.get("JAX_PLATFORMS", "").partition(",")[0].strip()
    installed = installed or _installed
    there: list[str] = []
    findings: list[Finding] = []
    tpu = False
    if asked in ("", "tpu") and (chips := hardware.tpu_chips(root)):
        there.append(_chips(chips))
        missing = _no_libtpu(chips, environ, installed, python, fatal=asked == "tpu")
        findings += [missing] if missing else _tpu(chips, environ, root)
        tpu = missing is None
    if asked in ("", "cuda", "gpu"):
        if hardware.nvidia_usable(root) or hardware.nvidia_cards(root):
            there.append("an NVIDIA GPU")
        findings += _gpu(root, installed, python, asked=asked == "cuda")
    if asked in ("", "rocm", "gpu") and hardware.amd_usable(root):
        there.append("an AMD GPU")
    kinds = ("tpu" if "TPU" in kind else "gpu" for kind in there)
    return Survey(tuple(there), tuple(dict.fromkeys(kinds)), tuple(findings), tpu)


def unused(survey: Survey, platforms: list[str]) -> Finding | None:
    """Return the finding for an accelerator that jax came up without, unless another finding explains it."""
    if not survey.there or platforms != ["cpu"] or any(finding.code.startswith("no ") for finding in survey.findings):
        return None
    return Finding(
        "cpu only",
        f"jax found only the CPU, though this machine has {' and '.join(survey.there)}",
        f"run {' or '.join(f'`jaxtour devices --platform {name}`' for name in survey.platforms)} to see why",
    )


def why_busy(environ: Mapping[str, str] = os.environ, root: Path = Path("/")) -> Finding | None:
    """Return the process that holds the TPU, or the stale lock file: a likely cause of a failure to open it."""
    return _held(environ, root) or _stale(root)


def _tpu(chips: list[str], environ: Mapping[str, str], root: Path) -> list[Finding]:
    """Return the problems with chips for which libtpu is installed."""
    held = _held(environ, root)
    # While waiting for a held TPU, this runs every second: skip the metadata server.
    found = [held or _one_host(chips, environ)]
    # A lock file that we may lock ourselves is harmless: every killed runner leaves one.
    if held is None and (lock := _stale(root)) and lock.fatal:
        found.append(lock)
    if not hardware.tpu_files(root):
        files = "there is no /dev/accel* or /dev/vfio/* to open them"
        found.append(
            Finding("no chip files", f"{_chips(chips)} on the bus, but {files}", "run the container with --privileged")
        )
    if chips[0] in _HUGE_PAGES and hardware.hugepages(root) not in ("", "always"):
        remedy = "sudo sh -c 'echo always > /sys/kernel/mm/transparent_hugepage/enabled'"
        found.append(Finding("huge pages", "transparent huge pages are off, so the TPU starts slowly", remedy))
    return [finding for finding in found if finding]


def _held(environ: Mapping[str, str], root: Path) -> Finding | None:
    files = hardware.tpu_files(root)
    visible = environ.get("TPU_VISIBLE_CHIPS") or environ.get("TPU_VISIBLE_DEVICES")
    if visible:
        numbers = [int(text) for text in visible.split(",") if text.strip().isdigit()]
        files = [files[number] for number in numbers if number < len(files)]
    holders = hardware.holders(root, files)
    shared = visible and environ.get("ALLOW_MULTIPLE_LIBTPU_LOAD")
    holder = holders[0] if holders else None if shared else hardware.lock_holder(root)
    if holder is None:
        return None
    remedy = f"wait until it ends and restart; {USE_CPU}; or quit"
    return Finding(BUSY, f"the TPU is held by {holder}", remedy, fatal=True, holder=str(holder.pid))


def _stale(root: Path) -> Finding | None:
    lock = hardware.stale_lock(root)
    if lock is None:
        return None
    remedy = f"rm {hardware.LOCK}" if lock.ours else f"sudo rm {hardware.LOCK}"
    message = f"{hardware.LOCK} of {lock.owner} locks the TPU, but no process holds it"
    return Finding("stale lock", message, remedy, fatal=not lock.ours)


def _one_host(chips: list[str], environ: Mapping[str, str]) -> Finding | None:
    """Return the variables that keep a slice's host from waiting forever for others; JAX's `xla_bridge.py` only warns.

    None if jaxtour runs a process on every host.
    """
    hosts = 1 if int(environ.get("JAXTOUR_PROCESSES") or 1) > 1 else _hosts(environ)
    if hosts < 2:
        return None
    bounds = environ.get("TPU_CHIPS_PER_HOST_BOUNDS", "")
    if _product(bounds) != len(chips):
        bounds = _CHIP_BOUNDS.get(len(chips), "1,1,1")
    count = _product(bounds)
    alone = {
        "TPU_SKIP_MDS_QUERY": "1",
        "TPU_WORKER_HOSTNAMES": "localhost",
        "TPU_WORKER_ID": "0",
        "CLOUD_TPU_TASK_ID": "0",
        "TPU_PROCESS_ADDRESSES": f"localhost:{_PORT}",
        "TPU_PROCESS_PORT": _PORT,
        "TPU_PROCESS_BOUNDS": "1,1,1",
        "TPU_CHIPS_PER_PROCESS_BOUNDS": bounds,
        "TPU_HOST_BOUNDS": "1,1,1",
        "TPU_CHIPS_PER_HOST_BOUNDS": bounds,
        "TPU_VISIBLE_CHIPS": ",".join(map(str, range(count))),
    }
    used = _chips(chips[:count])
    return Finding(
        "one host",
        f"this is one of {hosts} hosts of a TPU slice, so jaxtour uses only its own {used}: with all hosts, "
        "jax would wait until the same program runs on every host",
        "jaxtour --hosts tpu",
        environment=alone,
    )


def _hosts(environ: Mapping[str, str]) -> int:
    """Return how many hosts the slice has; 1 if the environment says that this is the only one, 0 if unknown."""
    for name in ("TPU_PROCESS_BOUNDS", "TPU_HOST_BOUNDS"):
        if _product(environ.get(name, "")) == 1:
            return 1
    named = (environ.get(name, "") for name in ("TPU_WORKER_HOSTNAMES", "TPU_PROCESS_ADDRESSES"))
    told = max(len([host for host in hosts.split(",") if host.strip()]) for hosts in named)
    return told or (0 if environ.get("TPU_SKIP_MDS_QUERY") else slice_hosts(environ))


def _product(bounds: str) -> int:
    """Return the product of bounds such as `2,2,1`; 0 if invalid."""
    parts = bounds.split(",")
    return prod(map(int, parts)) if all(part.strip().isdigit() for part in parts) else 0


def _no_libtpu(
    chips: list[str], environ: Mapping[str, str], installed: Callable[[str], bool], python: str, *, fatal: bool
) -> Finding | None:
    if installed("libtpu") or environ.get("TPU_LIBRARY_PATH"):
        return None
    message = f"this machine has {_chips(chips)}, but {python} has no libtpu" + (
        "" if fatal else ", so jax uses the CPU"
    )
    return Finding("no libtpu", message, f"{python} -m pip install -U 'jax[tpu]'", fatal)


def _gpu(root: Path, installed: Callable[[str], bool], python: str, *, asked: bool) -> list[Finding]:
    so = "" if asked else ", so jax uses the CPU"
    if not hardware.nvidia_usable(root):
        if hardware.nvidia_cards(root):
            message = f"this machine has an NVIDIA GPU, but there is no /dev/nvidia0 to open it{so}"
            remedy = "load its driver (`sudo modprobe nvidia`), or start the container with --gpus all"
            return [Finding("no gpu files", message, remedy, fatal=asked)]
        return [Finding("no gpu", "this machine has no NVIDIA GPU", USE_CPU[3:], fatal=True)] if asked else []
    if any(
        map(installed, ("jax_cuda13_plugin", "jax_cuda12_plugin", "jax_plugins.xla_cuda13", "jax_plugins.xla_cuda12"))
    ):
        return []
    driver = hardware.nvidia_driver(root).partition(".")[0]
    cuda = "cuda12" if driver and int(driver) < _CUDA_13_DRIVER else "cuda13"
    message = f"this machine has an NVIDIA GPU, but {python} has no CUDA plugin for jax{so}"
    return [Finding("no cuda plugin", message, f"{python} -m pip install -U 'jax[{cuda}]'", fatal=asked)]


def _chips(chips: list[str]) -> str:
    return f"{len(chips)} {chips[0]} chip{'' if len(chips) == 1 else 's'}"


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
