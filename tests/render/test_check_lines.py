"""The outcome of an exercise's checks is drawn as lines."""

import pytest

from jaxtour.engine.wire.messages import CheckOutcome, Span
from jaxtour.render.checks import outcome_lines, outcomes_lines
from jaxtour.render.text.layout import Line

AT = Span(file="own/s1", line=3, column=0, end_line=3, end_column=4)


def texts(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (CheckOutcome(what="f(x) agrees", passed=True), ["✓ f(x) agrees"]),
        (CheckOutcome(what="f(x) agrees"), ["· f(x) agrees: not checked yet"]),
        (
            CheckOutcome(
                what="f(x) agrees", passed=False, expected="[6]", got="[5]", given="x = 3", say="Look at `x`."
            ),
            ["✗ f(x) agrees", "  Look at x.", "  expected  [6]", "  got       [5]", "  for       x = 3"],
        ),
        (
            CheckOutcome(what="f(x) agrees", passed=False, expected="[6]", got="it raised E: no", say="Use jnp."),
            ["✗ f(x) agrees", "  got       it raised E: no", "  Use jnp.", "  expected  [6]"],
        ),
        (CheckOutcome(what="", passed=False, say="Not\nso."), ["✗ not yet: Not", "  so."]),
        (CheckOutcome(what="", passed=True), ["✓ the lesson's own check"]),
        (CheckOutcome(what="it waits", passed=False, say="It does not."), ["✗ it waits", "  It does not."]),
    ],
)
def test_a_failed_check_says_why_and_an_exception_comes_before_the_authors_words(
    outcome: CheckOutcome, told: list[str]
) -> None:
    assert texts(outcome_lines(outcome, 80)) == told


def test_without_links_the_lines_are_numbers() -> None:
    failed = CheckOutcome(what="f(x) agrees", passed=False, got="[5]", spans=(AT, AT))
    assert texts(outcomes_lines([failed, CheckOutcome(what="g(x)", spans=(AT,))], 80)) == [
        "✗ f(x) agrees",
        "  got       [5]",
        "  line 3",
        "· g(x): not checked yet",
    ]
