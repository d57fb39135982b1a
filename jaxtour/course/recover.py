"""Recovers the steps of a lesson that is not valid YAML, so that one step's slip does not cost the others."""

import re

import msgspec

from jaxtour.course.model import CourseError, Problem
from jaxtour.course.reader import LINE_END, Mapping, Sequence, parse
from jaxtour.text import Raw

MOST_STEPS = 400
"""A file with more is not a lesson, and reading it piece by piece would take long."""
ITEM = re.compile(r"( *)-(?= |$)")
TITLE = re.compile(r"[ \t-]*title: +(\S.*)")
ID = re.compile(r"[ \t-]*id: +([a-z0-9-]+)\s*$")


class Lost(msgspec.Struct, frozen=True):
    """A step that could not be read."""

    problem: Problem
    id: str | None
    """Its id, as far as the text shows it, like `title`."""
    title: str | None
    place: tuple[int, int]
    """Where the step begins: line and column, from 1."""


class Pieces(msgspec.Struct, frozen=True):
    """The readable parts of a lesson: the keys of the head, and each step or why it is lost."""

    head: Mapping
    steps: list[Mapping | Lost]
    lines: list[str]


def recover(text: str, file: str) -> Pieces | None:
    """Read head and steps one by one; return None if the head is broken too, or if the steps cannot be separated."""
    lines = LINE_END.split(text)
    starts = _starts(lines)
    if not starts or len(starts) > MOST_STEPS:
        return None
    end = next((row for row in range(starts[-1] + 1, len(lines)) if re.match(r"[^\s#-]", lines[row])), len(lines))
    head_lines = [line if row < starts[0] or row >= end else "" for row, line in enumerate(lines)]
    try:
        head = parse("\n".join(head_lines), file).root
    except CourseError:
        return None
    if not isinstance(head, Mapping):
        return None
    steps = [_step(lines, first, last, file) for first, last in zip(starts, [*starts[1:], end], strict=True)]
    return Pieces(head, steps, lines)


def _starts(lines: list[str]) -> list[int]:
    """Return the rows where steps begin: items at the indentation of the first one below `steps:`."""
    top = next((row for row, line in enumerate(lines) if re.match(r"steps:\s*(#.*)?$", line)), None)
    if top is None:
        return []
    indent: str | None = None
    rows = []
    for row in range(top + 1, len(lines)):
        match = ITEM.match(lines[row])
        if match and (indent is None or match[1] == indent):
            indent = match[1]
            rows.append(row)
        elif re.match(r"[^\s#-]", lines[row]):
            break
    return rows


def _step(lines: list[str], first: int, last: int, file: str) -> Mapping | Lost:
    """Parse one item on its own, with its lines in the file."""
    own = lines[first:last]
    place = (first + 1, lines[first].index("-") + 3)
    try:
        root = parse("\n".join(own), file, above=first).root
    except CourseError as error:
        problem = error.problem or Problem(file=Raw(file), line=first + 1, column=1, message=str(error))
        return Lost(problem, _first(ID, own), _first(TITLE, own), place)
    item = root.items[0] if isinstance(root, Sequence) and len(root.items) == 1 else root
    if isinstance(item, Mapping):
        return item
    message = "a step must be a mapping that begins with `id:`"
    problem = Problem(file=Raw(file), line=first + 1, column=1, message=message)
    return Lost(problem, None, None, place)


def _first(pattern: re.Pattern[str], lines: list[str]) -> str | None:
    return next((match[1].strip() for line in lines if (match := pattern.match(line))), None)
