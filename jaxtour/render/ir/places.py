"""Formats the source places of a stage's lines for a gutter."""

import re
from bisect import bisect_left
from pathlib import PurePath

from jaxtour.engine.messages import Origin, Span
from jaxtour.engine.stage import StageText
from jaxtour.render.text.layout import clip

_NAMELESS = re.compile(r"\s*(?:_:|[a-z]\w*\[)")
"""The start of an equation without used results."""
_AROUND = {
    "jaxpr": re.compile(r" *(?:in \(|(?:\w+=)?\(*\{ lambda )"),
    "stablehlo": re.compile(r" *(?:\}|\^\w+\(|cond \{|reducer\()"),
}
"""Lines that begin or end the nested parts of an equation or an operation."""
NAME_CELLS = 9
"""The most cells of another step's id, or of a file's name."""


def place_of(cell: str, origin: Origin) -> str:
    """The source of a line: `9:19`, or `9:19+` if it has several."""
    if not origin.spans:
        return ""
    return where(cell, origin.spans[0], NAME_CELLS) + ("+" if len(origin.spans) > 1 else "")


def where(cell: str, span: Span, cells: int = 40) -> str:
    """A place in the source: `9:19` in this step; otherwise the step's id or the file's name comes first."""
    name = file_name(cell, span.file)
    place = f"{span.line}:{span.column}"
    return f"{clip(name, cells)} {place}" if name else place


def file_name(cell: str, file: str) -> str:
    """A file's name on screen; empty for the step's own code."""
    if file == cell:
        return ""
    if file == f"{cell}:setup":
        return "setup"
    if PurePath(file).is_absolute():
        return PurePath(file).name
    return file.partition("/")[2] or file


def is_continued(stage: StageText, line: int) -> bool:
    """Whether a line continues an equation or operation from above, maybe after nested lines."""
    if line == 0:
        return False
    if (around := _AROUND.get(stage.stage)) and around.match(stage.texts[line]):
        return True
    if stage.ids[line - 1] != stage.ids[line]:
        return False
    if not stage.names_of(line)[0]:
        return stage.stage != "jaxpr" or not _NAMELESS.match(stage.texts[line])
    # Many results, or inputs of a nested jaxpr, may be printed over several lines.
    above = stage.texts[line - 1]
    return bool(stage.names_of(line - 1)[0]) and " = " not in above and not above.endswith(". let")


def head(stage: StageText, line: int) -> int:
    """The first line of the equation that contains a line."""
    own = stage.lines_of(stage.ids[line])
    place = bisect_left(own, line)
    while place and is_continued(stage, own[place]):
        place -= 1
    return own[place]
