"""The result pane: the code's output, its value, or its failure."""

from collections.abc import Sequence

from jaxtour.course.model import Broken, Step
from jaxtour.engine.report import Report
from jaxtour.engine.verify import status
from jaxtour.render.text.layout import Line, Style, wrap
from jaxtour.text import Raw, seconds
from jaxtour.tui.lines.document import Document, Piece
from jaxtour.tui.panes.devices import GUTTER_EXTRA, shard_pieces, sharded, with_pieces, worker_lines
from jaxtour.tui.tour.view import StepView

WRAPPED = 16_000
"""Characters of output up to which long lines are wrapped: about 10 ms."""


def document(view: StepView, width: int) -> Document:
    """What came of the run, or what to do for a result."""
    step, report = view.step, view.report
    if isinstance(step, Broken):
        return Document(lines=[(("nothing to run", "faint"),)])
    if report is None:
        waits = view.worker == "dead" and not view.state.reason  # no key runs it then
        return Document(lines=[*worker_lines(view, width), *([] if waits else wrap(_empty(view), width))])
    # Imported here: the first frame shows no run.
    from jaxtour.render.value import failure_lines, value_lines, warning_lines

    width -= GUTTER_EXTRA if sharded(report.value) else 0
    lines: list[Line] = [*written(report.stdout, width, traced=report.traced)]
    lines += written(report.stderr, width, "muted")
    anchor = None
    if report.failure:
        anchor = len(lines)
        if (step.raises and report.done is None) or (report.done and status(step, report) == "raised"):
            words = f"raised {report.failure.type}, as the step expects"
            lines.append((("✓ ", "success"), (words, "success")))
        lines += failure_lines(report.failure, width)
    pieces: list[Piece] = []
    if report.value:
        lines += value_lines(report.value, width)
        if sharded(report.value):
            drawn, pieces = shard_pieces(report.value, width, len(lines) + 1, ascii_only=view.ascii)
            anchor = len(lines) + 2 if anchor is None else anchor  # `to_anchor` also shows the line before
            lines += [(), *drawn]
    lines += warning_lines(report.warnings, width)
    lines += _ending(view, step, report, width)
    lines += written(report.background, width, "muted")
    lines += worker_lines(view, width) if view.worker == "dead" or report.done is None else []
    if not lines:
        waiting = report.done is None
        lines = [(("waiting for the worker" if waiting and report.run == 0 else "running" if waiting else
                   "ran; no value and no output", "muted"),)]  # fmt: skip
    shown = Document(lines=lines, anchor=anchor, follow=anchor is None, subtitle=_subtitle(report))
    return with_pieces(shown, pieces)


def written(text: Raw, width: int, style: Style = "", traced: Sequence[tuple[int, int]] = ()) -> list[Line]:
    """The program's output, with output of tracing set apart; very long output is not wrapped."""
    from jaxtour.render.value import printed_lines

    return printed_lines(text, traced, width if len(text.text) < WRAPPED else None, style)


def _empty(view: StepView) -> Line:
    if view.state.reason:
        return (("✗ ", "warning"), (f"not here: this step {view.state.reason}", ""))
    return ((view.key("run"), "strong"), (" runs the step; its value and output come here", "muted"))


def _ending(view: StepView, step: Step, report: Report, width: int) -> list[Line]:
    lines: list[Line] = []
    if report.checked:
        if report.checked.passed:
            lines.append((("✓ ", "success"), ("solved", "success")))
        else:
            words = report.checked.message or "the check did not pass"
            lines += wrap((("✗ ", "warning"), ("not yet: ", "warning"), (words, "")), width, indent="  ")
    done = report.done
    if done is None:
        return lines
    if done.status == "interrupted":
        after = "" if view.stable else f" after {seconds(done.seconds)}"
        lines.append(((f"{'#' if view.ascii else '■'} interrupted{after}", "warning"),))
    elif done.status in ("timeout", "died"):
        said = done.reason or ("it took too long" if done.status == "timeout" else "the worker ended")
        lines += wrap((("✗ ", "error"), (said, "error")), width, indent="  ")
    elif step.raises and report.failure is None:
        words = f"nothing was raised; the step expects {step.raises}"
        lines += wrap((("✗ ", "warning"), (words, "warning")), width, indent="  ")
    return lines


def _subtitle(report: Report) -> Line:
    count = report.stdout.text.count("\n") + report.stderr.text.count("\n")
    return ((f"{count} lines of output", ""),) if count > 20 else ()
