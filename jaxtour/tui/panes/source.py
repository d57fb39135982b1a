"""The source pane: the step's code, with warnings and failures next to their lines."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePath
from typing import NamedTuple

from jaxtour.course.model import Broken, Step
from jaxtour.engine.links import links_of
from jaxtour.engine.wire.messages import Span
from jaxtour.render.text.layout import Line
from jaxtour.text import Raw
from jaxtour.tui.lines.document import Columns, Document
from jaxtour.tui.styling import Mark
from jaxtour.tui.tour.view import StepView


def start(view: StepView) -> int:
    """Return the first line of the cursor: where the step's own code starts."""
    return rows_of(view).code.start


def shows(_: StepView) -> str:
    """Return a name for what is shown."""
    return "source"


class SourceRows(NamedTuple):
    """Maps lines of the pane, from 0, to lines of code, from 1."""

    cell: str
    """The name of the step's own code on the wire."""
    setup: range
    """Lines of the pane with the setup; empty while it is folded."""
    first: int
    """The number of the first of those lines in the setup's text."""
    code: range
    texts: tuple[Raw, ...]
    """The step's own code, as it was written."""
    setup_texts: tuple[Raw, ...] = ()

    @property
    def written(self) -> str:
        """All code in the pane, as it was written."""
        return "".join(f"{text.text}\n" for text in (*self.setup_texts, *self.texts))

    def place(self, line: int) -> tuple[str, int] | None:
        """Return the file and line of a line of the pane; None for a line without code."""
        if line in self.code:
            return self.cell, line - self.code.start + 1
        if line in self.setup:
            return f"{self.cell}:setup", line - self.setup.start + self.first
        return None

    def line(self, file: str, line: int) -> int | None:
        """Return the line of the pane for a line of a file; None if the pane does not show it."""
        if file == self.cell:
            found, rows = self.code.start + line - 1, self.code
        elif file == f"{self.cell}:setup":
            found, rows = self.setup.start + line - self.first, self.setup
        else:
            return None
        return found if found in rows else None

    def text(self, line: int) -> Raw:
        """Return the code in a line of the pane, as it was written."""
        if line in self.code:
            return self.texts[line - self.code.start]
        return self.setup_texts[line - self.setup.start] if line in self.setup else Raw()


NO_CODE = SourceRows("", range(0), 1, range(0), ())
"""The rows of a pane without code, or with other code than the results are about."""


def rows_of(view: StepView) -> SourceRows:
    """Return where the code is in the pane."""
    step = view.step
    if isinstance(step, Broken):
        return NO_CODE
    return _rows(view.cell, view.code.text, step.setup.text, view.state.setup)


@lru_cache(maxsize=8)
def _rows(cell: str, code: str, setup: str, unfolded: bool) -> SourceRows:
    """Return the rows, which are kept, since every key that moves the cursor asks for them."""
    texts = tuple(map(Raw, code.rstrip("\n").split("\n")))
    first = 1 + len(setup) - len(setup.lstrip("\n"))
    setup = setup.strip("\n")
    own = tuple(map(Raw, setup.split("\n"))) if unfolded and setup.strip() else ()
    start = 2 + len(own) if own else int(bool(setup.strip()))
    return SourceRows(cell, range(1, 1 + len(own)), first, range(start, start + len(texts)), texts, own)


def columns_shown(text: Raw, columns: Columns) -> Columns:
    """Return the columns of code on the screen, where tabs and invisible characters take several."""
    raw = text.text
    if text.shown == raw:
        return columns
    start, end = (len(Raw(raw[:column]).shown) + max(0, column - len(raw)) for column in columns)
    return start, end


def document(view: StepView, _width: int) -> Document:
    """Return the code with line numbers, which is not wrapped."""
    step = view.step
    if isinstance(step, Broken):
        return Document(lines=[(("nothing to run", "faint"),)])
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
    signs = changed(view)
    for number in range(len(own)):
        sign = signs.get(number, " ")
        gutter.append(((f"{number + 1:>{digits}}", "faint"), (sign, "mark" if sign != " " else "faint")))
    _happened(view, start, digits, lines, gutter, marks)
    if view.profiled is not None and not view.stable and not view.stale:
        from jaxtour.render.profile.columns import source_column

        gutter = [(*source_column(view.profiled, rows.place(number)), *line) for number, line in enumerate(gutter)]
    return Document(
        lines=lines,
        gutter=gutter,
        marks=marks,
        subtitle=_subtitle(view),
        anchor=next(iter(marks), None),
        cursor=True,
        selectable=lambda line: [shown for shown, _ in expressions(view, rows, line)],
    )


def expressions(view: StepView, rows: SourceRows, line: int) -> list[tuple[Columns, Columns]]:
    """Return the linked expressions of a line: their columns on the screen, and in the code."""
    place, stage = rows.place(line), view.traced
    if place is None or stage is None or view.stale:
        return []
    text = rows.text(line)
    return [(columns_shown(text, columns), columns) for columns in links_of(stage).selections(*place)]


def coloured(view: StepView, source: Raw) -> list[Line]:
    """Return the source's lines, highlighted after the first frame."""
    if not view.coloured:
        return [((line, ""),) for line in source.shown.split("\n")]
    return _highlighted(source)


@lru_cache(maxsize=32)
def _highlighted(source: Raw) -> list[Line]:
    from jaxtour.render.text.code import python_lines

    return python_lines(source.shown)


def changed(view: StepView) -> Mapping[int, str]:
    """Return the signs of the lines where the edit differs from the lesson's code; none for an exercise."""
    step = view.step
    if not view.edited or isinstance(step, Broken) or step.exercise or view.scratch:
        return {}
    # Imported here: most steps have no edit.
    from jaxtour.render.text.diff import changed_lines

    return changed_lines(step.shown_code.text, view.code.text)


def _happened(
    view: StepView, start: int, digits: int, lines: list[Line], gutter: list[Line], marks: dict[int, Mark]
) -> None:
    report = view.report
    if report is None or view.state.file or view.stale:
        return
    for warning in report.warnings:
        index = start + (warning.line or 0) - 1
        if warning.line and index < len(lines):
            gutter[index] = ((f"{warning.line:>{digits}}", "warning"), ("⚑", "warning"))
            first = warning.message.splitlines()[:1]
            lines[index] = (*lines[index], (f"   ⚑ {warning.category}: {''.join(first)}", "warning"))
    place = view.pointed
    if place is not None and start + place.line - 1 < len(lines):
        index = start + place.line - 1
        gutter[index] = ((f"{place.line:>{digits}}", "warning"), ("✗", "warning"))
        marks[index] = "warning"
    failure = view.failure
    if failure and failure.line and start + failure.line - 1 < len(lines):
        index = start + failure.line - 1
        gutter[index] = ((f"{failure.line:>{digits}}", "error"), ("✗", "error"))
        marks[index] = "error"


def _subtitle(view: StepView) -> Line:
    if view.state.file:
        return ((f"{PurePath(view.state.file).name}, read-only", "muted"),)
    words = failed(view)
    if view.profile is not None and not words:
        from jaxtour.render.profile.columns import said_of_profile

        words = said_of_profile(view.profile)
    if view.outdated and not words:
        what = "the file" if view.lesson.plain else "the lesson's code"
        words = ((f"{what} changed since your edit; {view.key('both')} shows both", "warning"),)
    elif view.scratch:
        words = (*words, *((("   ", ""),) if words else ()), ("yours, kept", "muted"))
    elif view.edited:
        edited = "edited here, not in the file" if view.lesson.plain else "edited"
        words = (*words, *((("   ", ""),) if words else ()), (edited, "warning"))
    return words


def failed(view: StepView) -> Line:
    """Return where the code, or tracing the call shown, failed; empty without a failure."""
    failure = None if view.stale else view.failure
    if place := view.pointed:
        return ((f"not yet: line {place.line}", "warning"),)
    if failure is None or not failure.line:
        return ()
    return ((f"{failure.type} in line {failure.line}", "error"),)


def expression(view: StepView, span: Span) -> str:
    """Return the source of an expression in one line; empty outside the lesson's code."""
    lines = code_of(view, span.file)
    if not 0 < span.line <= len(lines):
        return ""
    text = lines[span.line - 1][span.column - 1 :]
    if span.end_line > span.line:
        return Raw(text.strip()).shown + " …"
    return Raw(text[: span.end_column - span.column].strip()).shown


def code_of(view: StepView, file: str) -> list[str]:
    """Return the lines of a file on the wire: this step's code as it ran, a setup, an earlier step's, or a file's."""
    if file == view.cell:
        return (view.state.code if view.stale else view.code.text).split("\n")
    if file in (view.own, *view.state.files) and view.lesson.plain:
        try:
            return _lines_of(file, Path(file).stat().st_mtime_ns)
        except OSError:
            return []
    name, _, part = file.partition(":")
    for step in (view.step, *view.lesson.steps):
        if isinstance(step, Step) and name == f"{view.lesson.id}/{step.id}":
            return (step.setup if part else step.solved_code).text.split("\n")
    return []


@lru_cache(maxsize=8)
def _lines_of(file: str, _: int) -> list[str]:
    """Return the lines of a file, read again after each save."""
    return Path(file).read_text(encoding="utf-8", errors="replace").split("\n")
