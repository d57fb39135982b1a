"""Markdown is laid out in a given width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.render.text.layout import plain, plain_lines, width_of
from jaxtour.render.text.markdown import markdown_lines
from jaxtour.text import clean

PAGE = """
# Title of `it`

`predict` takes **one** example: a vector of *two* features, **`w` and x**.

- a bullet that is long
- two
  1. nested
  2. ordered

10. ten

    second paragraph
11. eleven

> quoted **text** that is wrapped

```python
def f(x): return x
```

---
"""


def test_a_page():
    assert plain_lines(markdown_lines(PAGE, 24)) == (
        "Title of it\n"
        "\n"
        "predict takes one\n"
        "example: a vector of two\n"
        "features, w and x.\n"
        "\n"
        "• a bullet that is long\n"
        "• two\n"
        "  1. nested\n"
        "  2. ordered\n"
        "\n"
        "10. ten\n"
        "\n"
        "    second paragraph\n"
        "\n"
        "11. eleven\n"
        "\n"
        "│ quoted text that is\n"
        "│ wrapped\n"
        "\n"
        "  def f(x): return x\n"
        "\n"
        "────────────────────────\n"
    )


def test_styles():
    lines = markdown_lines("Use `jnp.dot` **now**, *or* **_both_**.\n\n## Then\n\n### Last `x`", 80)
    assert lines[0] == (
        ("Use ", ""), ("jnp.dot", "code"), (" ", ""), ("now", "strong"), (", ", ""), ("or", "emphasis"), (" ", ""),
        ("both", "strong"), (".", ""),
    )  # fmt: skip
    assert lines[2] == (("Then", "title"),)
    assert lines[4] == (("Last ", "strong"), ("x", "code"))


def test_code_is_told_apart_by_its_language():
    text = "```python\nx = None\n```\n```jaxpr\n    b:f32[] = sin a\n```\n```\n[red]\n```\n"
    python, _, jaxpr, _, other = markdown_lines(text, 80)
    assert python[1:] == (("x ", "name"), ("= ", "operator"), ("None", "constant"))
    assert ("sin", "primitive") in jaxpr
    assert other[1:] == (("[red]", "code"),)


def test_long_code_is_broken_not_cut():
    lines = markdown_lines("    " + "x" * 50, 22)
    assert "".join(plain(line).strip() for line in lines) == "x" * 50


def test_links_tell_where_they_lead():
    text = plain_lines(markdown_lines("[the docs](https://docs.jax.dev/) and <https://jax.dev> ![drawn](a.png)", 80))
    assert text == "the docs (https://docs.jax.dev/) and https://jax.dev drawn\n"


def test_hard_and_soft_breaks():
    assert plain_lines(markdown_lines("one\ntwo  \nthree", 80)) == "one two\nthree\n"


def test_ticks_stay_where_there_are_no_colours():
    assert plain_lines(markdown_lines("`w` is *not* `[x]`", 80, ticks=True)) == "`w` is not `[x]`\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[red]not markup[/]", "[red]not markup[/]"),
        ("<b>html</b> &amp; <script>", "<b>html</b> & <script>"),
        ("\x1b[31m \u202e", "␛[31m <U+202E>"),
        ("&#x202e;hidden", "<U+202E>hidden"),
        ("`\x1b`", "␛"),
        ("[a](<https://x/\u200b>)", "[a](<https://x/<U+200B>>)"),
        ("<div>\nblock\n</div>", "<div> block </div>"),
    ],
)
def test_hostile_text_is_text(text, shown):
    assert plain_lines(markdown_lines(clean(text), 80)) == shown + "\n"


def test_empty_text():
    assert markdown_lines("", 80) == []
    assert plain_lines(markdown_lines("- \n- b", 80)) == "•\n• b\n"


def test_text_without_spaces_is_broken_anywhere():
    assert [plain(line) for line in markdown_lines("日本語のテキスト", 6)] == ["日本語", "のテキ", "スト"]


@given(st.text(st.sampled_from("ab *_`#>-1.\n[](){}<&;日\t|~\\"), max_size=80), st.integers(2, 60))
def test_no_line_exceeds_the_width(text, width):
    assert all(width_of(line) <= width for line in markdown_lines(text, width))


TABLE = """\
Before.

| call | `axes` | it gives |
|:-----|-------:|----------|
| f(x) | 0      | one number for each row of the *matrix* |
| g(x) | 10     |
"""


def test_a_table_has_columns():
    assert plain_lines(markdown_lines(TABLE, 60)) == (
        "Before.\n"
        "\n"
        "call  axes  it gives\n"
        "────  ────  ─────────────────────────────────────\n"
        "f(x)     0  one number for each row of the matrix\n"
        "g(x)    10\n"
    )
    assert markdown_lines(TABLE, 60)[2][0] == ("call", "strong")


def test_a_table_that_is_too_wide_is_wrapped_in_its_cells():
    assert plain_lines(markdown_lines(TABLE, 32)[2:6]) == (
        "call  axes  it gives\n"
        "────  ────  ────────────────────\n"
        "f(x)     0  one number for each\n"
        "            row of the matrix\n"
    )
    for width in range(1, 20):
        assert all(width_of(line) <= width for line in markdown_lines(TABLE, width))
