"""The runner's facts: versions, devices and their memory, the host, flags that differ from their defaults."""

import contextlib
import functools
import importlib.metadata
import math
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jaxlib.version
import numpy as np

from .. import compat
from ..runner.writer import Event
from . import accelerators, hardware
from .accelerators import Finding
from .host import host
from .utilization import Meter

CHOSEN = "JAXTOUR_DEVICE"
"""Environment variable with the id of the device to run on."""
_MEMORY = ("bytes_in_use", "bytes_limit", "peak_bytes_in_use")
_PLATFORM_OF = {"cuda": "gpu", "rocm": "gpu", "gpu": "gpu", "tpu": "tpu"}
_HOST_COUNT = re.compile(r"--xla_force_host_platform_device_count=(\d+)")


class NoDevicesError(Exception):
    """JAX cannot open its devices; the message is one line for the learner, with the remedy."""


def open_devices() -> list[Any]:
    """Return every device of the default platform, then the CPU's if that is another; raises `NoDevicesError`."""
    asked = getattr(jax.config, "jax_platforms", None) or ""
    try:
        devices = list(jax.devices())
    except Exception as error:
        raise NoDevicesError(explain(error, asked)) from error
    first = asked.partition(",")[0]
    if _PLATFORM_OF.get(first, devices[0].platform) != devices[0].platform:
        # With `cuda,cpu` and no CUDA plugin, jax silently falls back to the CPU.
        raise NoDevicesError(explain(AssertionError(), first))
    if devices[0].platform != "cpu":
        with contextlib.suppress(RuntimeError):  # JAX_PLATFORMS may exclude the CPU
            devices += jax.devices("cpu")
    return devices


def choose(devices: Sequence[Any], chosen: str | None) -> list[Any]:
    """Put the device with that id first and make it JAX's default; raises `NoDevicesError` if there is none.

    It must be a local device of the default platform. None leaves the choice to jax.
    """
    if not chosen:
        return list(devices)
    own = [device for device in devices if device.platform == devices[0].platform and is_local(device)]
    wanted = next((device for device in own if str(device.id) == chosen), None)
    if wanted is None:
        there = ", ".join(str(device.id) for device in own[:16]) + (", …" if len(own) > 16 else "")
        raise NoDevicesError(f"there is no {devices[0].platform} device {chosen}: choose one of {there}")
    jax.config.update("jax_default_device", wanted)
    return [wanted, *(device for device in devices if device is not wanted)]


def is_local(device: Any) -> bool:
    """Return whether a device belongs to this process."""
    return bool(device.process_index == jax.process_index())


def explain(error: Exception, platforms: str) -> str:
    """Explain in one line why a backend did not come up."""
    text = " ".join(str(error).split())
    if not text and not platforms.startswith(("rocm", "tpu")):
        return "jax has no CUDA plugin: pip install 'jax[cuda13]' (or use --platform cpu)"
    if "Failed to open libtpu.so" in text and not hardware.tpu_chips(Path("/")):
        return "this machine has no TPU: use --platform cpu"
    if "Failed to open libtpu.so" in text:
        return "libtpu is not installed: pip install 'jax[tpu]' (or use --platform cpu)"
    if "not in the list of known backends" in text and (match := re.search(r"initialize backend '(\w+)'", text)):
        return f"jax has no plugin for {match[1]}: install it, or use --platform cpu"
    pid = re.search(r"TPU is already in use by process with pid (\d+)", text)
    if pid or "libtpu_lockfile" in text or "already in use" in text:
        if busy := accelerators.why_busy():
            return str(busy)
        holder = f"the TPU is in use by process {pid[1]}" if pid else "the accelerator is in use by another process"
        return f"{holder}: wait until it ends, or use --platform cpu"
    if "No jellyfish device found" in text or ("tpu" in platforms and "initializ" in text):
        return f"jax cannot open a TPU: use --platform cpu ({text[:160]})"
    if match := re.search(r"[Uu]nable to initialize backend '(\w+)'|[Bb]ackend '(\w+)' failed", text):
        name = match[1] or match[2]
        return f"jax cannot open {name}: use --platform cpu, or install jax for {name} ({text[:160]})"
    return f"jax cannot open its devices: {type(error).__name__}: {text[:240]}"


def platforms(devices: Sequence[Any]) -> list[str]:
    """Return the platforms, the default one first."""
    return list(dict.fromkeys(device.platform for device in devices))


def simulated() -> bool:
    """Return whether the CPU simulates several devices."""
    count = _HOST_COUNT.search(os.environ.get("XLA_FLAGS", ""))
    asked = [os.environ.get("JAX_NUM_CPU_DEVICES", ""), count[1] if count else ""]
    configured = getattr(jax.config, "jax_num_cpu_devices", -1)
    return any(text.isdigit() and int(text) > 1 for text in asked) or (configured or 0) > 1


def facts(devices: Sequence[Any], findings: Sequence[Finding] = (), meter: Meter | None = None) -> Event:
    """Return the `facts` event as of now; the first device is the one that code runs on."""
    live = [array for array in jax.live_arrays() if not array.is_deleted()]
    pretend = simulated()
    held = _held(live)
    told = meter.read([device for device in devices if device.platform == devices[0].platform]) if meter else {}
    shown = [_device(device, held, pretend=pretend) for device in devices]
    for device in shown:
        if device["platform"] == devices[0].platform and device["id"] in told:
            device["utilization"] = told[device["id"]]
    return {
        "event": "facts",
        "python": platform.python_version(),
        "jax": jax.__version__,
        "jaxlib": jaxlib.version.__version__,
        "numpy": np.__version__,
        **_backend(devices[0], meter),
        "platforms": platforms(devices),
        "simulated": pretend,
        "devices": sorted(shown, key=lambda device: (device["platform"] != devices[0].platform, device["id"])),
        "default_device": f"{devices[0].platform}:{devices[0].id}",
        "process": jax.process_index(),
        "processes": jax.process_count(),
        "host": host(),
        "flags": flags(devices),
        "live_arrays": len(live),
        "live_bytes": sum(array.nbytes for array in live),
        "findings": [finding.fields() for finding in findings],
    }


def _backend(device: Any, meter: Meter | None) -> dict[str, str]:
    """Return the versions of the software between jax and the device."""
    driver = (meter.driver if meter else "") or hardware.nvidia_driver() if device.platform == "gpu" else ""
    return {
        "libtpu": _version("libtpu") if device.platform == "tpu" else "",
        "driver": driver,
        "backend": compat.platform_version(device) if device.platform != "cpu" else "",
    }


@functools.cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _device(device: Any, held: dict[Any, tuple[int, int]], *, pretend: bool) -> dict[str, Any]:
    coords = getattr(device, "coords", None)
    arrays, size = held.get(device, (0, 0))
    return {
        "id": device.id,
        "platform": device.platform,
        "kind": device.device_kind,
        "process": device.process_index,
        "local": is_local(device),
        "coords": list(coords) if coords is not None else None,
        "core": getattr(device, "core_on_chip", None),
        "simulated": pretend and device.platform == "cpu",
        "memory": _memory(device),
        "live_arrays": arrays,
        "live_bytes": size,
    }


def _held(arrays: Sequence[Any]) -> dict[Any, tuple[int, int]]:
    """Return the number of arrays with a part on each device, and the bytes of those parts."""
    held: dict[Any, tuple[int, int]] = {}
    for array in arrays:
        devices = array.sharding.addressable_devices
        size = _part_bytes(array, len(array.sharding.device_set))
        for device in devices:
            count, total = held.get(device, (0, 0))
            held[device] = count + 1, total + size
    return held


def _part_bytes(array: Any, count: int) -> int:
    """Return the bytes of an array on one of its devices; accessing the shards would create arrays."""
    if count == 1 or not array.size:
        return int(array.nbytes)
    try:
        part: int = math.prod(array.sharding.shard_shape(array.shape))
    except ValueError:  # uneven parts
        return int(array.nbytes) // count
    return int(array.nbytes) * part // int(array.size)


def _memory(device: Any) -> dict[str, int] | None:
    if device.platform == "cpu" or not is_local(device):
        return None
    try:
        stats = device.memory_stats()
    except Exception:  # a backend without memory statistics raises its own error class
        return None
    return {key: int(stats[key]) for key in _MEMORY if key in stats} if stats else None


def flags(devices: Sequence[Any]) -> dict[str, str]:
    """Return the settings that change what a learner sees and differ from their defaults."""
    found = {}
    count = sum(device.platform == "cpu" and is_local(device) for device in devices)
    if count > 1 and simulated():
        found["simulated"] = f"{count} devices"
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
