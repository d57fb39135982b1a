"""A timing's details give the stages of the first call, the spread of the runs, the achieved speed, the verdicts."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jaxtour
from jaxtour.engine.wire.messages import Peak, Timing, Verdict
from jaxtour.engine.wire.timings import Difference, Spread
from jaxtour.render.ir.explanations import explanation
from jaxtour.render.text.layout import plain_lines, width_of
from jaxtour.render.timing.rows import timing_lines
from jaxtour.render.timing.timing_details import detail_lines, explanation_lines, spread_chart, strip
from jaxtour.text import harmless


def spread(median, runs=100, group=1):
    quantiles = tuple(median * (0.9 + 0.2 * number / 32) for number in range(33))
    return Spread(
        best_s=quantiles[0], q1_s=quantiles[8], median_s=median, q3_s=quantiles[24], runs=runs, group=group,
        quantiles=quantiles,
    )  # fmt: skip


def timing(label="f", median=1e-3, **rest):
    whole = {
        "index": 0,
        "platform": "cpu",
        "complete": spread(median),
        "dispatch": spread(median / 10),
        "first_s": 0.1,
        **rest,
    }
    return harmless(Timing(run=1, label=label, call=label, median_s=median, runs=100, **whole))


PEAK = Peak(run=1, platform="cpu", kind="cpu", flops_per_s=1e11, bytes_per_s=1e10)


def test_the_whole_of_it():
    found = timing(
        trace_s=1e-3, lower_s=2e-3, compile_s=30e-3, flops=2e7, bytes=1e6, cost_notes=("a loop is counted 3 times",),
        differs=(Difference(against="NumPy", absolute=1.24e-6, ulp=3.0),),
    )  # fmt: skip
    assert plain_lines(detail_lines([found], 100, peaks=[PEAK])) == (
        "f  cpu\n"
        "  first call  100 ms: trace 1.00 ms, lower 2.00 ms, compile 30.0 ms, and the call itself\n"
        "  dispatch    100 µs until the call returns to Python\n"
        "  complete    ████████████████████████  1.00 ms, half of 100 runs from 950 µs to 1.05 ms, best 900\n"
        "              µs\n"
        "  achieves    20 Gflop/s (20% of the peak), 1 GB/s (10% of the peak)\n"
        "  differs     from NumPy by 1.2e-06 at most, 3 ulp\n"
        "  note        a loop is counted 3 times\n"
    ).replace("████████████████████████", strip(found.complete.quantiles))


def test_what_is_not_known_is_not_told():
    found = timing(platform="host", dispatch=None, complete=None, first_s=0.0)
    assert plain_lines(detail_lines([found], 80)) == "f  host\n  complete    1.00 ms, median of 100 runs\n"
    assert detail_lines([timing(error="no"), timing(median=0.0)], 80) == []


def test_groups_transfers_sizes_and_loops_are_told():
    found = timing(complete=spread(1e-6, 4_000, 40), transfer_bytes=2**20, size=4_000)
    text = plain_lines(detail_lines([found], 120, peaks=[PEAK]))
    assert "half of 4 000 runs in groups of 40" in text
    assert "n = 4 000" in text and "moves       1 MiB" in text
    assert "of the peak" not in text, "a transfer is not held against the memory of the device"
    short = timing(flops=1e6, bytes=1e6, verdicts=(Verdict(code="loop_counted_once", message=""),))
    assert "at least" in plain_lines(detail_lines([short], 120))


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (Difference(against="cpu", absolute=0.0, ulp=0.0), "from cpu by 0"),
        (Difference(against="cpu", absolute=1e-9, ulp=0.5), "less than an ulp"),
        (Difference(against="cpu", absolute=3.0, ulp=None), "from cpu by 3 at most"),
        (Difference(against="cpu", absolute=36.0, ulp=2e6), "these values are different"),
        (Difference(against="cpu", absolute=1e-5, ulp=2e6, largest=30.0), "2 000 000 ulp where values are near zero"),
        (Difference(against="cpu", absolute=1.0, ulp=2e6, largest=30.0), "these values are different"),
        (Difference(against="cpu", shapes="f32[2] against f32[3]"), "from cpu in shape: f32[2] against f32[3]"),
        (Difference(against="cpu"), "only one has a NaN or an infinity at some place"),
    ],
)
def test_differences_in_words(difference, words):
    assert words in plain_lines(detail_lines([timing(differs=(difference,))], 120))


def test_a_strip_is_higher_where_more_runs_were():
    even = strip([number / 32 for number in range(33)], 9)
    assert set(even[:-1]) <= {"▇", "█"} and even.endswith("›")
    two = strip([1.0] * 8 + [1.0 + number / 1e6 for number in range(9)] + [2.0] * 16, 9)
    assert two[0] == "█" and two[-1] in "█▇▆" and set(two[1:-1]) <= {" ", "▁"}
    assert strip([1.0] * 33) == "█"
    assert strip([1.0] * 33, ascii=True).isascii() and strip([1.0, 2.0, 3.0], ascii=True).isascii()
    assert strip([]) == "" == strip([1.0, 2.0], 1)


@given(st.lists(st.floats(1e-9, 1e3), min_size=2, max_size=40), st.integers(2, 40))
def test_a_strip_is_never_longer_than_it_may_be(values, length):
    assert 1 <= len(strip(sorted(values), length)) <= length


@given(st.lists(st.floats(1e-9, 1e5), max_size=3), st.integers(20, 120), st.booleans())
def test_no_line_is_wider_than_the_pane(values, width, plain):
    timings = [timing("a long label of a call", value, flops=1e6, bytes=1e3) for value in values]
    lines = detail_lines(timings, width, plain, [PEAK])
    assert all(width_of(line) <= width for line in lines)
    assert not plain or plain_lines(lines).isascii()


def test_dispatch_is_a_column_that_goes_before_the_first_call_does():
    rows = [timing("NumPy", platform="host", dispatch=None), timing("jit")]
    heads = [plain_lines(timing_lines(rows, width)).splitlines()[0].split() for width in (100, 38, 24)]
    assert heads[0][:4] == ["complete", "dispatch", "first", "call"]
    assert heads[1] == ["complete", "first", "call"] and heads[2] == ["complete"]
    assert plain_lines(timing_lines(rows, 60)).splitlines()[1].split()[:4] == ["NumPy", "1.00", "ms", "—"]


def test_every_verdict_that_the_worker_gives_is_explained():
    source = (Path(jaxtour.__file__).parent / "worker" / "timing" / "verdicts.py").read_text()
    codes = set(re.findall(r'_verdict\(\s*"(\w+)"', source))
    assert len(codes) > 12
    assert all(map(explanation, codes))
    assert explanation("DISPATCH-BOUND") == explanation("dispatch_bound")
    assert explanation("unheard_of") is None


def test_explanations_come_once_for_each_verdict():
    rows = [timing(verdicts=(Verdict(code="folded", message="Gone."),)) for _ in range(2)]
    text = plain_lines(explanation_lines(rows, 80))
    assert text.startswith("⚑ folded  Gone.\n  The compiled program")
    assert text.count("folded") == 1


def test_a_verdict_with_the_seconds_of_one_call_is_told_of_each_and_explained_once():
    slow = Verdict(code="python_bound", message="2 of 2 ms is Python: jit it.")
    slower = Verdict(code="python_bound", message="3 of 3 ms is Python: jit it.")
    other = Verdict(code="folded", message="Gone.")
    rows = [timing("a", index=0, verdicts=(slow, other)), timing("b", index=1, verdicts=(slower,))]
    text = plain_lines(explanation_lines(rows, 80))
    assert text.startswith(
        "⚑ python-bound  a: 2 of 2 ms is Python: jit it.\n⚑ python-bound  b: 3 of 3 ms is Python: jit it.\n  Most of"
    )
    assert text.count("Most of the time passes in Python") == 1
    below = plain_lines(timing_lines(rows, 100))
    assert "b: 3 of 3 ms is Python: jit it." in below and below.count("Gone.") == 1
    alone = plain_lines(timing_lines(rows[:1], 100))
    assert "⚑ python-bound  2 of 2 ms is Python: jit it." in alone
    nameless = Verdict(code="python_bound", message="")
    assert "a:" not in plain_lines(
        timing_lines([timing("a", index=place, verdicts=(nameless,)) for place in (0, 1)], 99)
    )


def test_the_runs_of_each_call_as_shares():
    steady, other = timing("steady", 1e-3), timing("other", 2e-3)
    chart = spread_chart([steady, other, timing(size=10), timing(complete=None)])
    line, middle, _, second = chart.curves
    assert line.points[0] == (pytest.approx(0.9e-3), 0.0) and line.points[-1] == (pytest.approx(1.1e-3), 1.0)
    assert not line.glyph and len(line.points) == 33
    assert (middle.name, middle.points) == ("steady", ((1e-3, 0.5),))
    assert second.name == "other" and second.glyph not in ("", middle.glyph)
    assert [chart.y.label(tick) for tick in chart.y.ticks] == ["0%", "25%", "50%", "75%", "100%"]
    assert spread_chart([timing(size=10)]) is None and spread_chart([]) is None
