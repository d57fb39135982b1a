"""In Markdown to take away, what is HTML in a lesson stays text, and code stays code."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Figure
from jaxtour.render.takeaway.made import outputs
from jaxtour.render.takeaway.markdown import fenced, has_html, markdown, prose
from jaxtour.render.takeaway.model import Code, Folded, Output, Prose, Takeaway
from jaxtour.render.takeaway.notebook import notebook
from jaxtour.render.takeaway.page import page
from jaxtour.render.takeaway.percent import percent
from jaxtour.render.text.markdown import commonmark
from jaxtour.text import Raw

BITS = ("<b>", "</details>", "`", "```", "~~~", "\n", "\n\n", "    ", "- ", "> ", "x", "$", "\\", "<!-- ", "%%", "# %%")


@given(st.lists(st.sampled_from(BITS), max_size=14).map("".join))
def test_no_text_becomes_html_or_leaves_its_place(text: str) -> None:
    assert not has_html(prose(text))
    whole = f"{prose(text)}\n\nlast *words*"
    assert "<p>last <em>words</em></p>" in commonmark().render(whole) or text.rstrip(" ").endswith(("- ", ">", "-"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`a < b` and a < b", "<p><code>a &lt; b</code> and a &lt; b</p>\n"),
        ("``x ` <b>`` for $5", "<p><code>x ` &lt;b&gt;</code> for $5</p>\n"),
        ("```python\nif a < b: ...\n```", '<pre><code class="language-python">if a &lt; b: ...\n</code></pre>\n'),
        (
            "- ```\n  <i>\n  ```\n<b>",
            "<ul>\n<li>\n<pre><code>&lt;i&gt;\n</code></pre>\n</li>\n</ul>\n<p>&lt;b&gt;</p>\n",
        ),
    ],
)
def test_code_is_as_it_was(text: str, shown: str) -> None:
    assert commonmark(html=True).render(prose(text)) == shown


def test_nothing_in_code_ends_its_block() -> None:
    assert fenced("s = '''\n```\n````\n'''", "python").split("\n")[0] == "`````python"


HOSTILE = Takeaway(
    "<script>alert(1)</script>",
    "jaxtour",
    (
        Prose("# <img src=x onerror=alert(1)>\n\n![a](http://e.com/x.png) [go](javascript:alert(1))\n\n```\nopen"),
        Folded("</summary><script>", "</details><script>"),
        Folded("jaxpr", code="</pre><script>\n```\n", language="jaxpr"),
        Code("x = '</script>'\n\x1b[2J", (Output("stdout", "<b>\x1b]0;t\x07\n```\n# %%\n"), Output("value", "<i>"))),
        Code("raise E('''\n</details>\n''')", raises=True, folded="<u>"),
    ),
)


def test_hostile_parts_stay_text_in_every_form() -> None:
    told = markdown(HOSTILE)
    assert "\x1b" not in told and "\x07" not in told
    tokens = commonmark(html=True).parse(told)
    inner = [child for token in tokens for child in token.children or ()]
    found = {token.content.strip() for token in (*tokens, *inner) if token.type in ("html_block", "html_inline")}
    assert {content.partition(">")[0] for content in found} == {"<details", "</details"}
    assert all("<script" not in content and "<u>" not in content for content in found)
    assert len([token for token in tokens if token.type == "fence"]) == 6
    script = percent(HOSTILE)
    assert "\x1b" not in script and script.count("\n# %%") == 3, "two cells and the text"
    shown = page(HOSTILE)
    for tag in ("<script", "<img", "<b>", "<i>", "<u>", 'href="javascript', "\x1b", "\x07"):
        assert tag not in shown.partition("<main>")[2], tag
    assert shown.count("<details>") == shown.count("</details>") == 3


def test_a_script_goes_on_after_an_error_and_keeps_strings_as_they_are() -> None:
    code = 'text = """a\n b"""\n\ndef f():\n    return f"""{text}\n  c"""\nprint(f())\n1 / 0'
    made = percent(
        Takeaway("t", "jaxtour", (Code(code, raises=True), Code("print('on')"), Code("x = = 1", raises=True)))
    )
    printed: list[str] = []
    exec(made, {"print": printed.append})
    assert printed == ["a\n b\n  c", "ZeroDivisionError: division by zero", "on"]
    assert "# x = = 1" in made


def test_a_figure_is_in_the_file_and_names_none_of_this_machine(tmp_path: Path) -> None:
    drawn, gone, secret = tmp_path / "drawn.png", tmp_path / "gone.png", tmp_path / "secret"
    drawn.write_bytes(b"\x89PNG picture")
    secret.write_bytes(b"a key")
    figures = tuple(
        Figure(run=1, path=Raw(str(path)), width=4, height=3, said=Raw(f"figure 4x3, saved to {path}"))
        for path in (drawn, gone, secret)
    )
    printed = f"before\nfigure 4x3, saved to {drawn}\nfigure 4x3, saved to {gone}\nafter\n"
    found = tuple(outputs(Report(run=1, stdout=Raw(printed), figures=figures)))
    png = b64encode(b"\x89PNG picture").decode()
    # A picture that is gone, and a file that is none, leave the line that was printed.
    assert found == (
        Output("stdout", f"before\nfigure 4x3, saved to {gone}\nafter\n"),
        Output("figure", "figure 4x3", png=png),
    )
    lesson = Takeaway("Figures", "jaxtour", (Prose("# Figures"), Code("plot()", found)))
    assert f"![figure 4x3](data:image/png;base64,{png})" in markdown(lesson)
    assert f'<img alt="figure 4x3" src="data:image/png;base64,{png}">' in page(lesson)
    assert "#> figure 4x3\n" in percent(lesson)
    cell = json.loads(notebook(lesson))["cells"][1]
    assert cell["outputs"][1]["data"] == {"image/png": png, "text/plain": ["figure 4x3"]}
