"""Writes a lesson as a page that loads nothing and has no script."""

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from jaxtour.render.ir.highlight import jaxpr_lines
from jaxtour.render.page.document import digest
from jaxtour.render.page.markup import pre
from jaxtour.render.takeaway.markdown import source
from jaxtour.render.takeaway.model import DraftPart, Folded, Output, Prose, Takeaway
from jaxtour.render.text.code import python_lines
from jaxtour.render.text.layout import Line
from jaxtour.render.text.markdown import commonmark
from jaxtour.text import clean

if TYPE_CHECKING:
    from markdown_it.token import Token

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src $hash; img-src data:; \
base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="referrer" content="no-referrer">
<title>$title · jaxtour</title>
<style>$style</style>
</head>
<body>
<header><b>jaxtour</b> $title</header>
<main>
$body
</main>
<footer><p>$made_by</p></footer>
</body>
</html>
""")


def page(lesson: Takeaway) -> str:
    """Return the whole file."""
    style = files("jaxtour.render.page").joinpath("page.css").read_text("utf-8")
    style += files("jaxtour.render.takeaway").joinpath("lesson.css").read_text("utf-8")
    return PAGE.substitute(
        title=escape(lesson.title),
        made_by=escape(lesson.made_by),
        style=style,
        hash=digest(style),
        body="\n".join(map(_part, lesson.parts)),
    )


def _part(part: DraftPart) -> str:
    if isinstance(part, Prose):
        return _prose(part.text)
    if isinstance(part, Folded):
        return _details(part.summary, pre(_trimmed(_highlighted(part))) if part.code else _prose(part.text))
    body = f'<div class="code">{pre(_trimmed(python_lines(source(part))))}</div>' + "".join(map(_output, part.outputs))
    return _details(part.folded, body) if part.folded else body


def _highlighted(part: Folded) -> list[Line]:
    code = clean(part.code)
    if part.language == "text":
        return [((line, ""),) for line in code.split("\n")]
    return jaxpr_lines(code) if part.language == "jaxpr" else python_lines(code)


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary, quote=False)}</summary>{body}</details>"


def _output(output: Output) -> str:
    if output.kind == "figure":
        return f'<div class="output"><img alt="{escape(output.text)}" src="data:image/png;base64,{output.png}"></div>'
    return f'<div class="output {output.kind}"><pre>{escape(clean(output.text).rstrip())}</pre></div>'


def _trimmed(lines: list[Line]) -> list[Line]:
    return lines[:-1] if lines and not any(text.strip() for text, _ in lines[-1]) else lines


def _prose(text: str) -> str:
    parser = commonmark()
    tokens = parser.parse(clean(text))
    _harmless(tokens)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _harmless(tokens: "Iterable[Token]") -> None:
    """Remove what a page that loads nothing cannot show: styles, and pictures, whose text stays."""
    for token in tokens:
        if token.type == "image":
            token.type, token.tag, token.children = "text", "", None
        if style := token.attrs.pop("style", ""):
            token.attrs["class"] = "right" if "right" in str(style) else ""
        _harmless(token.children or ())
