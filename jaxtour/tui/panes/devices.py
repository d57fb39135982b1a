"""The devices pane: what the worker found, where the value lives, and, where it fills the screen, all that is known."""

from jaxtour.engine.messages import Facts
from jaxtour.render.text.layout import wrap
from jaxtour.render.text.spans import Line
from jaxtour.tui.lines.document import Document, Piece
from jaxtour.tui.panes.pieces import GUTTER_EXTRA, shard_pieces, sharded, with_pieces
from jaxtour.tui.panes.worker import worker_lines
from jaxtour.tui.tour.view import StepView


def document(view: StepView, width: int) -> Document:
    """The devices, or what will be there."""
    return _document(view, width, whole=False)


def whole(view: StepView, width: int) -> Document:
    """Each device, what it holds of the value, and the versions of everything."""
    return _document(view, width, whole=True)


def _document(view: StepView, width: int, *, whole: bool) -> Document:
    said: Line = ((view.key("choose_devices"), "primitive"), (" choose", "")) if whole else ()
    if view.facts is None or view.worker == "dead":
        return Document(lines=_without(view, width, whole=whole), subtitle=said)
    if view.stable:
        return Document(lines=[(("left out", "faint"),)])
    from jaxtour.render.devices.panel import device_panel

    facts, value = view.facts, view.report.value if view.report else None
    width -= GUTTER_EXTRA
    panel = device_panel(facts, width, value=value, cursor=view.state.device if whole else None, whole=whole)
    lines, pieces = (
        panel.lines,
        [
            Piece(chip.row, (chip.start, chip.end), frozenset((f"{chip.platform}:{chip.device}",)))
            for chip in panel.chips
        ],
    )
    if whole:
        lines, pieces = _more(view, facts, width, lines, pieces)
    return with_pieces(Document(lines=lines, subtitle=said), pieces if len(pieces) > 1 else ())


def _more(
    view: StepView, facts: Facts, width: int, lines: list[Line], pieces: list[Piece]
) -> tuple[list[Line], list[Piece]]:
    """What is under the devices: each in a line, versions, and who holds what of the value."""
    from jaxtour.render.devices.device_details import device_rows, version_lines

    rows, starts = device_rows(facts, width)
    lines = [*lines, *([()] if rows else []), *version_lines(facts, width), *([()] if rows else [])]
    before = len(lines)
    for row, device in starts:
        name = f"{device.platform}:{device.id}"
        pieces = [*pieces, Piece(before + row, (0, len(name)), frozenset((name,)))]
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
    """What there is to say without devices."""
    if view.worker != "dead":
        return [*wrap((("jax is looking for devices", "muted"),), width), *worker_lines(view, width)]
    lines = wrap((("the worker is gone", "muted"),), width)
    if whole:
        lines += worker_lines(view, width)
        lines.append(((view.key("choose_devices"), "strong"), (" chooses other devices", "muted")))
    return lines
