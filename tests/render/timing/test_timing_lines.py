"""Timings have aligned numbers, bars on one scale, and verdicts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.engine.wire.messages import Timing, Verdict
from jaxtour.render.text.layout import plain_lines, width_of
from jaxtour.render.timing.rows import bar, scale_for, tail, tick_labels, timing_footer, timing_lines
from jaxtour.text import harmless, seconds

DISPATCH = Verdict(code="DISPATCH_BOUND", message="most of this is Python, not the work")


def timing(label, median, first=0.0, platform="cpu", spread=0.0, **rest):
    quarters = {"q1_s": median * (1 - spread), "q3_s": median * (1 + spread)}
    return harmless(Timing(
        run=1, index=0, label=label, call=label, platform=platform, first_s=first, median_s=median, runs=15,
        **quarters, **rest,
    ))  # fmt: skip


LOOP = timing("NumPy loop", 9.81e-6, platform="host")
THREE = [LOOP, timing("vmap", 218e-6, 41.2e-3), timing("jit(vmap)", 5.12e-6, 38e-3, verdicts=(DISPATCH,))]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.81e-6, "9.81 µs"),
        (218.4e-6, "218 µs"),
        (41.23e-3, "41.2 ms"),
        (1.0, "1.00 s"),
        (999.4e-6, "999 µs"),
        (999.6e-6, "1.00 ms"),
        (9.996e-3, "10.0 ms"),
        (5e-10, "0.50 ns"),
        (1234.5, "1,230 s"),
        (0, "0 s"),
        (-1.0, "—"),
        (math.nan, "—"),
        (math.inf, "—"),
    ],
)
def test_seconds(value, text):
    assert seconds(value) == text


@given(st.floats(1e-9, 1e5))
def test_seconds_are_near_the_truth(value):
    number, unit = seconds(value).replace(",", "").split()
    size = {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]
    assert float(number) * size == pytest.approx(value, rel=0.006)


def test_the_table():
    assert plain_lines(timing_lines(THREE, 74)) == (
        "             complete   first call   1 µs       10 µs      100 µs     1 ms\n"
        "NumPy loop    9.81 µs            —   ━━━━━━━━━━━\n"
        "vmap          218  µs      41.2 ms   ━━━━━━━━━━━━━━━━━━━━━━━━━╸\n"
        "jit(vmap)     5.12 µs      38.0 ms   ━━━━━━━━   ⚑ dispatch-bound\n"
        "⚑ dispatch-bound  most of this is Python, not the work\n"
    )


def test_styles_carry_the_meaning_too():
    based = [timing("a", 2e-3, baseline=True), timing("b", 1e-3), timing("c", 4e-3, verdicts=(DISPATCH,))]
    styles = [{style for _, style in line} for line in timing_lines(based, 90)]
    assert "bar-baseline" in styles[1] and "success" in styles[2] and "bar" in styles[3] and "warning" in styles[3]
    assert all("strong" in found for found in styles[1:4])


def test_a_narrow_pane_has_no_bars():
    assert plain_lines(timing_lines(THREE, 38)) == (
        "             complete   first call\n"
        "NumPy loop    9.81 µs            —\n"
        "vmap          218  µs      41.2 ms\n"
        "jit(vmap)     5.12 µs      38.0 ms   ⚑\n"
        "⚑ dispatch-bound  most of this is\n"
        "  Python, not the work\n"
    )


def test_a_narrower_one_has_no_first_call():
    text = plain_lines(timing_lines(THREE[:2], 24))
    assert text == "             complete\nNumPy loop    9.81 µs\nvmap          218  µs\n"


@pytest.mark.parametrize(
    ("width", "flags"), [(60, "⚑ a +2"), (42, "⚑ a, b-c, d"), (36, "⚑ a +2"), (31, "⚑3"), (28, None)]
)
def test_several_verdicts_of_a_row_take_no_line_of_their_own(width, flags):
    verdicts = tuple(Verdict(code=code, message=f"about {code}") for code in ("a", "b_c", "d"))
    head, row, *rest = plain_lines(timing_lines([timing("f", 5.12e-6, 3.8e-2, verdicts=verdicts)], width)).splitlines()
    told = ["⚑ a  about a", "⚑ b-c  about b_c", "⚑ d  about d"]
    if flags is None:
        assert rest == ["  ⚑ a, b-c, d", *told], "there is no cell left beside the figures"
    else:
        assert row.endswith(flags) and rest == told and "complete" in head


def test_compared_with_a_baseline_on_a_linear_scale():
    rows = [timing("a", 12e-3, 0.1), timing("b", 31e-3, 0.2, baseline=True), timing("c", 30.5e-3)]
    assert plain_lines(timing_lines(rows, 80)) == (
        "    complete   first call                 0, linear       20 ms            40 ms\n"
        "a    12.0 ms      100  ms   2.6× faster   ━━━━━━━━━━\n"
        "b    31.0 ms      200  ms   baseline      ━━━━━━━━━━━━━━━━━━━━━━━━━╸\n"
        "c    30.5 ms            —   about equal   ━━━━━━━━━━━━━━━━━━━━━━━━━\n"
    )
    slower = [timing("a", 1e-3, baseline=True), timing("b", 3.12e-3), timing("c", 1.3)]
    assert "3.1× slower" in plain_lines(timing_lines(slower, 80))
    assert "1 300× slower" in plain_lines(timing_lines(slower, 80))


def test_the_baseline_of_the_same_platform_counts():
    rows = [
        timing("NumPy", 1e-3, platform="cpu", baseline=True),
        timing("NumPy", 4e-3, platform="gpu", baseline=True),
        timing("jnp", 2e-3, platform="gpu"),
    ]
    text = plain_lines(timing_lines(rows, 60))
    assert text.splitlines()[3].split() == ["jnp", "gpu", "2.00", "ms", "—", "2.0×", "faster"]


def test_platforms_are_told_when_there_are_several():
    rows = [LOOP, timing("dot", 1e-3), timing("dot", 1e-4, platform="gpu")]
    text = plain_lines(timing_lines(rows, 60))
    assert text.splitlines()[0].split()[:2] == ["on", "complete"]
    assert [line[13:17].strip() for line in text.splitlines()[1:]] == ["host", "cpu", "gpu"]
    assert " on " not in plain_lines(timing_lines(THREE, 60))


def test_an_error_in_place_of_a_number():
    rows = [timing("good", 1e-3), timing("bad", 0.0, error="RuntimeError: [red] out of \x1b memory")]
    assert plain_lines(timing_lines(rows, 46)) == (
        "       complete   first call\n"
        "good    1.00 ms            —\n"
        "bad           —            —\n"
        "  failed: RuntimeError: [red] out of ␛ memory\n"
    )


def test_unsteady_numbers_have_two_digits():
    assert "220  µs" in plain_lines(timing_lines([timing("a", 218e-6, spread=0.2)], 40))


def test_ascii_and_edges():
    assert plain_lines(timing_lines(THREE, 74, ascii=True)).isascii()
    assert timing_lines([], 74) == []
    assert timing_footer([]) == ""


def test_the_footer():
    assert timing_footer(THREE) == "15 runs, CPU, blocked"
    assert timing_footer([timing("a", 1.0, simulated=True)]) == "15 runs, CPU simulated, blocked"
    assert timing_footer([timing("a", 1.0), timing("a", 1.0, platform="gpu")]) == "15 runs, CPU and GPU, blocked"
    more = harmless(Timing(run=1, index=0, label="b", call="b", platform="cpu", median_s=1e-5, runs=26_000))
    assert timing_footer([LOOP, more]) == "15 to 26 000 runs, CPU, blocked"
    assert timing_footer([LOOP]) == "15 runs, host, blocked"
    assert timing_footer([timing("a", 0.0, error="no")]) == ""


@given(st.lists(st.tuples(st.text(max_size=20), st.floats(0, 1e6), st.booleans()), max_size=4), st.integers(20, 120))
def test_rows_never_exceed_the_width(rows, width):
    timings = [timing(label, median, median, baseline=base, verdicts=(DISPATCH,)) for label, median, base in rows]
    assert all(width_of(line) <= width for line in timing_lines(timings, width))


@given(st.lists(st.floats(1e-9, 1e5), min_size=1, max_size=6), st.integers(12, 60))
def test_bars_share_one_scale(values, length):
    scale = scale_for(values)
    parts = [scale.part(value) for value in values]
    assert all(-1e-6 <= part <= 1 + 1e-6 for part in parts)
    assert sorted(values) == [value for _, value in sorted(zip(parts, values, strict=True))]
    assert all(1 <= len(bar(part, length)) <= length for part in parts)
    assert scale.log == (max(values) / min(values) > 30)
    assert len(tick_labels(scale, length)) <= length + tail(scale)
