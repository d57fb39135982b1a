"""Styled text that belongs to no toolkit: the plain commands join it, the app colours it."""

from typing import Literal, TypeAlias

Style: TypeAlias = Literal[
    "", "muted", "faint", "strong", "type", "primitive", "keyword", "name", "number", "string", "comment", "function",
    "operator", "error", "warning", "success", "mark", "title", "bar", "bar-baseline", "bar-muted"
]  # fmt: skip
Span: TypeAlias = tuple[str, Style]
Line: TypeAlias = tuple[Span, ...]


def plain(line: Line) -> str:
    """The line's text alone."""
    return "".join(text for text, _ in line)


def plain_lines(lines: list[Line] | tuple[Line, ...]) -> str:
    """The lines' text, each ending in a newline."""
    return "".join(plain(line).rstrip() + "\n" for line in lines)
