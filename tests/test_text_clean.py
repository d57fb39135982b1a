"""No text of a program can move the cursor, change colours or hide."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from jaxtour.text import ascii_only, clean

HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
hostile = st.text(
    st.one_of(
        st.characters(categories=HIDDEN),
        st.characters(codec=None),
        st.sampled_from("ab\r\n\t\x1b\x9b\u202e\u2066\u200b\ufeff\ud83d日é"),
    ),
    max_size=40,
)


@given(hostile)
def test_no_hidden_character_is_left(text):
    hidden = [character for character in clean(text) if unicodedata.category(character) in HIDDEN and character != "\n"]
    # Arabic number signs and similar characters are in category Cf but visible.
    assert not [character for character in hidden if unicodedata.bidirectional(character) not in ("AN", "AL", "L")]


@given(hostile)
def test_cleaning_twice_changes_nothing(text):
    assert clean(clean(text)) == clean(text)
    assert clean(clean(text, keep_newlines=False), keep_newlines=False) == clean(text, keep_newlines=False)


@given(hostile)
def test_one_line_has_no_line_break(text):
    assert len(clean(text, keep_newlines=False).splitlines()) <= 1


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\u3164\uffa0\u115f\u1160")))
def test_visible_text_is_left_alone(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x7f\x00", "␡␀"),
        ("\x9b31m", "<U+009B>31m"),
        ("\x85", "<U+0085>"),
        ("user\u202etxt.exe", "user<U+202E>txt.exe"),
        ("a\u200bb\u2028c\ufeff", "a<U+200B>b<U+2028>c<U+FEFF>"),
        ("\ud83d", "<U+D83D>"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("one\r\ntwo\rthree", "one\ntwo␍three"),
        ("a\tb\n\tc", "a   b\n    c"),
        ("日\tb", "日  b"),
        ("\v\f", "␋␌"),
        ("[red]not markup[/]", "[red]not markup[/]"),
        ("", ""),
    ],
)
def test_what_is_hidden_becomes_visible(text, shown):
    assert clean(text) == shown


def test_newlines_and_tabs_as_asked():
    assert clean("a\nb\r\nc", keep_newlines=False) == "a␊b␊c"
    assert clean("a\tb", tab=8) == "a       b"


@given(hostile)
def test_ascii_is_ascii_and_as_wide(text):
    text = clean(text)
    assert ascii_only(text).isascii()
    assert cell_len(ascii_only(text)) == cell_len(text)


def test_glyphs_have_their_likes():
    assert ascii_only("● cpu ×8 → 9.81 µs · ━━╸ ┌─┐ ✓ ✗ ⚑ …") == "* cpu x8 > 9.81 us . --- +-+ + x ! ~"
    assert ascii_only("日本é") == "?????"
