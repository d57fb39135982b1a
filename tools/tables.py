"""Plain-text tables."""

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows of cells in columns; the first row holds the heads."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
