"""A profile gives the time of lines, with nothing lost, and what bounds an instruction."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_profiles import FILE, INSTRUCTIONS, profile

from jaxtour.engine.profile_record import profile_record
from jaxtour.engine.report import Report, advance, requested
from jaxtour.engine.wire import messages as wire
from jaxtour.engine.wire.profile import bound, line_times, peak_of, rates, spans_of

PEAK = wire.Peak(run=1, platform="cpu", kind="cpu", flops_per_s=1e10, bytes_per_s=4e9)


def test_lines_have_their_forward_and_backward_time_and_the_hottest_is_first():
    found = {(time.file, time.line): time for time in line_times(profile())}
    assert list(found)[:2] == [(FILE, 3), (FILE, 5)] and len(found) == 4
    assert found[FILE, 3][2:5] == pytest.approx((0.55, 0.55, 0.0))
    assert found[FILE, 5][2:5] == pytest.approx((0.2, 0.05, 0.15))
    assert found[None, None].self_s == pytest.approx(0.05)
    assert {place for place, time in found.items() if time.estimated} == {(FILE, 5), ("/code/library.py", 40)}


PARTS = st.lists(st.tuples(st.integers(-1, 4), st.booleans(), st.floats(0.01, 1)), min_size=1, max_size=5)


@given(st.lists(st.tuples(st.floats(1e-9, 1), PARTS), max_size=12), st.floats(0, 1))
def test_lines_and_what_is_not_accounted_for_are_the_run(rows, rest):
    instructions = []
    for own, parts in rows:
        whole = sum(share for _, _, share in parts)
        told = [[span, backward, share / whole] for span, backward, share in parts]
        instructions.append(["i", "add", 1, own, own, 1, None, None, told])
    covered = math.fsum(own for own, _ in rows)
    wall = covered + rest + 1e-9
    made = profile(instructions=instructions, covered_s=covered, wall_s=wall, unaccounted_s=wall - covered)
    record = profile_record(made, ())
    assert math.fsum(line["self_s"] for line in record["lines"]) + record["unaccounted_s"] == pytest.approx(
        record["wall_s"], rel=1e-9
    )
    for line in record["lines"]:
        assert line["forward_s"] + line["backward_s"] == pytest.approx(line["self_s"], rel=1e-12)


def test_an_instruction_is_bound_by_the_peak_that_it_comes_near():
    dot, fusion, sort, copy = profile().instructions
    assert rates(dot) == (8e9, 4e6)
    assert [bound(each, PEAK) for each in (dot, fusion, sort, copy)] == ["compute", "memory", None, "neither"]
    assert bound(dot, None) is None
    assert peak_of([PEAK], "gpu") is None and peak_of([PEAK], "cpu") is PEAK


def test_the_record_has_the_fields_that_scripts_rely_on():
    record = profile_record(profile(), [PEAK])
    assert list(record) == [
        "version", "call", "wall_s", "covered_s", "unaccounted_s", "lines", "instructions", "memory",
    ]  # fmt: skip
    assert list(record["lines"][0]) == ["file", "line", "share", "self_s", "forward_s", "backward_s"]
    assert list(record["instructions"][0]) == ["name", "opcode", "self_s", "count", "bound", "spans"]
    assert record["memory"] is None
    assert record["instructions"][1]["spans"][0]["line"] == 3 and record["instructions"][1]["bound"] == "memory"


def test_a_span_that_is_not_there_is_no_source():
    made = profile(instructions=[[*INSTRUCTIONS[0][:8], [[9, False, 1.0]]]])
    assert [(time.file, time.line) for time in line_times(made)] == [(None, None)]
    assert spans_of(made, made.instructions[0]) == ()


def test_a_report_takes_the_profile_of_its_request_and_says_how_a_lost_one_ended():
    report = requested(Report(run=1), 2, profile=0)
    got = advance(report, profile(run=2))
    assert got.profiles[0].calls == 7
    again = requested(got, 3, profile=0)
    assert again.profiles == {}
    done = advance(again, wire.Done(run=3, status="interrupted"))
    assert done.profiles[0].error == "interrupted" and done.request is None
