"""The roofline puts calls in their places, and gives a reason for each call without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.engine.wire.messages import Peak, Timing, Verdict
from jaxtour.render.chart import Chart, without_charts
from jaxtour.render.text.layout import plain_lines, width_of
from jaxtour.render.timing.roofline import achieved, roofline_blocks, roofline_lines
from jaxtour.text import harmless

PEAK = Peak(run=1, platform="cpu", kind="EPYC", flops_per_s=1e11, bytes_per_s=1e10)


def timing(label="f", median=1e-3, platform="cpu", **rest):
    return harmless(
        Timing(run=1, index=0, label=label, call=label, platform=platform, median_s=median, runs=100, **rest)
    )


def chart_of(calls, peaks=(PEAK,)):
    """Return the only chart of a roofline."""
    [chart] = [block for block in roofline_blocks(calls, peaks, 78) if isinstance(block, Chart)]
    return chart


def test_calls_lie_where_their_intensity_and_speed_are():
    calls = [
        timing("product", flops=5e7, bytes=5e5),  # 100 flop/byte, half of the peak
        timing("sum", flops=1e6, bytes=4e6),  # 0.25 flop/byte, below the slope
        timing("slow", flops=1e3, bytes=1e1),
    ]
    chart = chart_of(calls)
    roof, *marks = chart.curves
    assert [(curve.glyph, curve.points[0]) for curve in marks] == [
        ("1", (pytest.approx(100), pytest.approx(5e10))),
        ("2", (pytest.approx(0.25), pytest.approx(1e9))),
        ("3", (pytest.approx(100), pytest.approx(1e6))),
    ]
    low, ridge, high = roof.points
    assert ridge == (pytest.approx(10), 1e11) and high[1] == 1e11 and low[1] == pytest.approx(low[0] * 1e10)
    assert all(chart.x.low <= at <= chart.x.high for at, _ in roof.points)
    text = " ".join(plain_lines(roofline_lines(calls, [PEAK], 78)).split())
    assert text.startswith("EPYC: peaks 100 Gflop/s, 10 GB/s in float32, measured here")
    assert "1 product 50 Gflop/s, 50% of what computing allows at 100 flop/byte" in text
    assert "2 sum 1 Gflop/s, 40% of what memory allows at 0.25 flop/byte" in text
    assert "3 slow 1 Mflop/s, less than 0.1% of what computing allows" in text


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (timing(flops=None), "counts the cost of jitted calls only"),
        (timing(flops=0.0, bytes=1e3), "counts no operations"),
        (
            timing(flops=1e3, bytes=1e3, verdicts=(Verdict(code="loop_counted_once", message=""),)),
            "a loop of unknown length",
        ),
    ],
)
def test_what_cannot_be_placed_says_why(call, why):
    text = " ".join(plain_lines(roofline_lines([call], [PEAK], 78)).split())
    assert f"not placed: f: {why}" in text.replace("the compiler ", "")
    assert not any(isinstance(block, Chart) for block in roofline_blocks([call], [PEAK], 78)), "nothing to draw"


def test_what_lies_above_the_roof_says_so():
    text = " ".join(plain_lines(roofline_lines([timing(flops=1e6, bytes=1e6, median=1e-5)], [PEAK], 78)).split())
    assert "1000% of what memory allows" in text.replace(",", "") and "above the peak" in text


def test_without_peaks_it_says_what_is_missing():
    call = timing(flops=1e6, bytes=1e6)
    assert plain_lines(roofline_lines([call], [], 78)) == "the peaks of cpu are not measured yet\n"
    failed = Peak(run=1, platform="cpu", kind="c", flops_per_s=0.0, bytes_per_s=0.0, error="out of memory")
    assert "could not be measured: out of memory" in plain_lines(roofline_lines([call], [failed], 78))
    assert roofline_lines([timing(platform="host"), timing(error="no")], [PEAK], 78) == []


def test_each_platform_has_its_own_and_float32_goes_first():
    calls = [timing(flops=1e6, bytes=1e6), timing(flops=1e6, bytes=1e6, platform="gpu")]
    gpu = [
        Peak(run=1, platform="gpu", kind="H200", flops_per_s=speed, bytes_per_s=4e12, dtype=dtype)
        for speed, dtype in ((8e14, "bfloat16"), (5e13, "float32"))
    ]
    text = plain_lines(roofline_lines(calls, [PEAK, *gpu], 78))
    assert "EPYC: peaks" in text and "H200: peaks 50 Tflop/s, 4 TB/s in float32" in text


def test_achieved_is_of_the_median_call():
    assert achieved(timing(flops=2e6, bytes=1e6)) == (pytest.approx(2e9), pytest.approx(1e9))
    assert achieved(timing(transfer_bytes=4_000, bytes=None)) == (None, pytest.approx(4e6))
    assert achieved(timing(flops=2e6, error="no")) == (None, None)
    assert achieved(timing(median=0.0, flops=1.0)) == (None, None)


@given(
    st.lists(st.tuples(st.floats(1, 1e15), st.floats(1, 1e12), st.floats(1e-7, 1e3)), max_size=12),
    st.integers(20, 120),
    st.booleans(),
)
def test_it_fits_whatever_the_calls_are(calls, width, plain):
    timings = [timing(flops=flops, bytes=moved, median=median) for flops, moved, median in calls]
    lines = without_charts(roofline_blocks(timings, [PEAK], width, plain))
    assert all(width_of(line) <= width for line in lines)
    assert not plain or plain_lines(lines).isascii()
