"""The time pane: the calls that the step measures, on one scale."""

from typing import Any

from jaxtour.course.model import Broken
from jaxtour.engine.messages import Timing
from jaxtour.render.clean import clean
from jaxtour.render.layout import pad, width_of, wrap
from jaxtour.render.spans import Line
from jaxtour.tui.document import Document
from jaxtour.tui.visit import View


def depends(view: View) -> tuple[Any, ...]:
    """The timings, and whether more are to come."""
    report = view.report
    found = (report.timings, report.done) if report else None
    return (view.step, found, view.ascii, view.stable)


def document(view: View, width: int) -> Document:
    """The timings, or what will be there."""
    timings = view.report.timings if view.report else ()
    if not timings:
        return Document(lines=wrap(_empty(view), width))
    if view.stable:
        width = max(width_of(clean(timing.label)) for timing in timings)
        return Document(lines=[((pad(clean(timing.label), width), ""), ("   measured", "muted")) for timing in timings])
    from jaxtour.render.timing import timing_lines

    lines = timing_lines(timings, width, ascii=view.ascii)
    return Document(lines=lines, subtitle=((_how(timings), ""),))


def _empty(view: View) -> Line:
    step, report = view.step, view.report
    if isinstance(step, Broken):
        return ()
    if not step.time:
        return (("this step times nothing", "faint"),)
    if report is None:
        calls = "one call" if len(step.time) == 1 else f"{len(step.time)} calls"
        return ((view.key("run"), "strong"), (f" times {calls} here", "muted"))
    if report.done is None:
        return (("timed when the code has run", "muted"),)
    return (("nothing was timed", "muted"),)


def _how(timings: tuple[Timing, ...]) -> str:
    runs = sorted({timing.runs for timing in timings if timing.runs})
    platforms = list(dict.fromkeys(timing.platform for timing in timings if timing.platform != "host"))
    parts = []
    if runs:
        parts.append(f"{runs[0]} runs" if len(runs) == 1 else f"{runs[0]} to {runs[-1]} runs")
    parts += [platform.upper() for platform in platforms]
    return ", ".join([*parts, "blocked"])
