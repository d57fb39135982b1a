"""Styled text independent of any toolkit: the plain commands join it, the app colours it."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

Style: TypeAlias = Literal[
    "", "muted", "faint", "strong", "emphasis", "title", "link", "code",
    "type", "primitive", "keyword", "constant", "name", "number", "string", "comment", "function", "operator",
    "error", "warning", "success", "mark", "bar", "bar-baseline", "bar-muted", "chip", "chip-on",
]  # fmt: skip
Span: TypeAlias = tuple[str, Style]
Line: TypeAlias = tuple[Span, ...]


def plain(line: Line) -> str:
    """Return the line's text without styles."""
    return "".join(text for text, _ in line)


def plain_lines(lines: Iterable[Line]) -> str:
    """Return the lines' text, each ending in a newline."""
    return "".join(plain(line).rstrip() + "\n" for line in lines)
