"""Renders a step's output, and marks what was printed while JAX traced."""

from collections.abc import Sequence

from jaxtour.render.text.layout import joined
from jaxtour.render.text.spans import Line, Span, Style
from jaxtour.render.value import output_lines
from jaxtour.text.raw import Raw

TRACING, RAN = "tracing │ ", "        │ "


def printed_lines(
    text: Raw, traced: Sequence[tuple[int, int]], width: int | None = None, style: Style = ""
) -> list[Line]:
    """Return the output as `output_lines` does; if `traced` has ranges of characters, mark which lines they touch."""
    if not traced:
        return output_lines(text, width, style)
    room = None if width is None else max(1, width - len(TRACING))
    lines: list[Line] = []
    start = 0
    for row in text.text.removesuffix("\n").split("\n"):
        end = start + len(row)
        # The line feed belongs to its line: tracing may print an empty line too.
        inside = any(first < end + 1 and last > start for first, last in traced)
        gutter: Span = (TRACING, "warning") if inside else (RAN, "faint")
        lines += [joined([gutter, *line]) for line in output_lines(Raw(row), room, style) or [()]]
        start = end + 1
    return lines
