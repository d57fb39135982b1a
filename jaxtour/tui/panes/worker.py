"""What panes say of a worker that is not there, or not yet: why, and which keys do something about it."""

from jaxtour.render.text.layout import wrap
from jaxtour.render.text.spans import Line, Span
from jaxtour.tui.tour.view import StepView


def worker_lines(view: StepView, width: int) -> list[Line]:
    """Why the worker is gone and what can be done, or what keeps it from opening its devices; mostly nothing."""
    said = view.detail
    if view.worker == "opening devices" and said:
        return wrap((("! ", "warning"), (said, "warning")), width, indent="  ")
    if view.worker != "dead":
        return []
    lines = wrap((("✗ ", "error"), (said or "the worker is gone", "error")), width, indent="  ")
    keys = [("wait_for_devices", "waits until it is free")] if view.held else []
    keys += [("take_cpu", "takes the CPU")] if view.cpu_helps else []
    keys += [("restart", "starts it again"), *([("quit", "quits")] if view.held else [])]
    told: list[Span] = []
    for action, words in keys:
        told += [("   " if told else "", ""), (view.key(action), "strong"), (f" {words}", "muted")]
    return [*lines, *wrap(told, width, indent="  ")]
