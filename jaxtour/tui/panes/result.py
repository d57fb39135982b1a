"""The result pane: the code's output, its value, or its failure."""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec

from jaxtour.course.edits import change_of, is_own
from jaxtour.course.model import Broken, Step
from jaxtour.engine.compare.verify import as_expected, status
from jaxtour.engine.report import Report
from jaxtour.render.text.layout import Line, Style, wrap
from jaxtour.text import Raw, seconds
from jaxtour.tui.lines.document import DevicePiece, Document, Picture
from jaxtour.tui.panes.devices import GUTTER_EXTRA, shard_pieces, sharded, with_pieces, worker_lines
from jaxtour.tui.tour.view import StepView

FIGURE_ROWS = 20
"""The most rows of a figure."""
CELL = 2
"""Height of a cell, in widths."""
MISSING = ("FileNotFoundError", "ModuleNotFoundError")
WRAPPED = 16_000
"""Characters of output up to which long lines are wrapped: about 10 ms."""


def document(view: StepView, width: int) -> Document:
    """Return the outcome of the run, or how to get one."""
    step, report = view.step, view.report
    if isinstance(step, Broken):
        return Document(lines=[(("nothing to run", "faint"),)])
    if report is None:
        waits = view.worker == "dead" and not view.state.reason  # no key runs it then
        return Document(lines=[*worker_lines(view, width), *([] if waits else wrap(_empty(view), width))])
    # Imported here: the first frame shows no run.
    from jaxtour.render.processes import stderr_apart, values_apart, waiting_lines
    from jaxtour.render.value import failure_lines, value_lines, warning_lines

    width -= GUTTER_EXTRA if sharded(report.value) else 0
    lines, pictures = printed(view, report, width)
    for left_out in report.without:
        lines += wrap((("i ", "faint"), (f"ran {left_out}", "warning")), width, indent="  ")
    several = bool(report.processes)
    stderr = stderr_apart(report, width, "muted") if several else []
    lines += stderr or written(report.stderr, width, "muted")
    # A picture is as high as the pane: show its upper end first.
    anchor = pictures[0].line - 1 if pictures else None
    differs = _differs(view, step, report, width)
    if report.failure:
        anchor = len(lines)
        if meant := _meant(view, step, report):
            lines.append((("✓ ", "success"), (f"raised {report.failure.type}, as {meant}", "success")))
        # What an edit changed is the news, and an exception could fill the pane.
        lines, differs = [*lines, *differs], []
        lines += failure_lines(report.failure, width)
        if report.failure.type in MISSING and view.facts and view.facts.host.name:
            where = f"it ran on {view.facts.host.name}, with the files and packages there"
            lines += wrap((("i ", "faint"), (where, "muted")), width, indent="  ")
    pieces: list[DevicePiece] = []
    ending = _ending(view, step, report, width)
    if several and (own_values := values_apart(report, width)):
        anchor = len(lines) if anchor is None else anchor
        lines += own_values
    elif report.value:
        first = len(lines)
        if view.lesson.plain and view.trace:
            lines.append((("the file's last line", "muted"),))
        lines += value_lines(report.value, width)
        if sharded(report.value):
            drawn, pieces = shard_pieces(report.value, width, len(lines) + 1, ascii_only=view.ascii)
            anchor = len(lines) + 2 if anchor is None else anchor  # `to_anchor` also shows the line before
            lines += [(), *drawn]
        if anchor is None and report.done and not ending:
            anchor = first  # of a large value: its type
    lines += warning_lines(report.warnings, width)
    lines += _returns(view, width)
    if differs and not sharded(report.value):
        anchor = len(lines) + 1  # `to_anchor` also shows the line before
    lines += differs
    lines += ending
    lines += written(report.background, width, "muted")
    lines += waiting_lines(report, width) if several else []
    lines += worker_lines(view, width) if view.worker == "dead" or report.done is None else []
    if not lines:
        waiting = report.done is None
        lines = [(("waiting for the worker" if waiting and report.run == 0 else "running" if waiting else
                   "ran; no value and no output", "muted"),)]  # fmt: skip
    shown = Document(
        lines=lines, anchor=anchor, follow=anchor is None, subtitle=_subtitle(view, report), pictures=tuple(pictures)
    )
    return with_pieces(shown, pieces)


def printed(view: StepView, report: Report, width: int) -> tuple[list[Line], list[Picture]]:
    """Return what the code printed, with each figure below the line that says where it is saved."""
    from jaxtour.render.chart import NARROWEST
    from jaxtour.render.processes import stdout_apart

    if report.processes and not report.figures and (apart := stdout_apart(report, width)):
        return apart, []
    lines: list[Line] = []
    pictures: list[Picture] = []
    text, traced = report.stdout.text, report.traced
    start = 0
    room = width - 1
    drawn = drawable() and room >= NARROWEST and not view.ascii
    for figure in report.figures:
        said = figure.said.text
        at = text.find(f"{said}\n", start)
        if at < 0:
            continue  # it printed too much, and the end was dropped
        lines += _part(text, start, at, width, traced)
        lines += written(Raw(said.rpartition(", saved to ")[0] if view.stable else said), width, "muted")
        start = at + len(said) + 1
        if drawn:
            rows = min(FIGURE_ROWS, max(1, round(room * figure.height / figure.width / CELL)))
            pictures.append(Picture(len(lines), rows, figure))
            lines += [()] * rows
    lines += _part(text, start, len(text), width, traced)
    if report.figures and not drawable():
        words = "pip install 'jaxtour[notebooks]' draws the figures here"
        lines += wrap((("i ", "faint"), (words, "muted")), width, indent="  ")
    return lines, pictures


def _part(text: str, start: int, end: int, width: int, traced: Sequence[tuple[int, int]]) -> list[Line]:
    """Return a part of the output; if tracing printed anything in any part, all parts have the gutter that shows it."""
    inside = [(max(first, start) - start, min(last, end) - start) for first, last in traced]
    return written(Raw(text[start:end]), width, traced=inside)


@cache
def drawable() -> bool:
    """Return whether the library that draws figures is installed, without importing it."""
    return find_spec("textual_image") is not None


def _differs(view: StepView, step: Step, report: Report, width: int) -> list[Line]:
    """Return how the results of the edit differ from those of the lesson's own code; an exercise has a check instead.

    Names a change that the step suggests.
    """
    own = view.state.own
    if own is None or own is report or step.exercise or view.state.code == step.shown_code.text:
        return []
    # Imported here: most steps have no edit.
    from jaxtour.render.changes import change_lines
    from jaxtour.render.timing.changed import changed_times

    lines = change_lines(own, report, view.index, width)
    if not lines:
        return []
    change = change_of(step, view.state.code)
    label = wrap((("~ ", "mark"), (change.label, "strong")), width, indent="  ") if change else []
    if own.timings and not report.timings and report.done and not report.failure:
        lines += [(("· ", "faint"), (view.key("measure"), "strong"), (" measures this too", "muted"))]
    return [*label, *([] if view.stable else changed_times(own.timings, report.timings, width)), *lines]


MOST_RESULTS = 8


def _returns(view: StepView, width: int) -> list[Line]:
    """Return what the call shown of a file returns: `step(w, x) returns f32[16,32] f32[32]`."""
    trace = view.trace if view.lesson.plain else None
    if trace is None or not trace.results:
        return []
    more = len(trace.results) - MOST_RESULTS
    line: Line = ((trace.label, "strong"), (" returns ", "muted"), (" ".join(trace.results[:MOST_RESULTS]), "type"))
    return wrap((*line, (f" and {more} more", "muted")) if more > 0 else line, width, indent="  ")


def written(text: Raw, width: int, style: Style = "", traced: Sequence[tuple[int, int]] = ()) -> list[Line]:
    """Return the program's output, with output of tracing marked; very long output is not wrapped."""
    from jaxtour.render.value import printed_lines

    return printed_lines(text, traced, width if len(text.text) < WRAPPED else None, style)


def _empty(view: StepView) -> Line:
    if view.state.reason:
        return (("✗ ", "warning"), (f"not here: this step {view.state.reason}", ""))
    return ((view.key("run"), "strong"), (" runs the step; its value and output appear here", "muted"))


def _ending(view: StepView, step: Step, report: Report, width: int) -> list[Line]:
    lines: list[Line] = []
    if report.checked:
        if report.checked.passed:
            lines.append((("✓ ", "success"), ("solved", "success")))
        else:
            # The rest is in the lesson pane.
            words = report.checked.message.partition("\n")[0] or "the check did not pass"
            lines += wrap((("✗ ", "warning"), ("not yet: ", "warning"), (words, "")), width, indent="  ")
    done = report.done
    if done is None:
        return lines
    if done.status == "interrupted":
        after = "" if view.stable else f" after {seconds(done.seconds)}"
        lines.append(((f"{'#' if view.ascii else '■'} interrupted{after}", "warning"),))
        lines += wrap(((done.who, "warning"),), width) if done.who else []
    elif done.status in ("timeout", "died"):
        said = done.reason or ("it took too long" if done.status == "timeout" else "the worker ended")
        said += f"; {done.who}" if done.who else ""
        if status(step, report) == "raised":
            lines += wrap((("✓ ", "success"), (f"{said}, as the step expects", "success")), width, indent="  ")
        else:
            lines += wrap((("✗ ", "error"), (said, "error")), width, indent="  ")
    elif report.failure is None and (expects := _expects(step, view.state.code)):
        lines += wrap((("✗ ", "warning"), (f"nothing was raised; {expects}", "warning")), width, indent="  ")
    return lines


def _meant(view: StepView, step: Step, report: Report) -> str:
    """Return what says that the code should raise what it raised, in words; empty for nothing."""
    change = change_of(step, view.state.code)
    if change and change.raises and as_expected(change.raises, report.failure):
        return "this change should"
    meant = (step.raises and report.done is None) or (report.done and status(step, report) == "raised")
    return "the step expects" if meant else ""


def _expects(step: Step, code: str) -> str:
    """Return which exception this code should raise, in words; empty for none."""
    if is_own(step, code):
        return f"the step expects {step.raises}" if step.raises else ""
    change = change_of(step, code)
    return f"this change should raise {change.raises}" if change and change.raises else ""


def _subtitle(view: StepView, report: Report) -> Line:
    if view.state.process is not None:
        return ((f"process {view.state.process} of {view.processes}", ""),)
    count = report.stdout.text.count("\n") + report.stderr.text.count("\n")
    return ((f"{count} lines of output", ""),) if count > 20 else ()
