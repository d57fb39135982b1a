"""Renders how full and busy devices and host are, as bars and words."""

from collections.abc import Iterable, Mapping, Sequence

from jaxtour.engine.messages import Device, Facts
from jaxtour.render.text.layout import width_of, wrap
from jaxtour.render.text.spans import Line, Span
from jaxtour.text.words import plural

_BAR = 20
_SHORTEST_BAR = 4
_BARS = 16
"""The largest number of devices with their own bar."""
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_WIDEST_SIZE = 8


def bytes_text(count: int) -> str:
    """Return `156 B`, `1.5 KiB`, `24 GiB`: at most three digits, without trailing zeros."""
    size = float(count)
    unit = 0
    while unit < len(_UNITS) - 1 and size >= 1023.5:
        size /= 1024
        unit += 1
    number = f"{size:.0f}" if size >= 100 else f"{float(f'{size:.3g}'):g}"
    return f"{number} {_UNITS[unit]}"


def arrays_text(count: int, size: int) -> str:
    """Return `4 arrays, 156 B`."""
    return f"{plural(count, 'array')}, {bytes_text(size)}"


def name_of(device: Device) -> str:
    """Return `tpu:3`."""
    return f"{device.platform}:{device.id}"


def about_device(device: Device) -> str:
    """Return what is known of one device, in one line."""
    told = [device.kind] if device.kind.lower() != device.platform else []
    if device.coords is not None:
        told.append(f"at {','.join(map(str, device.coords))}")
    if device.core is not None:
        told.append(f"core {device.core}")
    if not device.local:
        told.append(f"of process {device.process}")
    else:
        told.append(arrays_text(device.live_arrays, device.live_bytes) if device.live_arrays else "no arrays")
    if device.memory and "bytes_limit" in device.memory:
        told.append(_use(device.memory).strip())
    if device.utilization is not None:
        told.append(f"{device.utilization:.0f}% busy")
    return ", ".join(told)


def memory_lines(devices: Sequence[Device], facts: Facts, width: int, *, steady: bool = False) -> list[Line]:
    """Return a bar for each device that reports its memory, with the use, the limit and the peak.

    Devices that do not report memory share the host's. Their bars show their live arrays, relative to the fullest
    device. Without arrays there are no bars, unless the layout must be `steady`. Other processes' use is unknown.
    """
    devices = [device for device in devices if device.local]
    told = [device for device in devices if device.memory and device.memory.get("bytes_limit")]
    if told:
        return _bars(((device, *_filled(device.memory or {})) for device in told), len(told), width)
    most = max((device.live_bytes for device in devices), default=0)
    if len(devices) < 2 or not (most or steady) or devices[0].platform not in facts.platforms[:1]:
        return []
    rows = ((device, device.live_bytes / max(most, 1), _held(device)) for device in devices)
    return _bars(rows, len(devices), width)


def host_lines(facts: Facts, width: int) -> list[Line]:
    """Return a bar for the host's memory, and the load of its cores; empty if neither is known."""
    host = facts.host
    words: list[str] = []
    if host.used_bytes is not None and host.memory_bytes:
        words.append(f"{bytes_text(host.used_bytes)} of {bytes_text(host.memory_bytes)}")
    if host.load is not None:
        words.append(f"load {host.load:.1f} of {plural(host.cores, 'core')}")
    if not words:
        return []
    text = "   ".join(words)
    room = min(_BAR, width - width_of(text) - len("host    "))
    part = host.used_bytes / host.memory_bytes if host.used_bytes is not None and host.memory_bytes else None
    bar = _bar(part, room) if part is not None else []
    return wrap([("host  ", "muted"), *bar, (text, "muted")], width, indent="  ")


def _held(device: Device) -> str:
    """Return `   1 KiB, 3 arrays`, with sizes right-aligned."""
    return f"{bytes_text(device.live_bytes):>{_WIDEST_SIZE}}, {plural(device.live_arrays, 'array')}"


def _filled(memory: Mapping[str, int]) -> tuple[float, str]:
    return memory.get("bytes_in_use", 0) / memory["bytes_limit"], _use(memory)


def _use(memory: Mapping[str, int]) -> str:
    """Return `7 GiB of 139 GiB, peak 20 GiB`, with the first size right-aligned."""
    text = f"{bytes_text(memory.get('bytes_in_use', 0)):>{_WIDEST_SIZE}} of {bytes_text(memory['bytes_limit'])}"
    peak = memory.get("peak_bytes_in_use")
    return text if peak is None else f"{text}, peak {bytes_text(peak)}"


def _bars(rows: Iterable[tuple[Device, float, str]], count: int, width: int) -> list[Line]:
    shown = list(rows)[:_BARS]
    digits = max(len(str(device.id)) for device, _, _ in shown)
    length = min(_BAR, width - digits - max(width_of(_words(device, text)) for device, _, text in shown) - 5)
    lines: list[Line] = []
    for device, part, text in shown:
        spans: list[Span] = [(f" {device.id:>{digits}}  ", "muted"), *_bar(part, length)]
        lines += wrap([*spans, (_words(device, text), "muted")], width, indent="  ")
    if count > len(shown):
        lines.append(((f" … {count - len(shown)} more", "muted"),))
    return lines


def _words(device: Device, text: str) -> str:
    return text if device.utilization is None else f"{text}, {device.utilization:.0f}% busy"


def _bar(part: float, length: int) -> list[Span]:
    """Return a bar of which this part is full, at least a cell if above zero; empty if there is no room."""
    if length < _SHORTEST_BAR:
        return []
    full = min(length, -int(-part * length // 1))
    return [("━" * full, "bar"), ("─" * (length - full), "bar-muted"), ("  ", "")]
