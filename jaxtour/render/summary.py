"""Shows what a learner did in a lesson or in a review, as lines."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from jaxtour.course.review import Rating, ReviewItem
from jaxtour.course.summary import LessonSummary
from jaxtour.render.standing import spent
from jaxtour.render.text.layout import Line, Style, wrap
from jaxtour.text import plural

HEAD_CELLS = 14
BAR_CELLS = 12


def when_words(due: datetime, now: datetime) -> str:
    """Return when something is due: `now`, `in 5 hours`, `tomorrow`, `in 3 days`."""
    left = due - now
    if left <= timedelta(0):
        return "now"
    if left < timedelta(hours=20):
        hours = round(left / timedelta(hours=1))
        return f"in {plural(hours, 'hour')}" if hours else "within the hour"
    days = max(1, round(left / timedelta(days=1)))
    return "tomorrow" if days == 1 else f"in {days} days"


def lesson_lines(summary: LessonSummary, following: str, width: int, now: datetime) -> list[Line]:
    """Return the lines at a lesson's end: what was done, predicted and solved, and what comes next."""
    found = summary.standing
    said = f"{found.done} of {found.steps}" + (f" in {took}" if (took := spent(found.seconds)) else "")
    lines: list[Line] = [
        (),
        *_row("Steps", _bar(found.done, found.steps), said, width),
        *_named("still to do", summary.left, width),
    ]
    if found.predictions:
        skipped = found.predictions - found.made
        said = f"{found.right} of {found.predictions} right" + (f", {skipped} not made" if skipped else "")
        lines += _row("Predictions", _bar(found.right, found.predictions), said, width)
        lines += _named("not this time", summary.missed, width)
    if found.exercises:
        used = [plural(found.hints, "hint")] * bool(found.hints)
        used += [f"{plural(len(summary.shown), 'solution')} shown"] * bool(summary.shown)
        said = ", ".join([f"{found.solved} of {found.exercises} solved", *used])
        lines += _row("Exercises", _bar(found.solved, found.exercises), said, width)
        lines += _named("comes back in review", summary.shown, width)
    lines += [(), *_row("Next", (), following or "this was the last lesson", width)]
    if summary.review is not None:
        lines += _row("Review", (), f"{when_words(summary.review, now)}: what was asked here comes back", width)
    return [*lines, ()]


def review_lines(
    results: Sequence[tuple[str, Rating | None]], coming: Sequence[ReviewItem], width: int, now: datetime
) -> list[Line]:
    """Return a review's end: each question with how it went, and when the next ones are due."""
    said: dict[Rating | None, tuple[str, Style, str]] = {
        "good": ("✓ ", "success", ""),
        "hard": ("✓ ", "success", "   with help"),
        "again": ("✗ ", "warning", "   not this time"),
        None: ("· ", "muted", "   left open"),
    }
    lines: list[Line] = [()]
    for title, rating in results:
        mark, style, more = said[rating]
        lines += wrap([(mark, style), (title, ""), (more, "muted")], width, indent="  ")
    later = [item for item in coming if item.due > now]
    open_ = len(coming) - len(later)
    lines += [()]
    if open_:
        lines += _row("Still due", (), str(open_), width)
    if later:
        lines += _row("Next review", (), when_words(later[0].due, now), width)
    return [*lines, ()]


def _row(head: str, bar: Line, said: str, width: int) -> list[Line]:
    line = ((head.ljust(HEAD_CELLS), "muted"), *bar, ("  " if bar else "", ""), (said, ""))
    return wrap(line, width, indent=" " * HEAD_CELLS)


def _bar(count: int, of: int) -> Line:
    thick = round(BAR_CELLS * count / of) if of else 0
    return (("━" * thick, "bar"), ("─" * (BAR_CELLS - thick), "bar-muted"))


MOST_NAMED = 5


def _named(why: str, titles: Sequence[str], width: int) -> list[Line]:
    """Return the titles below a row, the first few of them."""
    shown = [*titles[:MOST_NAMED], *([f"… and {len(titles) - MOST_NAMED} more"] if len(titles) > MOST_NAMED else [])]
    lines: list[Line] = []
    for place, title in enumerate(shown):
        head = "" if place else why
        lines += wrap([(" " * HEAD_CELLS, ""), (head.ljust(len(why) + 2), "muted"), (title, "")], width,
                      indent=" " * (HEAD_CELLS + len(why) + 2))  # fmt: skip
    return lines
