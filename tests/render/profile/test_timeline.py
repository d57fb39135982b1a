"""The picture of one call shows what ran most of each cell, and the cursor goes where it should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_profiles import FILE, profile

from jaxtour.engine.wire.profile import TimelineThread
from jaxtour.render.profile.timeline import Window, next_piece, piece_at, pieces_of, timeline_lines, whole_window
from jaxtour.render.text.layout import plain, width_of

SECOND = 1e9


def thread(*events):
    starts, lengths, instructions = zip(*sorted(events, key=lambda event: (event[0], -event[1])), strict=True)
    return TimelineThread(name="t", device=0, starts=starts, lengths=lengths, instructions=instructions)


def test_the_innermost_instruction_has_the_moment():
    made = thread((0, 100, 0), (10, 20, 1), (50, 30, 2), (60, 5, 1))
    assert [tuple(piece) for piece in pieces_of(made)] == [
        (0, 10, 0), (10, 30, 1), (30, 50, 0), (50, 60, 2), (60, 65, 1), (65, 80, 2), (80, 100, 0),
    ]  # fmt: skip
    assert piece_at(made, 62).instruction == 1 and piece_at(made, 100) is None
    assert next_piece(made, 62, 1).start == 65 and next_piece(made, 62, -1).start == 50
    assert next_piece(made, 80, 1) is None and next_piece(made, 0, -1) is None


def drawn(window, width=52, height=20):
    return [plain(line) for line in timeline_lines(profile(), window, width, height, lambda *_: "y = f(x)", FILE)]


def test_each_cell_has_the_letter_of_its_line_and_gaps_are_dots():
    lines = drawn(whole_window(profile()))
    assert lines[0].split() == ["0", "s", "900", "ms"]
    first, second = lines[1].split()[-1], lines[2].split()[-1]
    # Half a second of line 3, then a fusion that is mostly line 5's, and a copy without a source.
    assert first[:22] == "a" * 22 and set(first[23:31]) == {"b"} and set(first[32:33]) == {"#"} and first[-3:] == "···"
    assert second == "·" * 33 + "bbbbb" + "··"
    assert lines[3].index("^") == 12
    assert lines[4] == "at 0 s: dot.1 dot, 500 ms, 50.0% of the call" and lines[5] == "a line 3  y = f(x)"
    assert any(line.startswith(" 55.0% a line 3") for line in lines)


def test_zooming_keeps_the_cursor_in_its_column():
    window = whole_window(profile()).moved(0.6 * SECOND, 0.9 * SECOND)
    near = window.zoomed(0.5, 0.9 * SECOND).zoomed(0.5, 0.9 * SECOND)
    assert near.at == window.at and near.length == pytest.approx(0.9 * SECOND / 4)
    assert (near.at - near.start) / near.length == pytest.approx((window.at - window.start) / window.length)
    assert drawn(near)[3].index("^") == drawn(window)[3].index("^")


@given(st.lists(st.tuples(st.sampled_from(("move", "zoom")), st.floats(-2, 2)), max_size=30))
def test_the_window_stays_in_the_call_and_the_cursor_in_the_window(keys):
    whole = 1000.0
    window = Window(0.0, whole, 0.0)
    for key, by in keys:
        window = window.moved(by * window.length, whole) if key == "move" else window.zoomed(2.0**by, whole)
        assert window.start >= -1e-9 and window.start + window.length <= whole * (1 + 1e-9)
        assert window.start - 1e-6 <= window.at <= window.start + window.length + 1e-6


@pytest.mark.parametrize("size", [(20, 8), (80, 24), (200, 60)])
def test_it_fits_the_box(size):
    lines = timeline_lines(profile(), whole_window(profile()), *size, lambda *_: "x" * 300, FILE)
    assert len(lines) <= size[1] and max(map(width_of, lines)) <= size[0]
