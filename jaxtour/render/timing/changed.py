"""Renders what a change to the code did to the times of its calls."""

from collections.abc import Sequence

from jaxtour.engine.wire.messages import Timing
from jaxtour.render.text.layout import Line, StyledText, wrap
from jaxtour.render.timing.rows import speed
from jaxtour.text import number_and_unit, seconds

_APART = 1.1
"""Medians whose ratio is smaller count as equal: one process is a few per cent faster than the next."""


def changed_times(before: Sequence[Timing], after: Sequence[Timing], width: int) -> list[Line]:
    """Return each call's time before and now, with the middle half of its runs, where they differ.

    Compares calls of the same label on the same platform; those that are timed by size are left out.
    """
    pairs = [(was, now) for now in after if (was := _same(now, before)) and _measured(was) and _measured(now)]
    apart = [pair for pair in pairs if _differ(*pair)]
    lines: list[Line] = []
    for was, now in apart:
        words = f"now {_time(now)}: {speed(was.median_s / now.median_s)}"
        earlier: StyledText = (f"was {_time(was)}, ", "muted")
        spans: list[StyledText] = [("≠ ", "mark"), (f"{now.label}  ", ""), earlier, (words, "")]
        lines += wrap(spans, width, indent="  ")
    if len(apart) < len(pairs):
        whose = "the other times" if apart else "the times" if len(pairs) > 1 else "the time"
        lines += wrap([("= ", "muted"), (f"{whose} cannot be told apart from before", "muted")], width, indent="  ")
    return lines


def _same(now: Timing, before: Sequence[Timing]) -> Timing | None:
    key = now.label, now.platform
    return next((was for was in before if (was.label, was.platform) == key and was.size is now.size is None), None)


def _measured(timing: Timing) -> bool:
    return timing.error is None and timing.median_s > 0


def _differ(was: Timing, now: Timing) -> bool:
    """Return whether the middle halves of the runs do not overlap, and the medians are not close."""
    overlap = was.q1_s <= now.q3_s and now.q1_s <= was.q3_s
    low, high = sorted((was.median_s, now.median_s))
    return not overlap and high > low * _APART


def _time(timing: Timing) -> str:
    """Return `6.13 µs (6.02 to 6.3)`; the ends have a unit if it differs."""
    unit = number_and_unit(timing.median_s)[1]
    ends = (number_and_unit(end) for end in (timing.q1_s, timing.q3_s))
    low, high = (number if own == unit else f"{number} {own}" for number, own in ends)
    return f"{seconds(timing.median_s)} ({low} to {high})"
