"""Makes the gutter of a stage's lines: a glyph for each line's transformations, and its place in the source."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import NamedTuple

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.messages import Origin, Span
from jaxtour.render.text.layout import Line, Style, clip

_NAMELESS = re.compile(r"\s*(?:_:|[a-z]\w*\[)")
"""The start of an equation without used results."""
_AROUND = {
    "jaxpr": re.compile(r" *(?:in \(|(?:\w+=)?\(*\{ lambda )"),
    "stablehlo": re.compile(r" *(?:\}|\^\w+\(|cond \{|reducer\()"),
}
"""Lines that begin or end the nested parts of an equation or an operation."""
UNITS: Mapping[StageName, str] = {
    "jaxpr": "equation", "stablehlo": "operation", "hlo": "instruction", "values": "equation",
}  # fmt: skip
NAME_CELLS = 9
"""The most cells of another step's id, or of a file's name."""


def place_of(cell: str, origin: Origin) -> str:
    """Return the source of a line: `9:19`, or `9:19+` if it has several."""
    if not origin.spans:
        return ""
    return where(cell, origin.spans[0], NAME_CELLS) + ("+" if len(origin.spans) > 1 else "")


def where(cell: str, span: Span, cells: int = 40) -> str:
    """Return a place in the source: `9:19` in this step; otherwise the step's id or the file's name comes first."""
    name = file_name(cell, span.file)
    place = f"{span.line}:{span.column}"
    return f"{clip(name, cells)} {place}" if name else place


def file_name(cell: str, file: str) -> str:
    """Return a file's name on screen; empty for the step's own code."""
    if file == cell:
        return ""
    if file == f"{cell}:setup":
        return "setup"
    if PurePath(file).is_absolute():
        return PurePath(file).name
    return file.partition("/")[2] or file


def is_continued(stage: StageText, line: int) -> bool:
    """Return whether a line continues an equation or operation from above, maybe after nested lines."""
    if line == 0:
        return False
    if (around := _AROUND.get(stage.language)) and around.match(stage.texts[line]):
        return True
    if stage.ids[line - 1] != stage.ids[line]:
        return False
    if not stage.names_of(line)[0]:
        return stage.language != "jaxpr" or not _NAMELESS.match(stage.texts[line])
    # Many results, or inputs of a nested jaxpr, may be printed over several lines.
    above = stage.texts[line - 1]
    return bool(stage.names_of(line - 1)[0]) and " = " not in above and not above.endswith(". let")


def head(stage: StageText, line: int) -> int:
    """Return the first line of the equation that contains a line."""
    own = stage.lines_of(stage.ids[line])
    place = bisect_left(own, line)
    while place and is_continued(stage, own[place]):
        place -= 1
    return own[place]


class TransformMark(NamedTuple):
    """The mark of a line."""

    glyph: str
    """One cell; `layout.in_ascii` has a substitute for each."""
    style: Style
    word: str


NONE = TransformMark(" ", "", "")
_RECOMPUTED = ("rematted_computation", "remat", "rematted")

# The first one present wins: a backward line stays backward whatever else applies.
_MARKS: Mapping[str, TransformMark] = {
    **dict.fromkeys(_RECOMPUTED, TransformMark("≈", "warning", "recomputed")),
    "transpose": TransformMark("←", "keyword", "backward"),
    "checkpoint": TransformMark("≈", "warning", "recomputed"),
    **dict.fromkeys(("jvp", "linearize"), TransformMark("→", "function", "forward")),
    "vmap": TransformMark("×", "type", "batched"),
    **dict.fromkeys(("shard_map", "pmap"), TransformMark("■", "constant", "on each device")),
    **dict.fromkeys(("scan", "while", "fori_loop"), TransformMark("@", "number", "in a loop")),
    "cond": TransformMark("?", "number", "in a branch"),
    **dict.fromkeys(("custom_jvp", "custom_vjp"), TransformMark("*", "string", "custom rule")),
}
_ORDER = tuple(dict.fromkeys(_MARKS.values()))
_CALLS = {"custom_jvp_call": "custom_jvp", "custom_vjp_call": "custom_vjp", "remat2": "checkpoint"}
_PHRASES = {
    "vmap": "batched by vmap",
    "shard_map": "on each device, in shard_map",
    "pmap": "on each device, in pmap",
    "scan": "in the body of scan",
    "while": "in a while loop",
    "cond": "in a branch of cond",
    "checkpoint": "inside checkpoint",
    "custom_jvp": "in a custom_jvp function",
    "custom_vjp": "in a custom_vjp function",
}


def glyph(transforms: Iterable[str]) -> TransformMark:
    """Return the mark of a line, by its most important transformation; a space without any."""
    present = {_CALLS.get(name, name) for name in transforms}
    return next((mark for name, mark in _MARKS.items() if name in present), NONE)


def legend(every: Iterable[Iterable[str]]) -> Line:
    """Return the meaning of these lines' glyphs: `→ forward  ← backward`; empty without any."""
    present = {glyph(transforms) for transforms in every}
    spans: list[tuple[str, Style]] = []
    for mark in _ORDER:
        if mark in present:
            spans += [("  ", ""), (mark.glyph, mark.style), (f" {mark.word}", "muted")]
    return tuple(spans[1:])


def in_words(transforms: Iterable[str]) -> str:
    """Return a line's transformations in words: `backward pass: transpose(jvp), batched by vmap`."""
    names = [_CALLS.get(name, name) for name in transforms]
    said = []
    if any(name in _RECOMPUTED for name in names):
        said.append("recomputed in the backward pass, as checkpoint requests")
    elif "transpose" in names:
        said.append("backward pass: transpose(jvp)")
    elif "jvp" in names or "linearize" in names:
        # Counting them would mislead: one derivative of a `custom_jvp` or a checkpoint has two `jvp` on its stack.
        said.append("forward pass of a derivative: jvp")
    said += [_PHRASES[name] for name in dict.fromkeys(names) if name in _PHRASES]
    return ", ".join(said)
