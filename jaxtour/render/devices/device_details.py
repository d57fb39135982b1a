"""Renders the details of the full-screen devices panel: a line for each device, and all versions."""

from jaxtour.engine.messages import Device, Facts
from jaxtour.render.devices.device_memory import about_device, name_of
from jaxtour.render.devices.panel import defaults_text, versions
from jaxtour.render.text.layout import pad, spread, width_of, wrap
from jaxtour.render.text.spans import Line, Span

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
        words: Span = (f"  {about_device(device)}", "muted" if device.local else "faint")
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
    told.append(("process", f"{facts.process} of {facts.processes}"))
    texts = [f"{name} {words}" for name, words in told]
    above = versions(facts)
    lines = spread([], [(text, "muted") for text in texts if text not in above], width)
    if usual := defaults_text(facts):
        lines += wrap([(usual, "muted")], width, indent="  ")
    if facts.backend:
        lines += wrap([(f"runtime {facts.backend}", "muted")], width, indent="  ")
    return lines
