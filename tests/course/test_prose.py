"""The terminal shows the Markdown of notebooks and MyST pages."""

import pytest

from jaxtour.course.prose import headings, prose


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![A cat](data:image/png;base64,AAAA)", "A cat"),
        ('<img src="x.png" alt="A dog" width=3>', "A dog"),
        ("[![Open](badge.svg)](http://c)", "[Open](http://c)"),
        ("<b>bold</b><br>next <https://x.y> a < b &amp; `<i>`", "bold\nnext <https://x.y> a < b & `<i>`"),
        ("a <!-- b\nc --> d", "a  d"),
        ("(target)=\n# T", "# T"),
        ("{func}`~jax.jit`, {doc}`the page <x/y>`, {ref}`there`", "`jax.jit`, the page, there"),
        ("```python\nx = '<b>'\n```", "```python\nx = '<b>'\n```"),
        ("```{note}\n:class: x\nBody {class}`A`\n```", "> **Note**\n>\n> Body `A`"),
        (":::{admonition} Look\nthere\n:::", "> **Look**\n>\n> there"),
        ("```{figure} a.png\n:alt: A figure\n```", "A figure"),
        ("```{toctree}\na\n```\nb", "b"),
        ("```{code-block} bash\nls\n```", "```bash\nls\n```"),
        ("```python\nnever closed", "```python\nnever closed\n```"),
    ],
)
def test_markup_becomes_text(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_headings_are_words() -> None:
    text = "# A *b* `c` [d](e) ##\n```\n# no\n```\n### x_y_z\n#no\n# ##"
    assert headings(text) == [(1, "A b c d"), (3, "x_y_z")]


@pytest.mark.parametrize(
    "piece", ["<!--", "![", "<a ", "<a ' ", "`", "{a}`<", "# [", "\n", "```\n", "![](()", "> ", "# #"]
)
@pytest.mark.timeout(60)
def test_long_texts_take_no_time(piece: str) -> None:
    text = piece * 100_000
    assert isinstance(prose(text), str)
    headings(text)
