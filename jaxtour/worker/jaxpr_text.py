"""The text of a jaxpr, an equation to a line, and for every line the lesson code that it comes from."""

import re
from typing import Any, TypeAlias

from . import compat
from .failures import LESSON_FILE, characters, source_line

LINE_CAP = 20_000
CHARACTER_CAP = 1_000_000

Place: TypeAlias = dict[str, Any] | None
"""A `Source`, or None where no lesson code is behind it."""

_COMMENT = re.compile(r"\s+#(?: (?P<file>[^\s:]*(?:<[^>]*>)?):(?P<line>\d+)(?::(?P<column>\d+))? \([^#]*\))?\s*$")
_ONE_LINE = re.compile(r"^(?P<indent>\s*)(?P<head>[^{]*\{ lambda .*?\. let) +(?=\S)")


def annotated(printed: str, origin: Place = None) -> tuple[str, list[Place]]:
    """The text without its comments, and the source of the equation that each line belongs to.

    An equation without a source of its own has that of the equation around it; `origin` is around all of them.
    """
    lines: list[str] = []
    places: list[Place] = []
    around: list[tuple[int, Place]] = []
    used = 0
    every = [line for text, comments in _uncommented(printed) for line in _split(text, comments)]
    for number, (line, comment) in enumerate(every):
        used += len(line) + 1
        if number >= LINE_CAP or used > CHARACTER_CAP:
            lines.append(f"… {len(every) - number} more lines")
            places.append(None)
            break
        indent = len(line) - len(line.lstrip())
        closes = line.lstrip().startswith("]")
        while around and (around[-1][0] > indent or (around[-1][0] == indent and not closes)):
            around.pop()
        if comment is not None:
            around.append((indent, _place(comment) or (around[-1][1] if around else origin)))
        lines.append(line)
        places.append(around[-1][1] if around else None)
    return "\n".join(lines), places


def _uncommented(printed: str) -> list[tuple[str, list[re.Match[str]]]]:
    """The lines, each with its comments; where JAX put several on lines of their own, they go to the line above."""
    found: list[tuple[str, list[re.Match[str]]]] = []
    for full in printed.split("\n"):
        line = full
        comments: list[re.Match[str]] = []
        while match := _COMMENT.search(line):
            comments.insert(0, match)
            line = line[: match.start()]
        if comments and not line.strip() and found:
            found[-1][1].extend(comments)
        elif line.strip():
            found.append((compat.tidy(line), comments))
    return found


def _split(line: str, comments: list[re.Match[str]]) -> list[tuple[str, re.Match[str] | None]]:
    """A jaxpr that JAX put on one line, as JAX writes longer ones; other lines as they are."""
    whole = _ONE_LINE.match(line)
    if not whole or not comments or (len(comments) == 1 and whole["indent"]):
        return [(line, comments[0] if comments else None)]
    *equations, last = _parts(line[whole.end() :])
    final, _, result = last.rpartition(" in (")
    if not final or len(equations) + 1 != len(comments):
        return [(line, comments[0])]
    indent = whole["indent"]
    body = [f"{indent}    {equation}" for equation in [*equations, final]]
    return [
        (f"{indent}{whole['head']}", None),
        *zip(body, comments, strict=True),
        (f"{indent}  in ({result}", None),
    ]


def _parts(text: str) -> list[str]:
    """The pieces between semicolons that are outside every bracket."""
    depth, start, parts = 0, 0, []
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and text.startswith("; ", place):
            parts.append(text[start:place])
            start = place + 2
    return [*parts, text[start:]]


def _place(comment: re.Match[str]) -> Place:
    lesson = LESSON_FILE.match(comment["file"] or "")
    if not lesson:
        return None
    line = int(comment["line"])
    column = characters(source_line(comment["file"], line), int(comment["column"] or 0))
    file = f"{lesson['name']}:{lesson['part']}" if lesson["part"] else lesson["name"]
    return {"file": file, "line": line, "column": column + 1}
