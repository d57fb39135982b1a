"""Time against size is drawn as curves, with the crossing in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.engine.wire.messages import Retrace, Timing, Verdict
from jaxtour.render.chart import Chart, without_charts
from jaxtour.render.text.layout import plain_lines, width_of
from jaxtour.render.timing.rows import retrace_lines, timing_lines
from jaxtour.render.timing.sizes import Series, crossing, series_of, size_blocks, size_text
from jaxtour.render.value import printed_lines
from jaxtour.text import Raw, harmless


def timings(label, index, points, platform="cpu", **rest):
    return [
        harmless(
            Timing(
                run=1,
                index=index,
                label=label,
                call=label,
                platform=platform,
                size=size,
                median_s=value,
                runs=15,
                **rest,
            )
        )
        for size, value in points
    ]


NUMPY = timings("NumPy", 0, [(100, 1e-6), (10_000, 100e-6), (1_000_000, 10e-3)], "host", baseline=True)
JAX = timings("JAX", 1, [(100, 20e-6), (10_000, 60e-6), (1_000_000, 1e-3)])


def series(name, *points):
    return Series(name, points)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (
            series("NumPy", (100, 1.0), (10_000, 100.0)),
            series("JAX", (100, 10.0), (10_000, 10.0)),
            "NumPy is faster below about 1 000, JAX above.",
        ),
        (
            series("a", (10, 1.0), (1_000, 1.0)),
            series("b", (10, 2.0), (1_000, 3.0)),
            "a is faster at every size from 10 to 1 000.",
        ),
        (
            series("a", (10, 2.0), (1_000, 3.0)),
            series("b", (10, 1.0), (1_000, 1.0)),
            "b is faster at every size from 10 to 1 000.",
        ),
        (
            series("a", (1, 1.0), (100, 4.0), (10_000, 1.0)),
            series("b", (1, 2.0), (100, 2.0), (10_000, 2.0)),
            "a is faster below about 10, b from there to about 1 000, a above.",
        ),
        (series("a", (1, 1.0), (9, 1.0)), series("b", (1, 1.01), (9, 0.99)), "a and b are about equal from 1 to 9."),
        (series("a", (1, 1.0)), series("b", (1, 2.0)), "a is faster at every size at 1."),
        (series("a", (1, 1.0)), series("b", (5, 2.0)), "a and b have no size in common."),
    ],
)
def test_the_crossing_in_words(one, other, words):
    assert crossing(one, other) == words


def test_near_ties_are_no_crossings():
    one = series("a", (1, 1.0), (10, 1.0), (100, 1.0), (1_000, 1.0))
    other = series("b", (1, 2.0), (10, 0.99), (100, 1.01), (1_000, 2.0))
    assert crossing(one, other) == "a is faster at every size from 1 to 1 000."


def test_the_curves_are_the_timings():
    words, chart, table = size_blocks([*JAX, *NUMPY], 70)
    assert isinstance(chart, Chart)
    assert "faster" in plain_lines(words) and "10.0 ms" in plain_lines(table)
    assert [(curve.name, curve.points) for curve in chart.curves] == [
        ("NumPy", ((100.0, 1e-6), (10_000.0, 100e-6), (1_000_000.0, 10e-3))),
        ("JAX", ((100.0, 20e-6), (10_000.0, 60e-6), (1_000_000.0, 1e-3))),
    ]
    assert len({curve.glyph for curve in chart.curves}) == 2, "told apart without colours"
    assert [chart.x.label(tick) for tick in chart.x.ticks] == ["100", "1k", "10k", "100k", "1M"]
    assert [chart.y.label(tick) for tick in chart.y.ticks] == ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]


def test_where_they_cross_and_the_numbers():
    lines = plain_lines(without_charts(size_blocks([*JAX, *NUMPY], 70))).splitlines()
    assert lines[0] == "NumPy is faster below about 5 000, JAX above."
    table = [line.split() for line in lines[-3:]]
    assert table[0] == ["100", "1.00", "µs", "20.0", "µs"]
    assert table[2] == ["1", "000", "000", "10.0", "ms", "1.00", "ms"]


def test_series_are_named_by_platform_where_there_are_several():
    both = [*JAX, *timings("JAX", 1, [(100, 1e-6)], "gpu"), *NUMPY]
    assert [each.name for each in series_of(both)] == ["NumPy", "JAX on CPU", "JAX on GPU"]
    assert [each.name for each in series_of([*JAX, *NUMPY])] == ["NumPy", "JAX"]


def test_sizes_come_below_the_table_of_the_others_and_errors_in_it():
    rows = [harmless(Timing(run=1, index=2, label="plain", call="p", platform="cpu", median_s=1e-3, runs=15)), *NUMPY]
    rows.append(
        harmless(Timing(run=1, index=3, label="broken", call="b", platform="cpu", size=10, error="MemoryError: no"))
    )
    text = plain_lines(timing_lines(rows, 70))
    assert text.index("plain") < text.index("failed: MemoryError") < text.index("1 000 000")
    assert "complete" not in plain_lines(timing_lines(NUMPY, 70))


def test_flagged_numbers_and_their_sentences():
    flag = Verdict(code="dispatch_bound", message="Too small.")
    rows = [*timings("JAX", 1, [(100, 20e-6)], verdicts=(flag,)), *JAX[1:]]
    text = plain_lines(timing_lines(rows, 70))
    assert "100  20.0 µs ⚑" in text and "⚑ dispatch-bound  Too small." in text


def test_one_size_alone_and_none():
    words, chart, table = size_blocks(NUMPY[:1], 70)
    assert isinstance(chart, Chart) and chart.curves[0].points == ((100.0, 1e-6),)
    assert words == [] and "1.00 µs" in plain_lines(table)
    assert without_charts(size_blocks([], 70)) == []
    assert plain_lines(without_charts(size_blocks([*JAX, *NUMPY], 70, ascii=True))).isascii()


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.floats(1e-9, 1e5)), min_size=1, max_size=8, unique_by=lambda p: p[0]),
    st.integers(12, 120),
)
def test_it_fits_whatever_the_numbers_are(points, width):
    rows = [*timings("NumPy", 0, points, "host", baseline=True), *timings("JAX", 1, points[::-1])]
    assert all(width_of(line) <= width for line in without_charts(size_blocks(rows, width)))


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(4012.3, 1, "4 000"), (4012, 3, "4 010"), (7, 1, "7"), (123_456, 3, "123 000")]
)
def test_sizes_as_text(value, digits, text):
    assert size_text(value, digits) == text


def test_retraces_with_their_reasons():
    found = [
        Retrace(run=1, function="f", count=1, line=3),
        Retrace(run=1, function="f", count=2, reason="x was f32[8], now f32[9]", line=4),
        Retrace(run=1, function="g", count=1),
    ]
    assert plain_lines(retrace_lines(found, 60)) == "f was traced 2 times\n  line 4: x was f32[8], now f32[9]\n"
    assert retrace_lines([found[0], found[2]], 60) == []
    many = [Retrace(run=1, function="h", count=count, reason="r" * (count > 1)) for count in range(1, 20)]
    text = plain_lines(retrace_lines(many, 60))
    assert text.startswith("h was traced 19 times\n") and text.endswith("  … and 12 times more\n")


def test_what_was_printed_while_tracing_stands_apart():
    text = Raw("a\nin (2,)\n\nb\n")
    assert plain_lines(printed_lines(text, [(2, 11)])) == ("        │ a\ntracing │ in (2,)\ntracing │\n        │ b\n")
    assert plain_lines(printed_lines(text, ())) == "a\nin (2,)\n\nb\n"
    assert all(width_of(line) <= 20 for line in printed_lines(Raw("word " * 20), [(0, 5)], 20))
