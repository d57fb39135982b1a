"""Renders the machine: devices, what they hold, and how full and busy they are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from jaxtour.engine.wire.messages import Device, Facts, Finding, Value
from jaxtour.render.text.layout import Line, Style, StyledText, in_ascii, spread, width_of, wrap
from jaxtour.render.value import devices_of
from jaxtour.text import bytes_text, plural

_BAR = 20
_SHORTEST_BAR = 4
_BARS = 16
"""The largest number of devices with their own bar."""
_WIDEST_SIZE = 8


def arrays_text(count: int, size: int) -> str:
    """Return `4 arrays, 156 B`."""
    return f"{plural(count, 'array')}, {bytes_text(size)}"


def name_of(device: Device) -> str:
    """Return `tpu:3`."""
    return f"{device.platform}:{device.id}"


def about_device(device: Device) -> str:
    """Return what is known about one device, in one line."""
    told = [device.kind] if device.kind.lower() != device.platform else []
    if device.coords is not None:
        told.append(f"at {','.join(map(str, device.coords))}")
    if device.core is not None:
        told.append(f"core {device.core}")
    if not device.local:
        told.append(f"of process {device.process}")
    if device.live_arrays:
        told.append(arrays_text(device.live_arrays, device.live_bytes))
    elif device.local:
        told.append("no arrays")
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
    devices = [device for device in devices if device.local or device.memory or device.live_arrays]
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
        spans: list[StyledText] = [(f" {device.id:>{digits}}  ", "muted"), *_bar(part, length)]
        lines += wrap([*spans, (_words(device, text), "muted")], width, indent="  ")
    if count > len(shown):
        lines.append(((f" … {count - len(shown)} more", "muted"),))
    return lines


def _words(device: Device, text: str) -> str:
    return text if device.utilization is None else f"{text}, {device.utilization:.0f}% busy"


def _bar(part: float, length: int) -> list[StyledText]:
    """Return a bar of which this part is full, at least a cell if above zero; empty if there is no room."""
    if length < _SHORTEST_BAR:
        return []
    full = min(length, -int(-part * length // 1))
    return [("━" * full, "bar"), ("─" * (length - full), "bar-muted"), ("  ", "")]


_CHIP_ROWS = 4
_GRID = 64
"""The largest number of devices drawn on a grid."""

Place = tuple[int, int, int, int]
"""Row, first column, the column after the last, and the device's id."""


def draw_chips(
    devices: Sequence[Device], holding: Collection[int], cursor: int | None, width: int
) -> tuple[list[Line], list[Place]]:
    """Return the devices' numbers and their places; brackets mark the devices that hold the value.

    The device under the cursor differs by more than its colour.
    """
    return _grid(devices, holding, cursor, width) or _rows(devices, holding, cursor, width)


def _rows(
    devices: Sequence[Device], holding: Collection[int], cursor: int | None, width: int
) -> tuple[list[Line], list[Place]]:
    """Draw as many devices per row as fit, in at most `_CHIP_ROWS` rows; a row for each process if that fits."""
    digits = max((len(str(device.id)) for device in devices), default=1)
    local = {device.process: device.local for device in devices}
    label = len(f"process {max(local, default=0)}  ")
    each = max(1, (width + 1) // (digits + 3))
    rows: list[Sequence[Device]] = [
        devices[start : start + each] for start in range(0, min(len(devices), each * _CHIP_ROWS), each)
    ]
    if apart := 1 < len(local) <= _CHIP_ROWS:
        own = [[device for device in devices if device.process == process] for process in sorted(local)]
        apart = label + max(map(len, own)) * (digits + 3) - 1 <= width
        rows = [*own] if apart else rows
    lines: list[Line] = []
    places: list[Place] = []
    for shown in rows:
        process = shown[0].process
        before = f"process {process}".ljust(label) if apart else ""
        row: list[StyledText] = [(before, "strong" if local[process] else "muted")] if apart else []
        for place, device in enumerate(shown):
            row += [(" ", "")] if place else []
            row.append(_chip(device, digits, holding, cursor))
            start = len(before) + place * (digits + 3)
            places.append((len(lines), start, start + digits + 2, device.id))
        lines.append(tuple(row))
    return lines, places


def _grid(
    devices: Sequence[Device], holding: Collection[int], cursor: int | None, width: int
) -> tuple[list[Line], list[Place]] | None:
    """Draw x to the right, y down, and each z as a block next to the last; None if that does not help or fit."""
    spots: dict[tuple[int, int, int], list[Device]] = {}
    for device in devices:
        if device.coords is None or len(device.coords) != 3:
            return None
        spots.setdefault((device.coords[0], device.coords[1], device.coords[2]), []).append(device)
    if not 1 < len(devices) <= _GRID:
        return None
    xs, ys, zs = ([*range(min(axis), max(axis) + 1)] for axis in zip(*spots, strict=True))
    digits = max(len(str(device.id)) for device in devices)
    cores = max(map(len, spots.values()))
    chip = cores * (digits + 2)
    block = len(xs) * (chip + 1) - 1
    if len(ys) == 1 and len(zs) == 1 and cores == 1:
        return None
    if len(xs) * len(ys) * len(zs) > _GRID or len(zs) * (block + 3) - 3 > width:
        return None
    lines: list[Line] = []
    places: list[Place] = []
    if len(zs) > 1:
        lines.append((("".join(f"z={z}".ljust(block + 3) for z in zs).rstrip(), "muted"),))
    for y in ys:
        row: list[StyledText] = []
        column = 0
        for z in zs:
            row += [("   ", "")] if row else []
            column += 3 if z != zs[0] else 0
            for x in xs:
                if x != xs[0]:
                    row.append((" ", ""))
                    column += 1
                there = sorted(spots.get((x, y, z), []), key=lambda device: device.core or 0)
                for device in there:
                    row.append(_chip(device, digits, holding, cursor))
                    places.append((len(lines), column, column + digits + 2, device.id))
                    column += digits + 2
                missing = chip - len(there) * (digits + 2)
                row += [(" " * missing, "")] if missing else []
                column += missing
        lines.append(tuple(row))
    return lines, places


def _chip(device: Device, digits: int, holding: Collection[int], cursor: int | None) -> StyledText:
    number = f"{device.id:>{digits}}"
    held = device.id in holding
    if device.id == cursor:
        return f"‹{number}›" if held else f"›{number} ", "mark"
    style: Style = "chip-on" if held else "chip" if device.local else "faint"
    return f"[{number}]" if held else f" {number} ", style


_DEFAULTS = {"x64": "off", "jit": "on", "matmul precision": "default"}


@dataclass(frozen=True, slots=True)
class Chip:
    """The place where a device is drawn."""

    row: int
    start: int
    end: int
    """The column after the last."""
    platform: str
    device: int


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines, and the places of the devices in them."""

    lines: list[Line]
    chips: tuple[Chip, ...] = ()


def device_panel(
    facts: Facts,
    width: int,
    value: Value | None = None,
    ascii: bool = False,
    cursor: tuple[str, int] | None = None,
    *,
    whole: bool = False,
) -> Panel:
    """Return the platforms with their devices, their memory, and the settings that are not at their defaults.

    Brackets mark the devices that hold the value. The device under the cursor, `("cpu", 3)`, gets its own line.
    If the panel has the `whole` screen, its lines keep their places while arrays come and go.
    """
    lines: list[Line] = []
    chips: list[Chip] = []
    living = set(value.devices) if value else set()
    host = host_text(facts)
    for finding in facts.findings:
        lines += _finding(finding, width)
    for number, platform in enumerate(_platforms(facts)):
        devices = [device for device in facts.devices if device.platform == platform]
        about = _kinds(devices, platform)
        if platform == "cpu":
            about, host = [*about, host], ""
        if number == 0:
            about += versions(facts)
        lines += spread(_heading(devices, platform, default=number == 0), [(text, "muted") for text in about], width)
        after = _after(facts, value) if number == 0 else []
        holding = {device.id for device in devices if f"{platform}:{device.id}" in living}
        at = cursor[1] if cursor and cursor[0] == platform else None
        drawn = draw_chips(devices, holding, at, width) if len(devices) > 1 or after or holding else ([], [])
        chips += [Chip(row + len(lines), start, end, platform, device) for row, start, end, device in drawn[1]]
        last = drawn[0].pop() if drawn[0] else ()
        hidden = len(devices) - len(drawn[1]) if drawn[1] else 0
        if hidden:
            after = [(f"… {hidden} more devices", "muted"), *after]
        lines += [*drawn[0], *spread([*last], after, width)]
        lines += memory_lines(devices, facts, width, steady=whole)
        chosen = next((device for device in devices if device.id == at), None)
        if chosen:
            lines += wrap([(f"{name_of(chosen)}  ", "strong"), (about_device(chosen), "muted")], width, indent="  ")
    if host:
        lines += wrap([(f"host  {host}", "muted")], width, indent="  ")
    lines += host_lines(facts, width)
    if facts.flags:
        flags = (f"{name} {setting}" for name, setting in facts.flags.items())
        lines += wrap([(" · ".join(flags), "warning")], width, indent="  ")
    return Panel(in_ascii(lines, ascii), tuple(chips))


def _finding(finding: Finding, width: int) -> list[Line]:
    spans: list[StyledText] = [("! ", "warning"), (finding.message, "warning")]
    if finding.remedy:
        spans += [(": ", "warning"), (finding.remedy, "code")]
    return wrap(spans, width, indent="  ")


def _heading(devices: Sequence[Device], platform: str, *, default: bool) -> list[StyledText]:
    spans: list[StyledText] = [("●" if default else "○", "success" if default else "muted"), (f" {platform}", "strong")]
    if len(devices) > 1:
        spans.append((f" ×{len(devices)}", "muted"))
    here = sum(device.local for device in devices)
    if here < len(devices):
        spans.append((f", {here} here", "muted"))
    if any(device.simulated for device in devices):
        spans.append((" simulated", "warning"))
    return spans


def _kinds(devices: Sequence[Device], platform: str) -> list[str]:
    kinds = [kind for kind in dict.fromkeys(device.kind for device in devices) if kind.lower() != platform]
    return [", ".join(kinds)] if kinds else []


def host_text(facts: Facts) -> str:
    """Return `AMD EPYC, 2 cores, 24 GiB`, after the name of another machine."""
    host = facts.host
    parts = (host.name, host.cpu, plural(host.cores, "core"), bytes_text(host.memory_bytes))
    return ", ".join(part for part in parts if part)


def versions(facts: Facts) -> list[str]:
    """Return `jax 0.10.2`, then jaxlib if its version differs, libtpu, the driver, and how many processes there are."""
    told = [f"jax {facts.jax}"]
    if facts.jaxlib != facts.jax:
        told.append(f"jaxlib {facts.jaxlib}")
    told += [f"{name} {version}" for name, version in (("libtpu", facts.libtpu), ("driver", facts.driver)) if version]
    if facts.processes > 1:
        told.append(place_among(facts))
    if facts.default_device and not facts.default_device.endswith(":0"):
        told.append(f"code runs on {facts.default_device}")
    return told


def place_among(facts: Facts) -> str:
    """Return `2 processes` if they are known all, otherwise `process 1 of 2`."""
    return f"{facts.processes} processes" if facts.gathered else f"process {facts.process} of {facts.processes}"


def defaults_text(facts: Facts) -> str:
    """Return `x64 off, jit on, matmul precision default`: the main settings, except those in `flags`."""
    return ", ".join(f"{name} {setting}" for name, setting in _DEFAULTS.items() if name not in facts.flags)


def _platforms(facts: Facts) -> list[str]:
    """Return the default platform, then the others that have devices."""
    return list(dict.fromkeys([*facts.platforms, *(device.platform for device in facts.devices)]))


def _after(facts: Facts, value: Value | None) -> list[StyledText]:
    """Return what follows the devices: where the value lives, and the live arrays."""
    spans: list[StyledText] = []
    if value and value.devices:
        spans.append((f"value on {devices_of(value.devices)}", "muted"))
    if facts.live_arrays:
        spans.append((f"live {arrays_text(facts.live_arrays, facts.live_bytes)}", "muted"))
    return spans
