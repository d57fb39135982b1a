"""Renders a step's exception: the message, and the learner's own lines that led to it."""

from jaxtour.engine.messages import Failure, TracebackFrame
from jaxtour.render.text.layout import clip, in_ascii, pad, width_of, wrap, wrap_text
from jaxtour.render.text.spans import Line, Span
from jaxtour.text.raw import Raw

_GAP = 3
_NARROWEST_CODE = 24
"""In cells; in less room a frame's code goes below its place instead of beside it."""
_FRAMES = 12


def failure_lines(failure: Failure, width: int, ascii: bool = False) -> list[Line]:
    """Return the exception, then the frames in lesson code, outermost first, with the failing part underlined."""
    first, *rest = failure.message.split("\n")
    lines = wrap([(failure.type, "error"), ("  ", ""), (first, "")], width, indent="  ")
    for row in rest:
        lines += wrap_text(row, width)
    frames = failure.frames
    if not frames:
        return in_ascii(lines, ascii)
    own = frames[0].file
    left_out = max(0, len(frames) - _FRAMES)
    # For a deep recursion, the beginning and the end say enough.
    shown = frames if not left_out else (*frames[: _FRAMES // 2], *frames[-_FRAMES // 2 :])
    places = [_place(frame, own) for frame in shown]
    beside = max(map(width_of, places)) + _GAP
    longest = max(width_of(_code(frame)[0]) for frame in shown)
    column = beside if width - beside >= min(_NARROWEST_CODE, longest) else None
    lines.append(())
    for number, (frame, place) in enumerate(zip(shown, places, strict=True)):
        if left_out and number == _FRAMES // 2:
            lines += wrap([(f"… {left_out} frames left out", "muted")], width)
        lines += _frame_lines(frame, place, column, width)
    return in_ascii(lines, ascii)


def _place(frame: TracebackFrame, own: str) -> str:
    """Return `line 6  in predict`, with the step or `setup` if it is not the step's own code."""
    where = "setup " if frame.setup else ""
    place = f"{where}line {frame.line}"
    if frame.file != own:
        place += f" of {frame.file}"
    return f"{place}  in {frame.function}" if frame.function else place


def _frame_lines(frame: TracebackFrame, place: str, column: int | None, width: int) -> list[Line]:
    """Return the frame's code at `column`, or below its place if that is None, with an underline."""
    if column is None:
        lines: list[Line] = [((clip(place, width), "muted"),)]
        head: Span = ("    ", "")
    else:
        lines = []
        head = (pad(place, column), "muted")
    code, start, end = _window(*_code(frame), width - width_of(head[0]))
    lines.append((head, (code[:start], ""), (code[start:end], "error"), (code[end:], "")))
    if end > start:
        before = width_of(head[0]) + width_of(code[:start])
        lines.append(((" " * before, ""), ("─" * width_of(code[start:end]), "error")))
    return lines


def _code(frame: TracebackFrame) -> tuple[str, int, int]:
    """Return the line without its indentation, and the start and end of the failing part in it."""
    text = frame.text.text
    spaces = len(text) - len(text.lstrip())
    start = min(max(frame.column - 1, spaces), len(text)) if frame.column > 0 else spaces
    end = min(max(frame.end_column - 1, start), len(text)) if frame.column > 0 else start
    parts = text[spaces:start], text[start:end], text[end:].rstrip()
    before, failing, after = (Raw(part).line for part in parts)
    return before + failing + after, len(before), len(before) + len(failing)


def _window(code: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """Return the part of a long line that fits and contains the failing part."""
    if width_of(code) <= room or room < 3:
        cut = clip(code, room)
        return cut, min(start, len(cut)), min(end, len(cut))
    skip = max(0, min(start - 1, len(code) - room)) if width_of(code[:end]) > room - 1 else 0
    if skip:
        code = "…" + code[skip + 1 :]
        start, end = max(1, start - skip), max(1, end - skip)
    cut = clip(code, room)
    return cut, min(start, len(cut)), min(end, len(cut))
