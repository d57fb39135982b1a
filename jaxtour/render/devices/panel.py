"""Renders the machine: devices, what they hold, and how full they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtour.engine.messages import Device, Facts, Finding, Value
from jaxtour.render.devices.device_chips import draw_chips
from jaxtour.render.devices.device_memory import about_device, arrays_text, host_lines, memory_lines, name_of
from jaxtour.render.devices.device_memory import bytes_text as bytes_text
from jaxtour.render.text.layout import in_ascii, spread, wrap
from jaxtour.render.text.spans import Line, Span
from jaxtour.render.value import devices_of
from jaxtour.text.words import plural

_DEFAULTS = {"x64": "off", "jit": "on", "matmul precision": "default"}


@dataclass(frozen=True, slots=True)
class Chip:
    """The place where a device is drawn."""

    row: int
    start: int
    end: int
    """Columns; the end is exclusive."""
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

    Brackets mark the devices that hold the value. The device under the cursor, `("cpu", 3)`, gets a line of its own.
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
    spans: list[Span] = [("! ", "warning"), (finding.message, "warning")]
    if finding.remedy:
        spans += [(": ", "warning"), (finding.remedy, "code")]
    return wrap(spans, width, indent="  ")


def _heading(devices: Sequence[Device], platform: str, *, default: bool) -> list[Span]:
    spans: list[Span] = [("●" if default else "○", "success" if default else "muted"), (f" {platform}", "strong")]
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
    """Return `AMD EPYC, 2 cores, 24 GiB`."""
    host = facts.host
    parts = (host.cpu, plural(host.cores, "core"), bytes_text(host.memory_bytes))
    return ", ".join(part for part in parts if part)


def versions(facts: Facts) -> list[str]:
    """Return `jax 0.10.2`, then jaxlib if its version differs, libtpu, the driver, and the process's number."""
    told = [f"jax {facts.jax}"]
    if facts.jaxlib != facts.jax:
        told.append(f"jaxlib {facts.jaxlib}")
    told += [f"{name} {version}" for name, version in (("libtpu", facts.libtpu), ("driver", facts.driver)) if version]
    if facts.processes > 1:
        told.append(f"process {facts.process} of {facts.processes}")
    if facts.default_device and not facts.default_device.endswith(":0"):
        told.append(f"code runs on {facts.default_device}")
    return told


def defaults_text(facts: Facts) -> str:
    """Return `x64 off, jit on, matmul precision default`: the main settings, except those in `flags`."""
    return ", ".join(f"{name} {setting}" for name, setting in _DEFAULTS.items() if name not in facts.flags)


def _platforms(facts: Facts) -> list[str]:
    """Return the default platform, then the others that have devices."""
    return list(dict.fromkeys([*facts.platforms, *(device.platform for device in facts.devices)]))


def _after(facts: Facts, value: Value | None) -> list[Span]:
    """Return what follows the devices: where the value lives, and the live arrays."""
    spans: list[Span] = []
    if value and value.devices:
        spans.append((f"value on {devices_of(value.devices)}", "muted"))
    if facts.live_arrays:
        spans.append((f"live {arrays_text(facts.live_arrays, facts.live_bytes)}", "muted"))
    return spans
