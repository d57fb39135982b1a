"""The devices pane: what the worker found, and where the value lives."""

from typing import Any

from jaxtour.render.layout import wrap
from jaxtour.tui.document import Document
from jaxtour.tui.visit import View


def depends(view: View) -> tuple[Any, ...]:
    """The worker's facts and the step's value."""
    return (view.facts, view.report.value if view.report else None, view.worker == "dead", view.ascii, view.stable)


def document(view: View, width: int) -> Document:
    """The devices, or what will be there."""
    if view.facts is None or view.worker == "dead":
        words = "the worker is gone" if view.worker == "dead" else "jax is looking for devices"
        return Document(lines=wrap(((words, "muted"),), width))
    if view.stable:
        return Document(lines=[(("left out", "faint"),)])
    from jaxtour.render.devices import device_lines

    value = view.report.value if view.report else None
    return Document(lines=device_lines(view.facts, width, value=value))
