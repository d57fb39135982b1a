"""The tables of a profile have every line, what has no source and what is not accounted for, in any width."""

import pytest
from made_profiles import FILE, INSTRUCTIONS, profile

from jaxtour.engine.wire.messages import Peak, Verdict
from jaxtour.render.profile.tables import instruction_table, line_table, percent, roofline_points, summary_lines
from jaxtour.render.text.layout import plain, plain_lines, width_of
from jaxtour.render.timing.roofline import roofline_lines

PEAK = Peak(run=1, platform="cpu", kind="cpu", flops_per_s=1e10, bytes_per_s=4e9)


def source(file, line):
    return f"y = line{line}(x)"


def test_every_line_has_a_row_with_its_share_forward_and_backward():
    rows = [" ".join(plain(line).split()) for line in line_table(profile(), 120, source, own=FILE)]
    assert rows[2] == "55.0% ━━━━━╸ 550 ms 55.0% 3 y = line3(x)"
    assert rows[3] == "~20.0% ━━ 200 ms 5.0% 15.0% 5 y = line5(x)"
    assert "~5.0% ╸ 50.0 ms 5.0% code/library.py:40 y = line40(x)" in rows
    assert any("without a source" in row for row in rows)
    assert rows[-2] == "15.0% ━╸ 150 ms not accounted for: host, dispatch, gaps"
    assert rows[-1].startswith("~ is an estimate")


def test_instructions_say_what_they_achieve_and_what_bounds_them():
    text = plain_lines(instruction_table(profile(), [PEAK], 120, own=FILE))
    rows = [" ".join(row.split()) for row in text.splitlines()]
    assert "50.0% 500 ms 1 dot.1 8 G 4 M compute 3" in rows
    assert "20.0% 200 ms 10 fusion 40 k 3.2 G memory 3 5" in rows
    without = plain_lines(instruction_table(profile(), [], 120))
    assert "compute" not in without and "bound" not in without


def test_the_rest_of_many_instructions_is_counted():
    made = profile(instructions=INSTRUCTIONS[:1] * 45)
    assert plain(instruction_table(made, [], 120)[-1]) == "and 15 more instructions"


def test_the_summary_quotes_the_untraced_time_and_the_verdicts():
    verdict = Verdict(code="profile_differs", message="The profiled calls took 40% longer.")
    text = " ".join(
        plain_lines(summary_lines(profile(verdicts=[{"code": "c", "message": verdict.message}]), 100)).split()
    )
    assert text.startswith("980 ms a call without the profiler; 1.00 s with it, the mean of 7 calls 85.0% in")
    assert "85.0% in 4 instructions, 15.0% not accounted for: 50.0 ms between instructions, 100 ms around" in text
    assert text.endswith("! The profiled calls took 40% longer.")
    apart = plain_lines(summary_lines(profile(traced_s=0.8), 100))
    assert "1.00 s with it, the mean of 7 calls, and 800 ms the median\n" in apart


def test_several_devices_show_their_spread_or_a_column_each_where_they_differ():
    rows = [[*row[:-1], [row[3] * 0.98, row[3] * 1.02]] for row in INSTRUCTIONS]
    made = profile(instructions=rows, devices=[0, 1], device_covered_s=[0.8, 0.9])
    assert "540 ms … 560 ms" in plain_lines(line_table(made, 120, source, own=FILE))
    rows = [[*row[:-1], [row[3] * 0.5, row[3] * 1.5]] for row in INSTRUCTIONS]
    made = profile(instructions=rows, devices=[0, 1], device_covered_s=[0.4, 1.2])
    text = plain_lines(line_table(made, 120, source, own=FILE))
    assert "device 0  device 1" in text and "280 ms    820 ms" in text
    assert "the least busy worked 400 ms and the busiest 1.20 s" in plain_lines(summary_lines(made, 120))


def test_a_profile_that_failed_says_why():
    assert plain_lines(summary_lines(profile(error="no events"), 80)) == "no profile: no events\n"


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_room(width):
    lines = line_table(profile(), width, source) + instruction_table(profile(), [PEAK], width)
    assert max(map(width_of, [*lines, *summary_lines(profile(), width)])) <= max(width, 48)


def test_instructions_are_points_under_the_roof_where_their_work_is_known():
    points = roofline_points(profile())
    assert [(each.label, each.flops, each.median_s) for each in points] == [("dot.1", 4e9, 0.5), ("fusion", 1e3, 0.025)]
    text = plain_lines(roofline_lines(points, [PEAK], 100))
    assert "dot.1  8 Gflop/s, 80% of what computing allows" in text


def test_small_shares_are_not_nothing():
    assert [percent(share) for share in (0, 1e-6, 0.0005, 0.123, 1)] == ["0.0%", "<0.1%", "0.1%", "12.3%", "100.0%"]
