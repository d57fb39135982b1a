"""The time pane: the measured calls on one scale, and the retraces."""

from jaxtour.course.model import Broken
from jaxtour.render.text.layout import Line, clip, pad, width_of, wrap
from jaxtour.tui.lines.document import Document, Picture, illustrated
from jaxtour.tui.tour.state import doing
from jaxtour.tui.tour.view import StepView

NOTHING: Line = (("this step times nothing", "faint"),)
CURVE_ROWS = 13
"""Rows of the curve of time against size."""


def document(view: StepView, width: int) -> Document:
    """Return the timings, or why there are none."""
    report = view.report
    timings = report.timings if report else ()
    if view.stable and timings:
        width = max(width_of(timing.label) for timing in timings)
        return Document(lines=[((pad(timing.label, width), ""), ("   measured", "muted")) for timing in timings])
    if report is None or not (timings or report.retraces or report.timing_error or view.program):
        return Document(lines=wrap(_empty(view), width), subtitle=_border(view, width))
    # Imported here: the first frame shows no run.
    from jaxtour.render.programs import timing_of
    from jaxtour.render.timing.rows import retrace_lines, timing_blocks

    lines: list[Line] = []
    pictures: tuple[Picture, ...] = ()
    again = retrace_lines(report.retraces, width, ascii=view.ascii)
    if timings:
        blocks = timing_blocks(timings, width, ascii=view.ascii)
        lines, pictures = illustrated(blocks, width, CURVE_ROWS, ascii_only=view.ascii)
    elif view.program is None and (not again or _empty(view) != NOTHING):
        lines = wrap(_empty(view), width)
    if view.program is not None:
        lines += [*[()] * bool(lines), *timing_of(view.program, width)]
        how: Line = (
            (view.key("measure"), "strong"),
            (" times it: the file runs again up to its first run", "muted"),
        )
        lines += wrap(how, width)
    if report.timing_error is not None:
        lines += wrap((("✗ ", "warning"), (report.timing_error, "")), width)
    if again:
        lines += [*[()] * bool(lines), *again]
    return Document(lines=lines, subtitle=_border(view, width), pictures=pictures)


def _border(view: StepView, width: int) -> Line:
    if view.measuring and (words := doing(view.measuring)):
        return ((f"{clip(words, max(1, width - 4))} …", ""),)
    timings = view.report.timings if view.report else ()
    if not timings:
        return ()
    from jaxtour.render.timing.rows import timing_footer

    return ((timing_footer(timings), ""),)


def _empty(view: StepView) -> Line:
    step, report = view.step, view.report
    if isinstance(step, Broken):
        return ()
    if report is not None and report.request and report.request.timings:
        return (("measuring …", "muted"),)
    if not step.time:
        trace = view.trace
        if not view.finished or trace is None or trace.error is not None:
            return NOTHING
        return ((view.key("measure"), "strong"), (f" times {trace.label}", "muted"))
    if report is None:
        calls = "one call" if len(step.time) == 1 else f"{len(step.time)} calls"
        return ((view.key("run"), "strong"), (f" times {calls} here", "muted"))
    if report.done is None:
        return (("timed when the code has run", "muted"),)
    return (("nothing was timed", "muted"),)
