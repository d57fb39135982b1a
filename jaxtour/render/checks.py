"""Draws what came of an exercise's checks."""

from collections.abc import Iterable, Iterator

from jaxtour.engine.messages import CheckOutcome
from jaxtour.render.text.layout import Line, Style, wrap

_MARKS: dict[bool | None, tuple[str, Style]] = {True: ("✓", "success"), False: ("✗", "error"), None: ("·", "faint")}


def outcome_lines(outcomes: Iterable[CheckOutcome], width: int) -> list[Line]:
    """A line for each check, and below one that failed what was expected, what came, on which input and where."""
    lines: list[Line] = []
    for outcome in outcomes:
        mark, style = _MARKS[outcome.passed]
        lines += wrap(
            [(f"{mark} ", style), (outcome.what, style if outcome.passed is None else "")], width, indent="  "
        )
        if outcome.passed is False:
            lines += _why(outcome, width)
    return lines


def _why(outcome: CheckOutcome, width: int) -> Iterator[Line]:
    for line in outcome.say.splitlines():
        yield from wrap([(f"  {line}", "strong")], width, indent="  ")
    told = {"expected": outcome.expected, "got": outcome.got, "with": outcome.given}
    for name, text in told.items():
        for number, line in enumerate(text.splitlines()):
            head = "" if number else name
            yield from wrap([(f"  {head:<10}", "muted"), (line, "")], width, indent=" " * 12)
    if places := sorted({span.line for span in outcome.spans}):
        words = f"line {places[0]}" if len(places) == 1 else f"lines {', '.join(map(str, places))}"
        yield (("  at        ", "muted"), (words, ""))
