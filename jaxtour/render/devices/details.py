"""Renders the details of the machine: for the full-screen panel, and as plain text for `jaxtour devices`."""

from jaxtour.engine.wire.messages import Device, Facts
from jaxtour.render.devices.panel import about_device, defaults_text, host_text, name_of, place_among, versions
from jaxtour.render.text.layout import Line, StyledText, pad, plain_lines, spread, width_of, wrap
from jaxtour.text import bytes_text

_ROWS = 64
"""The largest number of devices with their own line."""


def device_rows(facts: Facts, width: int) -> tuple[list[Line], list[tuple[int, Device]]]:
    """Return lines for each device, and the first line of each; none if bars and boxes already show everything."""
    lines: list[Line] = []
    starts: list[tuple[int, Device]] = []
    if not any(device.coords is not None or device.memory or not device.local for device in facts.devices):
        return lines, starts
    shown = facts.devices[:_ROWS]
    size = max(width_of(name_of(device)) for device in shown)
    for device in shown:
        starts.append((len(lines), device))
        words: StyledText = (f"  {about_device(device)}", "muted" if device.local else "faint")
        lines += wrap([(pad(name_of(device), size), "strong"), words], width, indent=" " * (size + 2))
    if len(facts.devices) > len(shown):
        lines.append(((f"… {len(facts.devices) - len(shown)} more devices", "muted"),))
    return lines, starts


def version_lines(facts: Facts, width: int) -> list[Line]:
    """Return `Python 3.11.9   jaxlib 0.10.2   numpy 2.2.0   process 0 of 1`, defaults, and the runtime's name.

    Leaves out what the panel's first line already shows.
    """
    told = [("Python", facts.python), ("jaxlib", facts.jaxlib), ("numpy", facts.numpy)]
    told += [("code runs on", facts.default_device)] if facts.default_device else []
    texts = [*(f"{name} {words}" for name, words in told), place_among(facts)]
    above = versions(facts)
    lines = spread([], [(text, "muted") for text in texts if text not in above], width)
    if usual := defaults_text(facts):
        lines += wrap([(usual, "muted")], width, indent="  ")
    if facts.backend:
        lines += wrap([(f"runtime {facts.backend}", "muted")], width, indent="  ")
    return lines


_HEADS = ("id", "platform", "kind", "process", "coords", "core", "memory", "peak", "busy", "arrays")


def devices_table(facts: Facts) -> str:
    """Return lines for versions, host and settings, a row for each device, and the findings."""
    told = [f"jax {facts.jax}", f"jaxlib {facts.jaxlib}", f"numpy {facts.numpy}", f"Python {facts.python}"]
    told += [text for text in versions(facts) if not text.startswith("jax")]
    lines: list[Line] = [(("  ".join(told), "strong"),), ((_host(facts), ""),)]
    if facts.backend:
        lines.append(((f"runtime {facts.backend}", ""),))
    if facts.flags:
        flags = ", ".join(f"{name} {setting}" for name, setting in facts.flags.items())
        lines.append(((f"set: {flags}", ""),))
    if usual := defaults_text(facts):
        lines.append(((f"default: {usual}", ""),))
    lines.append(())
    rows = [_HEADS, *(_row(device, facts) for device in facts.devices)]
    shown = [index for index in range(len(_HEADS)) if index < 3 or any(row[index] for row in rows[1:])]
    sizes = [max(width_of(row[index]) for row in rows) for index in shown]
    for number, row in enumerate(rows):
        cells = [pad(row[index], size, right=index == 0) for index, size in zip(shown, sizes, strict=True)]
        lines.append((("  ".join(cells).rstrip(), "" if number else "muted"),))
    for finding in facts.findings:
        remedy = f"\n  {finding.remedy}" if finding.remedy else ""
        lines += [(), ((f"{finding.message}{remedy}", "warning"),)]
    return plain_lines(lines)


def _host(facts: Facts) -> str:
    text = f"host {host_text(facts)}"
    if facts.host.used_bytes is not None:
        text += f", {bytes_text(facts.host.used_bytes)} used"
    return text if facts.host.load is None else f"{text}, load {facts.host.load:.1f}"


def _row(device: Device, facts: Facts) -> tuple[str, ...]:
    memory = device.memory or {}
    used, limit, peak = (memory.get(key) for key in ("bytes_in_use", "bytes_limit", "peak_bytes_in_use"))
    texts = [bytes_text(count) for count in (used, limit) if count is not None]
    kind = device.kind + (" (simulated)" if device.simulated else "")
    return (
        str(device.id),
        device.platform,
        kind,
        str(device.process) if facts.processes > 1 or device.process else "",
        ",".join(map(str, device.coords)) if device.coords is not None else "",
        str(device.core) if device.core is not None else "",
        " of ".join(texts),
        bytes_text(peak) if peak is not None else "",
        f"{device.utilization:.0f}%" if device.utilization is not None else "",
        str(device.live_arrays) if device.live_arrays else "",
    )
