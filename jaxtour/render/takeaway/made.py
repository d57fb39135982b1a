"""Completes a draft with the results of its code."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from jaxtour.course.model import Step
from jaxtour.engine.compare.answers import reply, truth
from jaxtour.engine.headless import Outcome
from jaxtour.engine.report import Report
from jaxtour.files import read_bytes
from jaxtour.render.takeaway.draft import AnswerDraft, CodeDraft, Draft
from jaxtour.render.takeaway.model import Code, DraftPart, Folded, Output, Prose
from jaxtour.render.text.layout import plain_lines
from jaxtour.render.timing.rows import timing_footer, timing_lines
from jaxtour.render.value import failure_lines
from jaxtour.text import one_line, plural

WIDTH = 100
"""The width of a traceback in cells."""
PNG = b"\x89PNG"
"""How a PNG file begins."""


def made(found: list[Draft], outcomes: Mapping[str, Outcome]) -> tuple[DraftPart, ...]:
    """Return the parts, with the results of the code that ran, by the ids of the draft's steps."""
    reports = {name: outcome.report for name, outcome in outcomes.items() if outcome.report}
    parts: list[DraftPart] = []
    for each in found:
        if isinstance(each, AnswerDraft):
            parts.append(_answer(each, reports.get(each.cell)))
        elif isinstance(each, CodeDraft):
            parts += _code(each, outcomes.get(each.step.id))
        else:
            parts.append(each)
    return tuple(parts)


def _answer(each: AnswerDraft, report: Report | None) -> Folded:
    found = truth(each.ask, report.answer if report else None)
    texts = [f"**{one_line(found)}**" if found else "Run the next cell to see it."]
    if each.said:
        texts.append(f"You said: {one_line(each.said)}")
    replies = ((text, " ".join(reply(each.ask, text).split())) for text in each.ask.texts)
    texts.append("\n".join(f"- *{one_line(text)}*: {told}" for text, told in replies if told))
    return Folded("The answer", "\n\n".join(filter(None, texts)))


def _code(each: CodeDraft, outcome: Outcome | None) -> Iterator[DraftPart]:
    step, report = each.step, outcome.report if outcome else None
    raises = bool(step.raises) if report is None else report.failure is not None
    yield Code(step.code.text, tuple(outputs(report)) if report else (), raises, each.folded)
    if report:
        yield from _jaxprs(step, report)
        yield from _times(report)
    elif outcome:
        yield Prose(f"*Not run here: {outcome.reason}*")
    if report and report.done and report.done.status not in ("ok", "error"):
        yield Prose(f"*{report.done.status}: {report.done.reason}*")


def _jaxprs(step: Step, report: Report) -> Iterator[Folded]:
    if step.trace == ():
        return
    for trace in report.traces:
        stage = report.stage(trace.index, "jaxpr")
        if trace.error is None and stage and stage.error is None and stage.complete:
            count = plural(trace.equations, "equation")
            yield Folded(f"jaxpr of {one_line(trace.label or trace.call.line)}: {count}", code=stage.text,
                         language="jaxpr")  # fmt: skip


def _times(report: Report) -> Iterator[Folded]:
    if report.timings:
        text = plain_lines(timing_lines(report.timings, WIDTH))
        yield Folded(
            "Time here" + (f": {said}" if (said := timing_footer(report.timings)) else ""), code=text, language="text"
        )


def outputs(report: Report) -> Iterator[Output]:
    """Yield what Jupyter would show below the cell, in its order."""
    printed, figures = report.stdout.text, [*_figures(report)]
    for said, _ in figures:
        printed = printed.replace(said, "", 1)
    if printed:
        yield Output("stdout", printed)
    warned = "".join(f"{warning.category}: {warning.message}\n" for warning in report.warnings)
    if report.stderr.text or warned:
        yield Output("stderr", report.stderr.text + warned)
    yield from (figure for _, figure in figures)
    if report.value is not None and (text := report.value.plain.text or report.value.text.text):
        yield Output("value", text)
    if report.failure is not None:
        failure = report.failure
        told = plain_lines(failure_lines(failure, WIDTH)).rstrip()
        yield Output("error", told, failure.type, failure.message)


def _figures(report: Report) -> Iterator[tuple[str, Output]]:
    """Yield the line printed for each figure, which names a file of this machine, and the figure itself."""
    for figure in report.figures:
        with suppress(OSError, ValueError):  # the program may have removed it: then the line stays
            data = read_bytes(Path(figure.path.text))
            # A worker elsewhere chooses the path, which must not bring another file into what the learner shares.
            if data.startswith(PNG):
                words = f"figure {figure.width}x{figure.height}"
                yield f"{figure.said.text}\n", Output("figure", words, png=b64encode(data).decode())
