"""A chart has axes with their ticks, and a legend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.render.chart import Axis, Chart, Curve, axis_over, legend_lines, look, without_charts
from jaxtour.render.text.layout import plain_lines, width_of


def axis(low, high, **rest):
    return Axis(low, high, str, **rest)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.8, 1200.0, (1.0, 10.0, 100.0, 1000.0)),
        (1.5, 60.0, (2.0, 5.0, 10.0, 20.0, 50.0)),
        (2.5e-6, 30e-6, (5e-6, 10e-6, 20e-6)),
    ],
)
def test_a_logarithmic_axis_has_decades_or_else_1_2_and_5(low, high, ticks):
    assert axis(low, high).ticks == pytest.approx(ticks)


def test_a_linear_axis_has_the_ticks_it_is_given():
    assert axis(0.0, 1.0, log=False, linear_ticks=(0.0, 0.5, 1.0)).ticks == (0.0, 0.5, 1.0)


@given(st.lists(st.floats(1e-9, 1e12), min_size=1, max_size=20))
def test_all_values_are_on_the_axis_and_ticks_go_there_and_back(values):
    found = axis_over(values, str)
    assert all(found.low < value < found.high for value in values)
    assert found.high / found.low >= 10 * (1 - 1e-9)
    assert len(found.ticks) >= 1
    assert all(found.value(found.place(tick)) == pytest.approx(tick) for tick in found.ticks)


def test_a_legend_names_the_curves_with_their_glyphs_and_fits():
    curves = tuple(Curve(name, ((1.0, 1.0),), *reversed(look(number))) for number, name in enumerate(("a␛[2J", "b")))
    chart = Chart(axis(1, 10), axis(1, 10), (Curve("", ((1.0, 1.0),), "bar-muted"), *curves), "this over that")
    assert plain_lines(legend_lines(chart, 60)) == "● a␛[2J   ▲ b   this over that\n"
    assert all(width_of(line) <= 12 for line in legend_lines(chart, 12))
    assert without_charts([[(("x", ""),)], chart, [(("y", ""),)]]) == [(("x", ""),), (("y", ""),)]
