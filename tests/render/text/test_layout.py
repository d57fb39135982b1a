"""Lines fit their width, whatever they contain."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jaxtour.render.text.layout import chop, clip, clip_line, joined, pad, plain, width_of, wrap, wrap_text
from jaxtour.text import clean

words = st.text(st.sampled_from("ab  日本é…-[]"), max_size=30).map(clean)
lines = st.lists(st.tuples(words, st.sampled_from(["", "strong", "code", "muted"]))).map(tuple)
widths = st.integers(2, 40)


@example(((" ", "code"), ("[[", "")), 2, "")
@given(lines, widths, st.sampled_from(["", "  ", "        "]))
def test_wrapped_lines_fit_and_lose_only_spaces(line, width, indent):
    rows = wrap(line, width, indent=indent)
    assert all(width_of(row) <= width for row in rows)
    assert "".join(map(plain, rows)).replace(" ", "") == plain(line).replace(" ", "")


@given(lines, widths)
def test_chopped_lines_fit_and_lose_nothing(line, width):
    rows = chop(line, width)
    assert all(width_of(row) <= width for row in rows)
    assert "".join(map(plain, rows)) == plain(line)


@given(lines, st.integers(0, 40))
def test_clipped_lines_fit_and_say_so(line, width):
    cut = clip_line(line, width)
    assert width_of(cut) <= width
    assert plain(cut) == plain(line) or width == 0 or plain(cut).endswith("…")


@given(words, st.integers(0, 40))
def test_clipped_and_padded_text_fits(text, width):
    assert width_of(clip(text, width)) <= width
    assert width_of(pad(text, width)) == width == width_of(pad(text, width, right=True))


@given(lines)
def test_joining_spans_changes_no_text(line):
    assert plain(joined(line)) == plain(line)


def test_words_are_kept_whole_across_styles():
    line = (("see ", ""), ("bold", "strong"), (", and", ""))
    assert wrap(line, 9) == [(("see ", ""), ("bold", "strong"), (",", "")), (("and", ""),)]
    assert [plain(row) for row in wrap(line, 8)] == ["see", "bold,", "and"]


def test_short_code_is_a_word():
    line = (("call ", ""), ("f(a, b)", "code"))
    assert [plain(row) for row in wrap(line, 8)] == ["call", "f(a, b)"]


def test_text_keeps_its_indentation():
    rows = wrap_text("    one two three\n\nfour", 12)
    assert [plain(row) for row in rows] == ["    one two", "    three", "", "four"]


def test_a_long_line_takes_linear_time():
    assert len(wrap_text("x" * 400_000, 80)) == 5000


def test_what_cannot_fit_ends_all_the_same():
    assert [plain(row) for row in chop((("日本", ""),), 1)] == ["日", "本"]
    assert [plain(row) for row in wrap((("日本", ""),), 0, indent="    ")] == ["日", "本"]


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        ("model.layers[0].weight:f32[64,2] x:f32[]", 26, ["model.layers[0].weight:", "f32[64,2] x:f32[]"]),
        ("params['embedding_of_it']['kernel']:f32[3]", 22, ["params['embedding_of_", "it']['kernel']:f32[3]"]),
        ("see https://docs.dev/latest/errors.html", 22, ["see", "https://docs.dev/", "latest/errors.html"]),
        ("abcdefghijkl.mnop", 8, ["abcdefgh", "ijkl", ".mnop"]),
        ("1.0000000000000002", 8, ["1.000000", "00000000", "02"]),
    ],
)
def test_a_path_that_does_not_fit_is_broken_at_its_joints(text, width, rows):
    assert [plain(row) for row in wrap([(text[:5], "name"), (text[5:], "type")], width)] == rows
