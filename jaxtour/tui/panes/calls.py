"""The pane of a file's calls: what its program compiled, or else the calls that were traced."""

from jaxtour.render.programs import calls_of, duration, eager_words, heading
from jaxtour.render.text.layout import Line, StyledText, clip, pad, width_of, wrap
from jaxtour.tui.lines.document import Document
from jaxtour.tui.tour.view import StepView

MOST = 12
"""Rows; the list has them all."""
HERE: StyledText = ("› ", "mark")


def document(view: StepView, width: int) -> Document:
    """Return a row for each call, the shown one marked, and the single operations outside of any jit."""
    report = view.report
    lines: list[Line] = []
    if report is None or not view.traces:
        words = "nothing was traced" if view.finished else "the calls appear when the file has run"
        lines = wrap(((words, "muted"),), width)
    elif report.programs:
        lines = [((heading(report.programs), "muted"),), *(_row(view, place, width) for place in _shown(view))]
        if more := len(report.programs) - len(_shown(view)):
            lines.append(((view.key("programs"), "strong"), (f" lists {more} more", "muted")))
        if report.recorded and report.recorded.eager:
            lines += [(), *wrap(((eager_words(report.recorded.eager), "muted"),), width)]
    else:
        lines = [_row(view, place, width) for place in _shown(view)]
    here = next((line for line, spans in enumerate(lines) if spans[:1] == (HERE,)), None)
    return Document(lines=lines, title=(("Calls", ""),), anchor=here)


def _shown(view: StepView) -> range:
    """Return the places of the traces that have a row, the shown one among them."""
    first = max(0, view.index - MOST + 1)
    return range(first, min(first + MOST, len(view.traces)))


def _row(view: StepView, place: int, width: int) -> Line:
    """Return `› 543 ms  of 7  step(w, x)`."""
    trace, here = view.traces[place], place == view.index
    programs = view.report.programs if view.report else ()
    program = next((each for each in programs if each.index == trace.index), None)
    mark = HERE if here else ("  ", "")
    if program is None:
        head: Line = (mark, (pad(f"{trace.equations} eqn", 9, right=True), "number"), ("  ", ""))
    else:
        head = (
            mark,
            (pad(duration(program.compile_s), 8, right=True), "number"),
            (pad(calls_of(program), 8, right=True), "muted"),
            (" ⚑ " if program.reason else "   ", "warning"),
        )
    return (*head, (clip(trace.label, max(1, width - width_of(head))), "strong" if here else ""))
