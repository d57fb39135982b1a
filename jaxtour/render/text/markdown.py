"""Renders a lesson's Markdown as styled lines: paragraphs, emphasis, code, lists, quotes, links, tables."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from jaxtour.render.text.layout import Line, Style, StyledText, chop, clip_lines, table_lines, wrap
from jaxtour.text import clean

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

_PYTHON = ("python", "py", "python3")
_NARROWEST = 4
"""The least width of text in cells, however deeply nested."""


@cache
def commonmark(*, html: bool = False) -> "MarkdownIt":
    """Return the parser; unless `html`, it takes HTML for text."""
    # This import takes 40 ms, and the app's first frame does not need it.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": html}).enable("table")


def markdown_lines(text: str, width: int, *, ticks: bool = False) -> list[Line]:
    """Lay the text out in `width` cells; anything but Markdown stays as it is, and HTML is plain text.

    `ticks` keeps the backticks around inline code, for output without colours.
    """
    from markdown_it.tree import SyntaxTreeNode

    tokens = commonmark().parse(text)
    if ticks:
        for token in (inner for block in tokens for inner in block.children or ()):
            if token.type == "code_inline":
                token.content = f"`{token.content}`"
    tree = SyntaxTreeNode(tokens)
    return clip_lines(_blocks(tree.children, width), width)


def _blocks(nodes: "Sequence[SyntaxTreeNode]", width: int, *, tight: bool = False) -> list[Line]:
    lines: list[Line] = []
    for node in nodes:
        if lines and not tight:
            lines.append(())
        lines += _block(node, max(width, _NARROWEST))
    return lines


def _block(node: "SyntaxTreeNode", width: int) -> list[Line]:
    match node.type:
        case "paragraph" | "inline":
            return _wrapped(node, width)
        case "heading":
            return _wrapped(node, width, "title" if node.tag in ("h1", "h2") else "strong")
        case "fence" | "code_block":
            return _code(node.content, node.info, width)
        case "bullet_list" | "ordered_list":
            return _list(node, width)
        case "blockquote":
            inner = _blocks(node.children, width - 2)
            return [(("│ ", "faint"), *((text, style or "muted") for text, style in line)) for line in inner]
        case "table":
            return _table(node, width)
        case "hr":
            return [(("─" * width, "faint"),)]
        case _:
            return [line for row in node.content.split("\n") for line in wrap([(row, "")], width)]


def _list(node: "SyntaxTreeNode", width: int) -> list[Line]:
    first = int(node.attrs.get("start", 1))
    count = len(node.children)
    marks = ["• "] * count
    if node.type == "ordered_list":
        digits = len(str(first + count - 1))
        marks = [f"{number:>{digits}}. " for number in range(first, first + count)]
    tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
    lines: list[Line] = []
    for mark, item in zip(marks, node.children, strict=True):
        if lines and not tight:
            lines.append(())
        body = _blocks(item.children, width - len(mark), tight=tight) or [()]
        lines.append(((mark, "muted"), *body[0]))
        lines += [((" " * len(mark), ""), *line) if line else () for line in body[1:]]
    return lines


def _table(node: "SyntaxTreeNode", width: int) -> list[Line]:
    rows = [row.children for part in node.children for row in part.children]
    right = ["right" in str(cell.attrs.get("style", "")) for cell in rows[0]]
    cells = [[tuple(_inline(cell, "" if number else "strong")) for cell in row] for number, row in enumerate(rows)]
    return table_lines(cells, right, width)


def _code(content: str, info: str, width: int) -> list[Line]:
    language = info.split()[0].lower() if info.split() else ""
    text = content.removesuffix("\n")
    if language in _PYTHON:
        # This imports Pygments, 13 ms that most texts do not need.
        from jaxtour.render.text.code import python_lines

        lines = python_lines(text)
    elif language == "jaxpr":
        from jaxtour.render.ir.highlight import jaxpr_lines

        lines = jaxpr_lines(text)
    else:
        lines = [((row, "code"),) if row else () for row in text.split("\n")]
    return [((" " * 2, ""), *row) if row else () for line in lines for row in chop(line, width - 2, indent="  ")]


def _wrapped(node: "SyntaxTreeNode", width: int, style: Style = "") -> list[Line]:
    """Return a block's text; a hard break begins a new line."""
    rows: list[list[StyledText]] = [[]]
    for span in _inline(node, style):
        if span[0] == "\n":
            rows.append([])
        else:
            rows[-1].append(span)
    return [line for row in rows for line in wrap(row, width)]


def _inline(node: "SyntaxTreeNode", style: Style) -> Iterator[StyledText]:
    match node.type:
        case "text" | "html_inline":
            yield _text(node.content), style
        case "code_inline":
            yield _text(node.content), style if style == "title" else "code"
        case "softbreak":
            yield " ", style
        case "hardbreak":
            yield "\n", style
        case "strong" | "em":
            # Inside a heading or a link, the outer style stays.
            inner: Style = style or ("strong" if node.type == "strong" else "emphasis")
            inner = "strong" if node.type == "strong" and style == "emphasis" else inner
            for child in node.children:
                yield from _inline(child, inner)
        case "link":
            yield from _link(node, style)
        case "image":
            yield _text(node.content), "emphasis"
        case _:
            for child in node.children:
                yield from _inline(child, style)


def _link(node: "SyntaxTreeNode", style: Style) -> Iterator[StyledText]:
    """Yield the link's text, and its address unless they are equal."""
    spans = [span for child in node.children for span in _inline(child, style or "link")]
    yield from spans
    address = _text(str(node.attrs.get("href", "")))
    said = "".join(text for text, _ in spans)
    if address and said not in (address, address.removeprefix("mailto:")):
        yield from ((" (", "muted"), (address, "muted"), (")", "muted"))


def _text(content: str) -> str:
    """Return the text cleaned once more: only the parser decodes an entity such as `&#27;`."""
    return clean(content, keep_newlines=False)
