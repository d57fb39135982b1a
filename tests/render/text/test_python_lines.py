"""Python source is highlighted line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.render.text.code import python_lines
from jaxtour.render.text.layout import plain
from jaxtour.text import clean


def test_parts_have_their_styles():
    first, second = python_lines("def sigmoid(x):\n    return 0.5 * x  # half")
    assert first == (("def ", "keyword"), ("sigmoid", "function"), ("(", ""), ("x", "name"), ("):", ""))
    assert second[1:4] == (("return ", "keyword"), ("0.5 ", "number"), ("* ", "operator"))
    assert second[4:] == (("x  ", "name"), ("# half", "comment"))


def test_a_text_over_several_lines_is_one_text():
    lines = python_lines('x = """one\n[red]two[/]\n"""\nNone')
    assert lines[1] == (("[red]two[/]", "string"),)
    assert lines[3] == (("None", "constant"),)


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("", [""]),
        ("a\n", ["a"]),
        ("\n\na\n\n", ["", "", "a", ""]),
        ("def f(:\n  '''never closed", ["def f(:", "  '''never closed"]),
        ("x = '\x1b[31m'\r\n\ty", ["x = '␛[31m'", "    y"]),
        ("é = '日本'", ["é = '日本'"]),
    ],
)
def test_every_line_is_there(source, texts):
    assert [plain(line) for line in python_lines(clean(source))] == texts


@given(st.text(st.sampled_from("ab1 '\"#\n\\(){}[]=:.fdef@\t\x1b"), max_size=60))
def test_nothing_is_lost(source):
    lines = [plain(line) for line in python_lines(clean(source))]
    expected = clean(source).split("\n")
    if source.endswith("\n"):
        expected.pop()
    assert lines == (expected or [""])
