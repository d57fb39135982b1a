"""Renders a step's results: its value or exception, its output, its warnings."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from jaxtour.engine.out_of_memory import out_of_memory
from jaxtour.engine.wire.messages import Failure, Inner, TracebackFrame, Value, Warned
from jaxtour.render.buffers import buffer_lines
from jaxtour.render.text.layout import Line, Style, StyledText, clip, in_ascii, joined, pad, width_of, wrap, wrap_text
from jaxtour.text import Raw, clean, grouped

_DEVICE = re.compile(r"^(.*):(\d+)$")
_MORE = re.compile(r"^… (\d+) more")
_LEAF = re.compile(r"^(\S.*?)(  +)(\S+)(.*)$")
_TEXT_SHOWN = 64 * 1024
"""The most characters shown: more is too much for a pane. The whole length is shown below."""


def value_lines(value: Value, width: int, ascii: bool = False) -> list[Line]:
    """Return the value's type and devices, then its text, then its leaves if it is a pytree."""
    lines = wrap(_heading(value), width, indent="  ")
    raw = value.text.text
    if text := Raw(raw[:_TEXT_SHOWN]).shown:
        lines += wrap_text(text, width)
    whole, shown = max(value.length, len(raw)), min(len(raw), _TEXT_SHOWN)
    if shown < whole:
        lines += wrap([(f"… {grouped(shown)} of {grouped(whole)} characters", "muted")], width)
    lines += _leaves(value.tree, width)
    return in_ascii(lines, ascii)


def type_of(dtype: str | None, shape: Sequence[int] | None) -> str:
    """Return `float32[2,3]`, or the known part of it."""
    sizes = f"[{','.join(map(str, shape))}]" if shape is not None else ""
    return (dtype or "") + sizes


def devices_of(devices: Sequence[str]) -> str:
    """Return `cpu:0`, `8 devices, cpu:0-7`, or `3 devices, cpu:0 cpu:2 gpu:0`."""
    if len(devices) < 2:
        return "".join(devices)
    places = [match.groups() for name in devices if (match := _DEVICE.match(name))]
    numbers = sorted(int(number) for _, number in places)
    platforms = {platform for platform, _ in places}
    count = len(devices)
    if len(places) == count and len(platforms) == 1 and numbers == [*range(numbers[0], numbers[0] + count)]:
        return f"{count} devices, {platforms.pop()}:{numbers[0]}-{numbers[-1]}"
    listed = " ".join(devices[:8]) + (" …" if count > 8 else "")
    return f"{count} devices, {listed}"


def _heading(value: Value) -> list[StyledText]:
    spans: list[StyledText] = [(value.type, "strong")]
    if kind := type_of(value.dtype, value.shape):
        spans += [(" ", ""), (kind, "type")]
    facts = []
    if value.devices:
        facts.append(f"on {devices_of(value.devices)}")
    if value.sharding and len(value.devices) > 1:
        facts.append(f"sharded {value.sharding}")
    if value.committed is not None:
        facts.append("committed" if value.committed else "uncommitted")
    if value.weak_type:
        facts.append("weakly typed")
    if value.tree:
        facts.append(_count_of(value.tree))
    return [*spans, ("  ", ""), (", ".join(facts), "muted")] if facts else spans


def _count_of(tree: Sequence[str]) -> str:
    """Return `3 leaves`; the last line may stand for those left out."""
    count = len(tree)
    if more := _MORE.match(tree[-1]):
        count += int(more[1]) - 1
    return "1 leaf" if count == 1 else f"{grouped(count)} leaves"


def _leaves(tree: Sequence[str], width: int) -> list[Line]:
    lines: list[Line] = []
    for number, text in enumerate(tree, 1):
        branch: StyledText = ("└ " if number == len(tree) else "├ ", "faint")
        if leaf := _LEAF.match(text):
            path, gap, kind, rest = leaf.groups()
            lines += wrap([branch, (path, "name"), (gap, ""), (kind, "type"), (rest, "muted")], width, indent="    ")
        else:
            lines += wrap([branch, (text, "muted")], width, indent="    ")
    return lines


def output_text(text: Raw) -> str:
    """Return what a program wrote, harmless for a terminal; carriage returns stay, for progress bars."""
    return "\r".join(clean(part, tab=8) for part in text.text.split("\r"))


def _overwritten(line: str) -> str:
    """Return what a line looks like after each of its carriage returns moved the cursor back to its start."""
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown


def output_lines(text: Raw, width: int | None = None, style: Style = "") -> list[Line]:
    """Return what a step wrote, line by line, as a terminal shows it; with a width, break long lines at spaces."""
    raw = text.text
    shown = clean("\n".join(map(_overwritten, raw.split("\n"))) if "\r" in raw else raw, tab=8).removesuffix("\n")
    if not shown:
        return []
    if width is None:
        return [((line, style),) if line else () for line in shown.split("\n")]
    return wrap_text(shown, width, style)


def warning_lines(warnings: Iterable[Warned], width: int, ascii: bool = False) -> list[Line]:
    """Return each warning with the line that caused it."""
    lines: list[Line] = []
    for warned in warnings:
        spans: list[StyledText] = [("⚑ ", "warning"), (warned.category, "warning"), ("  ", "")]
        where = PurePath(warned.elsewhere).name if warned.line is None else f"line {warned.line}"
        if where:
            spans += [(where, "muted"), ("  ", "")]
        first, *rest = warned.message.split("\n")
        lines += wrap([*spans, (first, "")], width, indent="  ")
        for row in rest:
            lines += wrap_text("  " + row, width)
    return in_ascii(lines, ascii)


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
        gutter: StyledText = (TRACING, "warning") if inside else (RAN, "faint")
        lines += [joined([gutter, *line]) for line in output_lines(Raw(row), room, style) or [()]]
        start = end + 1
    return lines


_GAP = 3
_NARROWEST_CODE = 24
"""A width in cells; in less room a frame's code goes below its place instead of beside it."""
_FRAMES = 12


def failure_lines(failure: Failure, width: int, ascii: bool = False) -> list[Line]:
    """Return the exception, then the frames in lesson code, outermost first, with the failing part underlined.

    The exceptions of a group follow in the same way, each with its number.
    """
    full = out_of_memory(failure.message)
    lines = _exception_lines(failure.type, full.said if full else failure.message, (), width)
    if failure.who:
        lines += wrap([("● ", "mark"), (failure.who, "mark")], width, indent="  ")
    if full:
        lines += [(), *buffer_lines(full, width)]
    raised: tuple[Failure | Inner, ...] = (failure, *failure.inner)
    own = next((each.frames[0].file for each in raised if each.frames), "")
    lines += _frames_lines(failure.frames, own, width)
    for number, inner in enumerate(failure.inner, 1):
        # Exceptions without frames are a list, without space between them.
        if inner.frames or number == 1 or failure.inner[number - 2].frames:
            lines.append(())
        count: StyledText = (f"{number} of {len(failure.inner)}  ", "muted")
        lines += _exception_lines(inner.type, inner.message, (count,), width)
        lines += _frames_lines(inner.frames, own, width)
    return in_ascii(lines, ascii)


def _exception_lines(kind: str, message: str, before: Line, width: int) -> list[Line]:
    first, *rest = message.split("\n")
    lines = wrap([*before, (kind, "error"), ("  ", ""), (first, "")], width, indent="  ")
    for row in rest:
        lines += wrap_text(row, width)
    return lines


def _frames_lines(frames: Sequence[TracebackFrame], own: str, width: int) -> list[Line]:
    """Return an empty line and the frames, or nothing if there are none."""
    if not frames:
        return []
    left_out = max(0, len(frames) - _FRAMES)
    # For a deep recursion, the beginning and the end say enough.
    shown = frames if not left_out else (*frames[: _FRAMES // 2], *frames[-_FRAMES // 2 :])
    places = [_frame_place(frame, own) for frame in shown]
    beside = max(map(width_of, places)) + _GAP
    longest = max(width_of(_frame_code(frame)[0]) for frame in shown)
    column = beside if width - beside >= min(_NARROWEST_CODE, longest) else None
    lines: list[Line] = [()]
    for number, (frame, place) in enumerate(zip(shown, places, strict=True)):
        if left_out and number == _FRAMES // 2:
            lines += wrap([(f"… {left_out} frames left out", "muted")], width)
        lines += _frame_lines(frame, place, column, width)
    return lines


def _frame_place(frame: TracebackFrame, own: str) -> str:
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
        head: StyledText = ("    ", "")
    else:
        lines = []
        head = (pad(place, column), "muted")
    code, start, end = _window(*_frame_code(frame), width - width_of(head[0]))
    lines.append((head, (code[:start], ""), (code[start:end], "error"), (code[end:], "")))
    if end > start:
        before = width_of(head[0]) + width_of(code[:start])
        lines.append(((" " * before, ""), ("─" * width_of(code[start:end]), "error")))
    return lines


def _frame_code(frame: TracebackFrame) -> tuple[str, int, int]:
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
