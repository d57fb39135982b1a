"""Keeps the measured peaks of devices in a file next to the progress."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from jaxtour import paths
from jaxtour.engine.wire.messages import Facts, Peak
from jaxtour.files import read_bytes, replace
from jaxtour.text import harmless

VERSION = 1
MAX_BYTES = 1024 * 1024


class _Device(msgspec.Struct):
    """One device, and its peaks by type."""

    device: str
    peaks: tuple[Peak, ...] = ()


class _File(msgspec.Struct):
    """The file's content."""

    version: int = VERSION
    devices: list[_Device] = []


def default_path() -> Path:
    """Return the file in the user's state directory."""
    return paths.state_dir() / "peaks.json"


def kept(facts: Facts, path: Path) -> tuple[Peak, ...]:
    """Return the kept peaks of the worker's devices; empty if the file cannot be read."""
    names = set(_names(facts).values())
    found = (peak for device in _read(path).devices if device.device in names for peak in device.peaks)
    return tuple(map(harmless, found))


def keep(facts: Facts, peaks: Iterable[Peak], path: Path) -> None:
    """Keep the peaks, replacing those of the same devices; raises `OSError`."""
    names = _names(facts)
    found: dict[str, list[Peak]] = {}
    for peak in peaks:
        if peak.error is None and peak.platform in names:
            found.setdefault(names[peak.platform], []).append(msgspec.structs.replace(peak, run=0))
    others = [device for device in _read(path).devices if device.device not in found]
    content = _File(devices=[*others, *(_Device(name, tuple(each)) for name, each in found.items())])
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, msgspec.json.format(msgspec.json.encode(content), indent=1))


def _names(facts: Facts) -> dict[str, str]:
    """Return the name in the file of each platform's first device; a CPU's has its model and number of cores."""
    names: dict[str, str] = {}
    for device in facts.devices:
        own = f"{facts.host.cpu}, {facts.host.cores} cores" if device.platform == "cpu" else device.kind
        names.setdefault(device.platform, f"{device.platform}: {own}")
    return names


def _read(path: Path) -> _File:
    try:
        content = msgspec.json.decode(read_bytes(path, MAX_BYTES), type=_File)
    except (OSError, msgspec.DecodeError):
        return _File()
    return content if content.version == VERSION else _File()
