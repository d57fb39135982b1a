"""Renders the buffers of a program that did not fit, as a table."""

from pathlib import PurePath

from jaxtour.engine.out_of_memory import Buffer, OutOfMemory
from jaxtour.render.text.layout import Line, clip_lines, pad, width_of, wrap
from jaxtour.text import bytes_text

MOST = 12
_STEP = "<jaxtour:"


def buffer_lines(found: OutOfMemory, width: int) -> list[Line]:
    """Return the largest buffers: bytes, the line whose operation made them, what they are, and their shape."""
    shown = found.buffers[:MOST]
    rows = [(bytes_text(each.bytes), _place(each), _what(each), each.shape) for each in shown]
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    lines = wrap([("the largest buffers of the program", "strong")], width)
    for size, place, what, shape in rows:
        lines.append(
            (
                (f"{size:>{widths[0]}}  ", "strong"),
                (f"{pad(place, widths[1])}  " if widths[1] else "", "muted"),
                (f"{pad(what, widths[2])}  ", ""),
                (shape, "type"),
            )
        )
    if left := found.buffers[MOST:]:
        lines.append(((f"and {len(left)} more, {bytes_text(sum(each.bytes for each in left))}", "muted"),))
    return clip_lines(lines, width)


def _what(buffer: Buffer) -> str:
    operation = "" if buffer.operation in ("", buffer.what) else f" of {buffer.operation}"
    return f"{buffer.what}{operation}{', backward' if buffer.backward else ''}"


def _place(buffer: Buffer) -> str:
    if not buffer.line:
        return ""
    if buffer.file.startswith(_STEP):
        setup = "setup " if buffer.file.endswith(":setup>") else ""
        return f"{setup}line {buffer.line}"
    return f"line {buffer.line} of {PurePath(buffer.file).name}"
