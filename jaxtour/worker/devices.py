"""What the runner found: versions, devices and their memory, the host, flags that are not at their defaults."""

import contextlib
import functools
import os
import platform
import re
from pathlib import Path
from typing import Any

import jax
import jaxlib.version
import numpy as np

from .outlet import Event

_MEMORY = ("bytes_in_use", "bytes_limit", "peak_bytes_in_use")
_PLATFORM_OF = {"cuda": "gpu", "rocm": "gpu", "gpu": "gpu", "tpu": "tpu"}
_HOST_COUNT = re.compile(r"--xla_force_host_platform_device_count=(\d+)")


class NoDevicesError(Exception):
    """JAX cannot open its devices; the message is one line for the learner and says what to do."""


def open_devices() -> list[Any]:
    """Every device of the default platform, and the CPU's where that is another; raises `NoDevicesError`."""
    asked = getattr(jax.config, "jax_platforms", None) or ""
    try:
        devices = list(jax.devices())
    except Exception as error:
        raise NoDevicesError(explain(error, asked)) from error
    first = asked.partition(",")[0]
    if _PLATFORM_OF.get(first, devices[0].platform) != devices[0].platform:
        # With `cuda,cpu` and no CUDA plugin, jax takes the CPU without a word.
        raise NoDevicesError(explain(AssertionError(), first))
    if devices[0].platform != "cpu":
        with contextlib.suppress(RuntimeError):  # JAX_PLATFORMS may have left the CPU out
            devices += jax.devices("cpu")
    return devices


def explain(error: Exception, platforms: str) -> str:
    """One line for a backend that did not come up."""
    text = " ".join(str(error).split())
    if not text and not platforms.startswith(("rocm", "tpu")):
        return "no CUDA plugin for jax: pip install 'jax[cuda13]' (or use --platform cpu)"
    if "Failed to open libtpu.so" in text:
        return "no libtpu for jax: pip install 'jax[tpu]' (or use --platform cpu)"
    if "not in the list of known backends" in text and (match := re.search(r"initialize backend '(\w+)'", text)):
        return f"no plugin for {match[1]} in jax: install it, or use --platform cpu"
    if match := re.search(r"TPU is already in use by process with pid (\d+)", text):
        return f"the TPU is in use by process {match[1]}: wait until that ends, or use --platform cpu"
    if "libtpu_lockfile" in text or "already in use" in text:
        return "the accelerator is in use by another process: wait until that ends, or use --platform cpu"
    if "No jellyfish device found" in text or ("tpu" in platforms and "initializ" in text):
        return f"no TPU that jax can open: use --platform cpu ({text[:160]})"
    if match := re.search(r"[Uu]nable to initialize backend '(\w+)'|[Bb]ackend '(\w+)' failed", text):
        name = match[1] or match[2]
        return f"jax cannot open {name}: use --platform cpu, or install jax for {name} ({text[:160]})"
    return f"jax cannot open its devices: {type(error).__name__}: {text[:240]}"


def platforms(devices: list[Any]) -> list[str]:
    """The platforms, the default one first."""
    return list(dict.fromkeys(device.platform for device in devices))


def simulated() -> bool:
    """Whether the CPU pretends to be several devices."""
    count = _HOST_COUNT.search(os.environ.get("XLA_FLAGS", ""))
    asked = [os.environ.get("JAX_NUM_CPU_DEVICES", ""), count[1] if count else ""]
    configured = getattr(jax.config, "jax_num_cpu_devices", -1)
    return any(text.isdigit() and int(text) > 1 for text in asked) or (configured or 0) > 1


def facts(devices: list[Any]) -> Event:
    """The `facts` event as it is now."""
    live = [array for array in jax.live_arrays() if not array.is_deleted()]
    pretend = simulated()
    return {
        "event": "facts",
        "python": platform.python_version(),
        "jax": jax.__version__,
        "jaxlib": jaxlib.version.__version__,
        "numpy": np.__version__,
        "platforms": platforms(devices),
        "simulated": pretend,
        "devices": [_device(device, pretend=pretend) for device in devices],
        "host": host(),
        "flags": flags(devices),
        "live_arrays": len(live),
        "live_bytes": sum(array.nbytes for array in live),
    }


def _device(device: Any, *, pretend: bool) -> dict[str, Any]:
    coords = getattr(device, "coords", None)
    return {
        "id": device.id,
        "platform": device.platform,
        "kind": device.device_kind,
        "process": device.process_index,
        "coords": list(coords) if coords is not None else None,
        "simulated": pretend and device.platform == "cpu",
        "memory": _memory(device),
    }


def _memory(device: Any) -> dict[str, int] | None:
    if device.platform == "cpu" or device.process_index != jax.process_index():
        return None
    try:
        stats = device.memory_stats()
    except Exception:  # a backend that cannot tell raises its own error class
        return None
    return {key: int(stats[key]) for key in _MEMORY if key in stats} if stats else None


def flags(devices: list[Any]) -> dict[str, str]:
    """The settings that change what a learner sees, where they are not at their defaults."""
    found = {}
    if getattr(jax.config, "jax_enable_x64", False):
        found["x64"] = "on"
    if getattr(jax.config, "jax_disable_jit", False):
        found["jit"] = "off"
    if precision := getattr(jax.config, "jax_default_matmul_precision", None):
        found["matmul precision"] = str(precision)
    if getattr(jax.config, "jax_debug_nans", False):
        found["debug nans"] = "on"
    if any(device.platform == "gpu" for device in devices):
        off = os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE", "").lower() in ("false", "0")
        found["preallocation"] = "off" if off else "on"
    return found


@functools.cache
def host() -> dict[str, Any]:
    """The machine: the CPU's name, the cores this process may use, the memory."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        memory = 0
    return {"cpu": _cpu_name(), "cores": cores, "memory_bytes": memory}


def _cpu_name() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return match[1].strip() if match else platform.processor() or platform.machine()
