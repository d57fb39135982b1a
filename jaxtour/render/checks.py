"""Draws the outcome of an exercise's checks."""

from collections.abc import Iterable

from jaxtour.engine.wire.messages import CheckOutcome
from jaxtour.render.text.layout import Line, Style, wrap, wrap_text

LABEL = 10
"""Columns of `expected` and the labels below it."""
NO_WORDS = "the lesson's own check"
"""The label of a check whose author gives none."""
MOST_ROWS = 8
"""Rows for the expected result, and for the actual one."""


def outcome_lines(outcome: CheckOutcome, width: int, place: Line = ()) -> list[Line]:
    """Return one line for a check; for a failed one also the expected and the actual result, the input, and the place.

    An exception comes before the author's words, which assume that the code runs.
    """
    what = outcome.what or NO_WORDS
    if outcome.passed is None:
        return wrap((("· ", "faint"), (f"{what}: not checked yet", "faint")), width, indent="  ")
    if outcome.passed:
        return wrap((("✓ ", "success"), (what, "muted")), width, indent="  ")
    say = [inline(row) for row in outcome.say.splitlines()]
    told: Line = ((what, "strong"),)
    if say and not outcome.what:
        # The message of its code says everything.
        told = (("not yet: ", "warning"), *say.pop(0))
    raised = outcome.got if outcome.got.startswith("it raised") else ""
    lines = wrap((("✗ ", "warning"), *told), width, indent="  ")
    lines += _labelled("got", raised, "warning", width)
    for row in say:
        lines += wrap((("  ", ""), *row), width, indent="  ")
    lines += _labelled("expected", outcome.expected, "success", width)
    lines += _labelled("got", outcome.got if not raised else "", "warning", width)
    lines += _labelled("for", outcome.given, "", width)
    return [*lines, (("  ", ""), *place)] if place else lines


def outcomes_lines(outcomes: Iterable[CheckOutcome], width: int) -> list[Line]:
    """Return only the lines, for output without pictures."""
    return [line for outcome in outcomes for line in outcome_lines(outcome, width, _lines_of(outcome))]


def _lines_of(outcome: CheckOutcome) -> Line:
    """Return `lines 3, 5`: where a check failed; empty if nowhere."""
    places = sorted({span.line for span in outcome.spans}) if outcome.passed is False else []
    words = f"line {places[0]}" if len(places) == 1 else f"lines {', '.join(map(str, places))}"
    return ((words, ""),) if places else ()


def inline(text: str) -> Line:
    """Return a text with its `code` styled, as in Markdown."""
    return tuple((part, "code" if number % 2 else "") for number, part in enumerate(text.split("`")) if part)


def _labelled(label: str, text: str, style: Style, width: int) -> list[Line]:
    rows = wrap_text(text, max(1, width - LABEL - 2), style) if text else []
    rows = [*rows[:MOST_ROWS], (("…", "muted"),)] if len(rows) > MOST_ROWS else rows
    first: Line = ((f"  {label:<{LABEL}}", "muted"),)
    return [(*(first if number == 0 else ((" " * (LABEL + 2), ""),)), *row) for number, row in enumerate(rows)]
