"""The source pane: the step's code, with what happened beside the lines where it happened."""

from functools import lru_cache
from typing import NamedTuple

from jaxtour.course.model import Broken
from jaxtour.engine.links import links_of
from jaxtour.render.text.spans import Line
from jaxtour.text.raw import Raw
from jaxtour.tui.lines.document import Columns, Document
from jaxtour.tui.styling import Mark
from jaxtour.tui.tour.view import StepView


def start(view: StepView) -> int:
    """Where the cursor is at first: in the step's own code."""
    return rows_of(view).code.start


def shows(_: StepView) -> str:
    """What is shown, by name."""
    return "source"


class SourceRows(NamedTuple):
    """Where code stands in the pane: lines of the pane from 0, those of code from 1."""

    cell: str
    """What the step's own code is called on the wire."""
    setup: range
    """Lines of the pane that are code which runs first; empty where it is folded."""
    first: int
    """The number that the first of those lines has in its own text."""
    code: range
    texts: tuple[Raw, ...]
    """Of the step's own code, as it was written."""
    setup_texts: tuple[Raw, ...] = ()

    @property
    def written(self) -> str:
        """All code in the pane, as it was written."""
        return "".join(f"{text.text}\n" for text in (*self.setup_texts, *self.texts))

    def place(self, line: int) -> tuple[str, int] | None:
        """The file and the line in it of a line of the pane; None where no code stands."""
        if line in self.code:
            return self.cell, line - self.code.start + 1
        if line in self.setup:
            return f"{self.cell}:setup", line - self.setup.start + self.first
        return None

    def line(self, file: str, line: int) -> int | None:
        """The line of the pane for a line of a file; None where it is not in the pane."""
        if file == self.cell:
            found, rows = self.code.start + line - 1, self.code
        elif file == f"{self.cell}:setup":
            found, rows = self.setup.start + line - self.first, self.setup
        else:
            return None
        return found if found in rows else None

    def text(self, line: int) -> Raw:
        """The code in a line of the pane, as it was written."""
        if line in self.code:
            return self.texts[line - self.code.start]
        return self.setup_texts[line - self.setup.start] if line in self.setup else Raw()


def rows_of(view: StepView) -> SourceRows:
    """Where code stands in the pane."""
    step = view.step
    if isinstance(step, Broken):
        return SourceRows(view.cell, range(0), 1, range(0), ())
    texts = tuple(map(Raw, view.code.text.rstrip("\n").split("\n")))
    setup = step.setup.text.strip("\n")
    first = 1 + len(step.setup.text) - len(step.setup.text.lstrip("\n"))
    if not setup.strip():
        return SourceRows(view.cell, range(0), 1, range(len(texts)), texts)
    if not view.state.setup:
        return SourceRows(view.cell, range(0), first, range(1, 1 + len(texts)), texts)
    own = tuple(map(Raw, setup.split("\n")))
    start = 2 + len(own)
    return SourceRows(view.cell, range(1, 1 + len(own)), first, range(start, start + len(texts)), texts, own)


def columns_shown(text: Raw, columns: Columns) -> Columns:
    """Where characters of code stand on the screen, on which a tab and what is invisible take several."""
    raw = text.text
    if text.shown == raw:
        return columns
    start, end = (len(Raw(raw[:column]).shown) + max(0, column - len(raw)) for column in columns)
    return start, end


def document(view: StepView, width: int) -> Document:  # noqa: ARG001 - code is not wrapped
    """The code with line numbers."""
    step = view.step
    if isinstance(step, Broken):
        return Document(lines=[(("nothing to run here", "faint"),)])
    rows = rows_of(view)
    lines: list[Line] = []
    gutter: list[Line] = []
    marks: dict[int, Mark] = {}
    folded = len(step.setup.text.strip().splitlines())
    if folded:
        sign = "·" if view.state.setup else "▸"
        words = "1 line runs first" if folded == 1 else f"{folded} lines run first"
        lines.append(((words, "faint"),))
        gutter.append(((f" {sign} ", "faint"),))
        if view.state.setup:
            own = coloured(view, Raw(step.setup.text.strip("\n")))
            lines += [*own, ()]
            inside: Line = ((" · ", "faint"),)
            gutter += [inside] * len(own) + [(("   ", ""),)]
    start = len(lines)
    own = coloured(view, Raw(view.code.text.rstrip("\n")))
    lines += own
    digits = max(2, len(str(len(own))))
    gutter += [((f"{number:>{digits}} ", "faint"),) for number in range(1, len(own) + 1)]
    _happened(view, start, digits, lines, gutter, marks)
    return Document(
        lines=lines,
        gutter=gutter,
        marks=marks,
        subtitle=_subtitle(view),
        anchor=_anchor(marks),
        cursor=True,
        selectable=lambda line: [shown for shown, _ in expressions(view, rows, line)],
    )


def expressions(view: StepView, rows: SourceRows, line: int) -> list[tuple[Columns, Columns]]:
    """The expressions of a line that something became of: their columns on the screen, and in the code."""
    place, stage = rows.place(line), view.traced
    if place is None or stage is None:
        return []
    text = rows.text(line)
    return [(columns_shown(text, columns), columns) for columns in links_of(stage).selections(*place)]


def coloured(view: StepView, source: Raw) -> list[Line]:
    """The source's lines, highlighted if it is time for that."""
    if not view.coloured:
        return [((line, ""),) for line in source.shown.split("\n")]
    return _highlighted(source)


@lru_cache(maxsize=32)
def _highlighted(source: Raw) -> list[Line]:
    from jaxtour.render.text.code import python_lines

    return python_lines(source.shown)


def _happened(
    view: StepView, start: int, digits: int, lines: list[Line], gutter: list[Line], marks: dict[int, Mark]
) -> None:
    report = view.report
    if report is None:
        return
    for warning in report.warnings:
        index = start + (warning.line or 0) - 1
        if warning.line and index < len(lines):
            flag = "⚑"
            gutter[index] = ((f"{warning.line:>{digits}}", "warning"), (flag, "warning"))
            first = warning.message.splitlines()[:1]
            lines[index] = (*lines[index], (f"   {flag} {warning.category}: {''.join(first)}", "warning"))
    failure = view.failure
    if failure and failure.line and start + failure.line - 1 < len(lines):
        index = start + failure.line - 1
        gutter[index] = ((f"{failure.line:>{digits}}", "error"), ("✗", "error"))
        marks[index] = "error"


def _anchor(marks: dict[int, Mark]) -> int | None:
    return next((index for index, mark in marks.items() if mark == "error"), None)


def _subtitle(view: StepView) -> Line:
    words = failed(view)
    if view.edited:
        edited = "edited here, not in the file" if view.lesson.plain else "edited"
        words = (*words, *((("   ", ""),) if words else ()), (edited, "warning"))
    return words


def failed(view: StepView) -> Line:
    """Where the code failed, or tracing the call that is shown, if it did."""
    failure = view.failure
    if failure is None or not failure.line:
        return ()
    return ((f"{failure.type} in line {failure.line}", "error"),)
