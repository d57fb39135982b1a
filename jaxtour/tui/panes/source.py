"""The source pane: the step's code, with what happened beside the lines where it happened."""

from functools import lru_cache
from typing import Any

from jaxtour.course.model import Broken
from jaxtour.render.clean import clean
from jaxtour.render.spans import Line
from jaxtour.tui.document import Document
from jaxtour.tui.styling import Mark
from jaxtour.tui.visit import View


def depends(view: View) -> tuple[Any, ...]:
    """The code, and where it failed or warned."""
    report = view.report
    found = (report.failure, report.warnings) if report else None
    return (view.step, view.code, view.edited, view.setup, found, view.ascii, view.coloured)


def document(view: View, width: int) -> Document:  # noqa: ARG001 - code is not wrapped
    """The code with line numbers."""
    step = view.step
    if isinstance(step, Broken):
        return Document(lines=[(("nothing to run here", "faint"),)])
    lines: list[Line] = []
    gutter: list[Line] = []
    marks: dict[int, Mark] = {}
    folded = len(step.setup.strip().splitlines())
    if folded:
        sign = "·" if view.setup else "▸"
        words = "1 line runs first" if folded == 1 else f"{folded} lines run first"
        lines.append(((words, "faint"),))
        gutter.append(((f" {sign} ", "faint"),))
        if view.setup:
            own = coloured(view, step.setup.strip("\n"))
            lines += [*own, ()]
            inside: Line = ((" · ", "faint"),)
            gutter += [inside] * len(own) + [(("   ", ""),)]
    start = len(lines)
    own = coloured(view, view.code.rstrip("\n"))
    lines += own
    digits = max(2, len(str(len(own))))
    gutter += [((f"{number:>{digits}} ", "faint"),) for number in range(1, len(own) + 1)]
    _happened(view, start, digits, lines, gutter, marks)
    return Document(lines=lines, gutter=gutter, marks=marks, subtitle=_subtitle(view), anchor=_anchor(marks))


def coloured(view: View, source: str) -> list[Line]:
    """The source's lines, highlighted if it is time for that."""
    if not view.coloured:
        return [((line, ""),) for line in clean(source).split("\n")]
    return _highlighted(source)


@lru_cache(maxsize=32)
def _highlighted(source: str) -> list[Line]:
    from jaxtour.render.code import python_lines

    return python_lines(source)


def _happened(
    view: View, start: int, digits: int, lines: list[Line], gutter: list[Line], marks: dict[int, Mark]
) -> None:
    report = view.report
    if report is None:
        return
    for warning in report.warnings:
        index = start + (warning.line or 0) - 1
        if warning.line and index < len(lines):
            flag = "⚑"
            gutter[index] = ((f"{warning.line:>{digits}}", "warning"), (flag, "warning"))
            first = clean(warning.message).splitlines()[:1]
            lines[index] = (*lines[index], (f"   {flag} {clean(warning.category)}: {''.join(first)}", "warning"))
    failure = report.failure
    if failure and failure.line and start + failure.line - 1 < len(lines):
        index = start + failure.line - 1
        gutter[index] = ((f"{failure.line:>{digits}}", "error"), ("✗", "error"))
        marks[index] = "error"


def _anchor(marks: dict[int, Mark]) -> int | None:
    return next((index for index, mark in marks.items() if mark == "error"), None)


def _subtitle(view: View) -> Line:
    words = failed(view)
    if view.edited:
        words = (*words, *((("   ", ""),) if words else ()), ("edited", "warning"))
    return words


def failed(view: View) -> Line:
    """Where the code failed, if it did."""
    failure = view.report.failure if view.report else None
    if failure is None or not failure.line:
        return ()
    return ((f"{clean(failure.type, keep_newlines=False)} in line {failure.line}", "error"),)
