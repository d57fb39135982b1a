"""Two times have the right ratio, and the conditions on a comparison hold."""

import math
import random

import pytest

from jaxtour.engine.compare.comparison import Side, time_ratio
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Trace
from jaxtour.engine.wire.timings import Spread, Timing
from jaxtour.text import Raw

MANY = Trace(run=1, index=0, label="f(x)", call=Raw("f(x)"), equations=1, primitives=("sin",))


def timing(median: float, spread: float = 0.0, runs: int = 100) -> Timing:
    """Return a timing whose quantiles are spread evenly around the median, by this part of it."""
    quantiles = tuple(median * (1 + spread * (place / 16 - 1)) for place in range(33))
    found = Spread(
        best_s=quantiles[0], q1_s=quantiles[8], median_s=median, q3_s=quantiles[24], runs=runs, quantiles=quantiles
    )
    return Timing(run=1, index=0, label="", call=Raw(""), platform="cpu", median_s=median, runs=runs, complete=found)


def rounds(*medians: float, spread: float = 0.01) -> list[Timing]:
    return [timing(median, spread) for median in medians]


def test_a_clear_difference_has_a_narrow_interval() -> None:
    found = time_ratio(rounds(1.0, 1.01, 0.99, 1.0), rounds(2.0, 2.02, 1.98, 2.0))
    assert found is not None and found.verdict == "slower"
    assert found.ratio == pytest.approx(2.0) and 1.9 < found.low < 2 < found.high < 2.1
    back = time_ratio(rounds(2.0, 2.02, 1.98, 2.0), rounds(1.0, 1.01, 0.99, 1.0))
    assert back is not None and back.verdict == "faster"
    assert (back.low, back.high) == (pytest.approx(1 / found.high), pytest.approx(1 / found.low))


def test_rounds_that_disagree_cannot_be_told_apart() -> None:
    found = time_ratio(rounds(1.0, 1.4), rounds(1.5, 1.1))
    assert found is not None and found.verdict == "cannot be told apart" and found.low < 1 < found.high


def test_the_times_of_the_sides_have_the_ratio() -> None:
    sides = [rounds(1.0, 9.0, 2.0), rounds(5.0, 0.1, 4.0)]
    made = [Side(MANY, StageText(0, "jaxpr"), StageText(0, "hlo"), tuple(side), lambda _: "") for side in sides]
    found = time_ratio(*sides)
    assert found is not None and made[0].median_s and made[1].median_s
    assert made[1].median_s / made[0].median_s == pytest.approx(found.ratio)


def test_one_round_has_the_uncertainty_of_its_medians() -> None:
    found = time_ratio([timing(1.0, 0.5, 25)], [timing(1.05, 0.5, 25)])
    assert found is not None and found.verdict == "cannot be told apart"
    # The ranks 0.5 ± 0.98 / 5 of an even spread of ±0.5, on both sides.
    assert math.log(found.high / found.ratio) == pytest.approx(math.sqrt(2) * 0.196, rel=0.02)


def test_equal_calls_are_told_apart_in_one_case_of_twenty_at_most() -> None:
    random.seed(7)
    wrong = 0
    for _ in range(2000):
        sides = [rounds(*(math.exp(random.gauss(0, 0.05)) for _ in range(3)), spread=0.01) for _ in "AB"]
        found = time_ratio(*sides)
        assert found is not None
        wrong += found.verdict != "cannot be told apart"
    assert wrong / 2000 < 0.06


def test_without_a_time_there_is_no_ratio() -> None:
    assert time_ratio([], rounds(1.0)) is None
