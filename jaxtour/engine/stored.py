"""Holds what a notebook's cell gave against what it gave when the file was saved."""

import re
from collections.abc import Iterator
from functools import lru_cache

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.report import Report
from jaxtour.engine.tokens import bare, difference
from jaxtour.text.clean import clean
from jaxtour.text.words import short

_FIGURE = re.compile(r"^figure \d+x\d+: .*\.png\n?", re.MULTILINE)
"""What the worker prints for a figure, which the file stores as a picture."""
_ADDRESS = re.compile(r"(?: object)? at 0x[0-9a-fA-F]+")
_SCALAR = re.compile(r"\bnp\.(?:bool_?|str_|u?int\d+|float\d+|complex\d+)(?=\()")
"""How NumPy 2 shows a scalar that NumPy 1 shows as its number."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SHOWN = 120
"""Characters of each text."""


def is_compared(lesson: Lesson, step: Step) -> bool:
    """Whether the file has an output of the step that can be compared."""
    cell = lesson.cells.get(step.id)
    return cell is not None and any(each is not None for each in (cell.stdout, cell.value, cell.error))


def stored_differences(lesson: Lesson, step: Step, report: Report) -> list[str]:
    """What differs, a line each with both texts; numbers may differ by 1e-4 of their size, as in `expect`.

    Only what the file has stored is compared: nothing is said of a cell that was not run before the file was saved.
    """
    return [clean(line, keep_newlines=False) for line in _differences(lesson, step, report)]


def _differences(lesson: Lesson, step: Step, report: Report) -> Iterator[str]:
    cell = lesson.cells.get(step.id)
    if cell is None:
        return
    head = f"cell {cell.number}"
    if report.failure and (cell.error is None or step.raises is None):
        # The error is reported, and explains what is missing.
        return
    if cell.error is not None and report.failure and cell.error not in (report.failure.type, *report.failure.bases):
        yield f"{head}: the notebook says {cell.error}, here {report.failure.type}"
    if cell.stdout is not None:
        yield from _texts(f"{head} printed", cell.stdout.text, _FIGURE.sub("", report.stdout.text))
    if cell.value is not None:
        yield from _texts(head, cell.value.text, report.value.plain.text if report.value else "")


@lru_cache(maxsize=64)
def _texts(head: str, stored: str, got: str) -> tuple[str, ...]:
    # Cached, since a pane asks whenever it is drawn.
    stored, got = _comparable(stored), _comparable(got)
    if not difference(bare(stored), bare(got)):
        return ()
    one, other = _around(stored, got)
    return (f"{head}: the notebook says {one or 'nothing'}, here {other or 'nothing'}",)


def _comparable(text: str) -> str:
    return _SCALAR.sub("", _ADDRESS.sub("", _COLOUR.sub("", text)))


def _around(one: str, other: str) -> tuple[str, str]:
    """The texts in one line each; of long ones, the lines from the first one on that differs."""
    if max(len(one), len(other)) > _SHOWN:
        ones, others = one.split("\n"), other.split("\n")
        pairs = zip(ones, others, strict=False)
        first = next((at for at, pair in enumerate(pairs) if difference(*map(bare, pair))), min(len(ones), len(others)))
        one, other = "\n".join(ones[first:]), "\n".join(others[first:])
    return short(one, _SHOWN), short(other, _SHOWN)
