"""Devices, and what they hold, as pieces of lines that can be selected and are linked with each other."""

from collections.abc import Iterable, Sequence

from jaxtour.engine.messages import Value
from jaxtour.render.text.spans import Line
from jaxtour.tui.lines.document import Columns, Document, Piece

GUTTER_EXTRA = 1
"""Columns that text loses where a line has a cursor: its sign, a highlight's, and a blank stand in the gutter."""


def sharded(value: Value | None) -> bool:
    """Whether a value, or an array in it, is spread over several devices."""
    return value is not None and len(value.devices) > 1 and bool(value.shards or value.leaves)


def shard_pieces(value: Value, width: int, before: int, *, ascii_only: bool) -> tuple[list[Line], list[Piece]]:
    """The drawing of who holds what of a value, and its pieces, with so many lines before it."""
    from jaxtour.render.devices.sharding import sharding_drawing, spread_arrays

    lines: list[Line] = []
    pieces: list[Piece] = []
    for name, array in spread_arrays(value, width):
        lines += name
        drawing = sharding_drawing(array, width, ascii=ascii_only)
        platform = array.devices[0].partition(":")[0]
        pieces += [
            Piece(row, (cell.start, cell.end), frozenset(f"{platform}:{device}" for device in cell.devices))
            for cell in drawing.cells
            for row in range(before + len(lines) + cell.row, before + len(lines) + cell.row + cell.rows)
        ]
        lines += drawing.lines
    return lines, pieces


def with_pieces(document: Document, pieces: Iterable[Piece]) -> Document:
    """The document with a cursor that selects the pieces; first on the first of them."""
    ordered = sorted(pieces, key=lambda piece: (piece.line, piece.columns))
    if not ordered:
        return document
    selectable: dict[int, list[Columns]] = {}
    for piece in ordered:
        selectable.setdefault(piece.line, []).append(piece.columns)

    def pieces_of(line: int) -> Sequence[Columns]:
        return selectable.get(line, ())

    return Document(
        lines=document.lines,
        title=document.title,
        subtitle=document.subtitle,
        anchor=ordered[0].line if document.anchor is None else document.anchor,
        cursor=True,
        selectable=pieces_of,
        pieces=ordered,
    )
