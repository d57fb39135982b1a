"""Renders a step's results: its value or exception, its output, its warnings."""

import re
from collections.abc import Iterable, Sequence

from jaxtour.engine.messages import Value, Warned
from jaxtour.render.text.failure import failure_lines as failure_lines
from jaxtour.render.text.layout import in_ascii, wrap, wrap_text
from jaxtour.render.text.spans import Line, Span, Style
from jaxtour.text.clean import clean
from jaxtour.text.raw import Raw

_DEVICE = re.compile(r"^(.*):(\d+)$")
_MORE = re.compile(r"^… (\d+) more")
_LEAF = re.compile(r"^(\S.*?)(  +)(\S+)(.*)$")
_TEXT_SHOWN = 64 * 1024
"""In characters: more is too much for a pane. The whole length is shown below."""


def value_lines(value: Value, width: int, ascii: bool = False) -> list[Line]:
    """Return the value's type and devices, then its text, then its leaves if it is a pytree."""
    lines = wrap(_heading(value), width, indent="  ")
    raw = value.text.text
    if text := Raw(raw[:_TEXT_SHOWN]).shown:
        lines += wrap_text(text, width)
    whole, shown = max(value.length, len(raw)), min(len(raw), _TEXT_SHOWN)
    if shown < whole:
        lines += wrap([(f"… {shown:,} of {whole:,} characters", "muted")], width)
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


def _heading(value: Value) -> list[Span]:
    spans: list[Span] = [(value.type, "strong")]
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
    return "1 leaf" if count == 1 else f"{count:,} leaves"


def _leaves(tree: Sequence[str], width: int) -> list[Line]:
    lines: list[Line] = []
    for number, text in enumerate(tree, 1):
        branch: Span = ("└ " if number == len(tree) else "├ ", "faint")
        if leaf := _LEAF.match(text):
            path, gap, kind, rest = leaf.groups()
            lines += wrap([branch, (path, "name"), (gap, ""), (kind, "type"), (rest, "muted")], width, indent="    ")
        else:
            lines += wrap([branch, (text, "muted")], width, indent="    ")
    return lines


def output_text(text: Raw) -> str:
    """Return what a program wrote, made harmless, with tabs as terminals have them."""
    return clean(text.text, tab=8)


def output_lines(text: Raw, width: int | None = None, style: Style = "") -> list[Line]:
    """Return what a step wrote, line by line; with a width, break long lines at spaces."""
    shown = output_text(text).removesuffix("\n")
    if not shown:
        return []
    if width is None:
        return [((line, style),) if line else () for line in shown.split("\n")]
    return wrap_text(shown, width, style)


def warning_lines(warnings: Iterable[Warned], width: int, ascii: bool = False) -> list[Line]:
    """Return each warning with the line that caused it."""
    lines: list[Line] = []
    for warned in warnings:
        spans: list[Span] = [("⚑ ", "warning"), (warned.category, "warning"), ("  ", "")]
        if warned.line is not None:
            spans += [(f"line {warned.line}", "muted"), ("  ", "")]
        first, *rest = warned.message.split("\n")
        lines += wrap([*spans, (first, "")], width, indent="  ")
        for row in rest:
            lines += wrap_text("  " + row, width)
    return in_ascii(lines, ascii)
