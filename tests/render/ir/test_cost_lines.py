"""Costs are shown with units and notes."""

import math

import pytest

from jaxtour.engine.wire.messages import Cost
from jaxtour.render.ir.cost import cost_facts, cost_lines, count, size
from jaxtour.render.text.layout import plain, plain_lines, width_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 flop"), (1, "1 flop"), (999, "999 flop"), (999.6, "1 kflop"), (1000, "1 kflop"),
        (4_194_304, "4.19 Mflop"),
        (2e9, "2 Gflop"), (1.5e22, "15000 Eflop"), (0.5, "0.5 flop"), (None, "—"), (-1, "—"), (math.nan, "—"),
        (math.inf, "—"),
    ],
)  # fmt: skip
def test_operations(value, text):
    assert count(value, "flop") == text


def test_sizes():
    assert [size(value) for value in (0, 1536, 3 * 2**20, None, -1.0)] == ["0 B", "1.5 KiB", "3 MiB", "—", "—"]


def test_a_card_of_costs():
    cost = Cost(
        flops=4_194_304.0, bytes=196_608.0, transcendentals=0.0, argument_bytes=131_072, output_bytes=65_536,
        temporary_bytes=0, notes=("the loop's body is counted once, its trip count is not known",),
    )  # fmt: skip
    assert (
        plain_lines(cost_lines(cost, 78))
        == """\
operations        4.19 Mflop  floating-point additions and multiplications
bytes accessed       192 KiB  read and written by all instructions
intensity        21.3 flop/B  operations per byte accessed
transcendentals            0  elementwise exp, log, tanh, …
arguments            128 KiB  memory for the inputs
outputs               64 KiB  memory for the results
temporary                0 B  scratch memory during the call
! the loop's body is counted once, its trip count is not known
"""
    )
    assert plain(cost_facts(cost)) == "4.19 Mflop   192 KiB   21.3 flop/B !"


def test_what_the_compiler_does_not_say():
    lines = plain_lines(cost_lines(Cost(), 40))
    assert lines.count("—") == 7
    assert "peak" not in lines
    assert plain(cost_facts(Cost())) == "no figures"
    assert plain(cost_facts(Cost(flops=3.0, bytes=0.0))) == "3 flop   0 B"
    whole = Cost(peak_bytes=10, alias_bytes=4, code_bytes=2)
    assert {"peak", "aliased", "code"} <= set(plain_lines(cost_lines(whole, 80)).split())
    assert all(width_of(line) <= 30 for line in cost_lines(Cost(notes=("a long note " * 9,)), 30))
