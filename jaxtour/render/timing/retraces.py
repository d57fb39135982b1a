"""Renders which functions JAX retraced while a step ran, and why."""

from collections.abc import Sequence

from jaxtour.engine.messages import Retrace
from jaxtour.render.text.layout import in_ascii, wrap
from jaxtour.render.text.spans import Line, Span

_MOST = 6
"""Reasons shown for one function; a loop may give hundreds."""


def retrace_lines(retraces: Sequence[Retrace], width: int, ascii: bool = False) -> list[Line]:
    """Return a line for each retraced function, with each retrace and its reason below; empty without retraces."""
    lines: list[Line] = []
    for function in dict.fromkeys(each.function for each in retraces if each.reason or each.count > 1):
        own = [each for each in retraces if each.function == function]
        count = max(each.count for each in own)
        name = function
        times = "once" if count == 1 else f"{count:,} times"
        lines += wrap([(name, "function"), (f" was traced {times}", "")], width)
        again = [each for each in own if each.reason]
        for each in again[:_MOST]:
            where = "" if each.line is None else f"line {each.line}: "
            spans: list[Span] = [("  ", ""), (where, "muted"), (each.reason, "warning")]
            lines += wrap(spans, width, indent="    ")
        if len(again) > _MOST:
            lines.append(((f"  … and {count - 1 - _MOST:,} times more", "muted"),))
    return in_ascii(lines, ascii)
