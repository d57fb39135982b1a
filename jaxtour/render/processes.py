"""Renders what differs by process: each line with its process, and the spread of timings."""

from collections.abc import Iterable, Mapping, Sequence

from jaxtour.engine.compare.apart import GUTTER, each_of, lines_apart, stderr_of, values_of, who_said
from jaxtour.engine.report import Report
from jaxtour.render.text.layout import Line, Style, joined, pad, width_of, wrap
from jaxtour.render.value import output_lines, value_lines
from jaxtour.text import Raw


def output_apart(texts: Mapping[int, str], width: int | None, style: Style = "") -> list[Line]:
    """Return the output of several processes; a gutter names a line's process, and is empty for a common line."""
    parts = lines_apart(texts)
    gutter = max((width_of(who_said(who)) for who, _ in parts), default=0)
    lines: list[Line] = []
    for who, text in parts:
        room = None if width is None else max(1, width - gutter)
        lines += beside(who, output_lines(Raw(text), room, style) or [()], gutter)
    return lines


def beside(who: Sequence[int], lines: Iterable[Line], gutter: int) -> list[Line]:
    """Return the lines with the processes before them."""
    said = pad(who_said(who).removesuffix(GUTTER), gutter - len(GUTTER)) + GUTTER
    return [joined([(said, "mark" if who else "faint"), *line]) for line in lines]


def stdout_apart(report: Report, width: int | None) -> list[Line]:
    """Return the output by process; empty if all wrote the same."""
    texts = {process: own.stdout.text for process, own in each_of(report).items()}
    return output_apart(texts, width) if len(set(texts.values())) > 1 else []


def stderr_apart(report: Report, width: int | None, style: Style = "") -> list[Line]:
    """Return the standard error by process; empty if all wrote the same."""
    return output_apart({process: raw.text for process, raw in stderr_of(report).items()}, width, style)


def values_apart(report: Report, width: int) -> list[Line]:
    """Return the values by process; empty if they are the same."""
    found = values_of(report)
    if len(found) < 2:
        return []
    gutter = max(width_of(who_said(who)) for who, _ in found)
    lines: list[Line] = []
    for who, value in found:
        nothing: list[Line] = [(("no value", "muted"),)]
        shown = value_lines(value, width - gutter) if value else nothing
        if len(shown) == 2 and sum(map(width_of, shown)) + 2 <= width - gutter:
            shown = [(*shown[0], ("  ", ""), *shown[1])]
        lines += beside(who, shown, gutter)
    return lines


def waiting_lines(report: Report, width: int) -> list[Line]:
    """Return, while some processes are still in a step that others have left, which they are, and which have raised."""
    waiting = report.progress if report.done is None and report.processes else None
    if waiting is None or waiting.phase != "waiting for":
        return []
    return wrap([("waiting for ", "muted"), (waiting.label, "mark")], width, indent="  ")
