"""The commands' output has colours on a terminal."""

import re
from typing import get_args

from jaxtour.render.text.layout import Line, Style, plain_lines
from jaxtour.render.text.plain import SGR, ansi_lines

LINES: list[Line] = [
    (("── result", "muted"),),
    (("Array", "strong"), (" ", ""), ("float32[2]", "type"), ("  ", "")),
    (("   7  ", "faint"),),
    (),
    ((" x ", "error"), ("  ", "muted")),
]


def test_what_stays_without_the_colours_is_the_plain_text():
    text = ansi_lines(LINES)
    assert re.sub(r"\x1b\[[\d;]*m", "", text) == plain_lines(LINES)
    assert text.splitlines()[1] == "\x1b[1mArray\x1b[0m \x1b[32mfloat32[2]\x1b[0m"


def test_no_colour_reaches_into_the_next_line_and_empty_spans_have_none():
    for line in ansi_lines(LINES).splitlines():
        assert line.count("\x1b[0m") * 2 == line.count("\x1b")
    assert ansi_lines([(), (("", "error"),)]) == "\n\n"


def test_styles_are_the_ones_there_are():
    assert set(SGR) < set(get_args(Style))
