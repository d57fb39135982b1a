"""The devices pane: what the worker found, which device holds which part of the value, or why there is no worker."""

from collections.abc import Iterable

import msgspec

from jaxtour.engine.wire.messages import Facts, Value
from jaxtour.render.text.layout import Line, StyledText, wrap
from jaxtour.tui.lines.document import Columns, DevicePiece, Document
from jaxtour.tui.tour.view import StepView


def document(view: StepView, width: int, *, whole: bool = False) -> Document:
    """Return the devices, or why there are none; the `whole` document has each device and all versions too."""
    said: Line = ((view.key("choose_devices"), "primitive"), (" choose", "")) if whole else ()
    if view.facts is None or view.worker == "dead":
        return Document(lines=_without(view, width, whole=whole), subtitle=said)
    if view.stable:
        return Document(lines=[(("left out", "faint"),)])
    from jaxtour.render.devices.panel import device_panel

    facts, value = view.facts, view.report.value if view.report else None
    width -= GUTTER_EXTRA
    panel = device_panel(facts, width, value=value, cursor=view.state.device if whole else None, whole=whole)
    lines = panel.lines
    pieces = [
        DevicePiece(chip.row, (chip.start, chip.end), frozenset((f"{chip.platform}:{chip.device}",)))
        for chip in panel.chips
    ]
    if whole:
        lines, pieces = _more(view, facts, width, lines, pieces)
    return with_pieces(Document(lines=lines, subtitle=said), pieces if len(pieces) > 1 else ())


def _more(
    view: StepView, facts: Facts, width: int, lines: list[Line], pieces: list[DevicePiece]
) -> tuple[list[Line], list[DevicePiece]]:
    """Return what goes below the devices: versions, a line for each device, and which holds what of the value."""
    from jaxtour.render.devices.details import device_rows, version_lines

    rows, starts = device_rows(facts, width)
    lines = [*lines, *([()] if rows else []), *version_lines(facts, width), *([()] if rows else [])]
    before = len(lines)
    for row, device in starts:
        name = f"{device.platform}:{device.id}"
        pieces = [*pieces, DevicePiece(before + row, (0, len(name)), frozenset((name,)))]
    lines = [*lines, *rows]
    value = view.report.value if view.report else None
    if value is not None and sharded(value):
        from jaxtour.render.value import type_of

        kind = type_of(value.dtype, value.shape)
        lines = [*lines, (), (("the value  ", "strong"), (kind, "type"))]
        drawn, shards = shard_pieces(value, width, len(lines), ascii_only=view.ascii)
        lines, pieces = [*lines, *drawn], [*pieces, *shards]
    return lines, pieces


def _without(view: StepView, width: int, *, whole: bool) -> list[Line]:
    """Return why there are no devices."""
    if view.worker != "dead":
        return [*wrap((("jax is looking for devices", "muted"),), width), *worker_lines(view, width)]
    lines = wrap((("the worker is gone", "muted"),), width)
    if whole:
        lines += worker_lines(view, width)
        lines.append(((view.key("choose_devices"), "strong"), (" chooses other devices", "muted")))
    return lines


def worker_lines(view: StepView, width: int) -> list[Line]:
    """Return why the worker is gone and which keys help, or what keeps it from opening its devices; usually nothing."""
    said = view.detail
    if view.worker == "opening devices" and said:
        return wrap((("! ", "warning"), (said, "warning")), width, indent="  ")
    if view.worker != "dead":
        return []
    lines = wrap((("✗ ", "error"), (said or "the worker is gone", "error")), width, indent="  ")
    keys = [("wait_for_devices", "waits until it is free")] if view.held else []
    keys += [("use_cpu", "uses the CPU")] if view.cpu_helps else []
    keys += [("run", "connects again and runs the step")] if view.lost else []
    keys += [
        ("restart", "connects again" if view.lost else "starts it again"),
        *([("quit", "quits")] if view.held else []),
    ]
    spans: list[StyledText] = []
    for action, words in keys:
        spans += [("   " if spans else "", ""), (view.key(action), "strong"), (f" {words}", "muted")]
    return [*lines, *wrap(spans, width, indent="  ")]


GUTTER_EXTRA = 1
"""The columns of text that the gutter of a cursor takes."""


def sharded(value: Value | None) -> bool:
    """Return whether a value, or an array in it, is spread over several devices."""
    return value is not None and len(value.devices) > 1 and bool(value.shards or value.leaves)


def shard_pieces(value: Value, width: int, before: int, *, ascii_only: bool) -> tuple[list[Line], list[DevicePiece]]:
    """Return the drawing of which device holds which part of a value, and its pieces, after `before` other lines."""
    from jaxtour.render.devices.sharding import sharding_drawing, spread_arrays

    lines: list[Line] = []
    pieces: list[DevicePiece] = []
    for name, array in spread_arrays(value, width):
        lines += name
        drawing = sharding_drawing(array, width, ascii=ascii_only)
        platform = array.devices[0].partition(":")[0]
        pieces += [
            DevicePiece(row, (cell.start, cell.end), frozenset(f"{platform}:{device}" for device in cell.devices))
            for cell in drawing.cells
            for row in range(before + len(lines) + cell.row, before + len(lines) + cell.row + cell.rows)
        ]
        lines += drawing.lines
    return lines, pieces


def with_pieces(document: Document, pieces: Iterable[DevicePiece]) -> Document:
    """Return the document with a cursor that selects the pieces, starting with the first."""
    ordered = sorted(pieces, key=lambda piece: (piece.line, piece.columns))
    if not ordered:
        return document
    selectable: dict[int, list[Columns]] = {}
    for piece in ordered:
        selectable.setdefault(piece.line, []).append(piece.columns)
    return msgspec.structs.replace(
        document,
        anchor=ordered[0].line if document.anchor is None else document.anchor,
        follow=False,
        cursor=True,
        steered=True,
        selectable=lambda line: selectable.get(line, ()),
        pieces=ordered,
    )
