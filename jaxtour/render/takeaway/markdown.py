"""Writes a lesson as Markdown; HTML in the lesson's texts and in output stays text."""

import re
from html import escape

from jaxtour.render.takeaway.model import Code, DraftPart, Folded, Output, Prose, Takeaway
from jaxtour.render.text.markdown import commonmark
from jaxtour.text import clean

_CODE = re.compile(r"(?<![`\\])(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_TICKS = re.compile(r"`{3,}")
_MATHS = re.compile(r"(?<!\\)\$")


def markdown(lesson: Takeaway) -> str:
    """Return the whole lesson as one file."""
    blocks = [prose(lesson.parts[0].text)] if isinstance(lesson.parts[0], Prose) else []
    blocks += [f"*{inert(lesson.made_by)}*", *(_part(part) for part in lesson.parts[len(blocks) :])]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _part(part: DraftPart) -> str:
    if isinstance(part, Prose):
        return prose(part.text)
    if isinstance(part, Folded):
        return folded(part)
    blocks = [fenced(part.text, "python"), *map(_output, part.outputs)]
    body = "\n\n".join(blocks)
    return _details(part.folded, body) if part.folded else body


def folded(part: Folded) -> str:
    """Return a part that opens on a click."""
    body = fenced(part.code, part.language if part.language == "python" else "text") if part.code else prose(part.text)
    return _details(part.summary, body)


def _details(summary: str, body: str) -> str:
    # Markdown continues inside only after an empty line.
    return f"<details><summary>{escape(summary, quote=False)}</summary>\n\n{body}\n\n</details>"


def _output(output: Output) -> str:
    if output.kind == "figure":
        return f"![{output.text}](data:image/png;base64,{output.png})"
    return fenced(output.text, "text")


def fenced(text: str, language: str) -> str:
    """Return a block of code that nothing in the text can close."""
    text = clean(text).strip("\n")
    ticks = "`" * max([3, *(len(found) + 1 for found in _TICKS.findall(text))])
    return f"{ticks}{language}\n{text}\n{ticks}"


def prose(text: str) -> str:
    """Return Markdown in which HTML and `$` are text, and whose last block of code is closed."""
    text = clean(text).strip("\n")
    tokens = commonmark().parse(text)
    lines = text.split("\n")
    verbatim = {
        line for token in tokens if token.map and token.type in ("fence", "code_block") for line in range(*token.map)
    }
    blocks: list[tuple[bool, list[str]]] = []
    for at, line in enumerate(lines):
        if not blocks or blocks[-1][0] != (at in verbatim):
            blocks.append((at in verbatim, []))
        blocks[-1][1].append(line)
    texts = [(is_code, "\n".join(block)) for is_code, block in blocks]
    found = "\n".join(block if is_code else _outside_code(block) for is_code, block in texts)
    if has_html(found):
        found = "\n".join(block if is_code else inert(block) for is_code, block in texts)
    last = tokens[-1] if tokens else None
    if last is not None and last.type == "fence" and last.map and not _ends(lines[last.map[0] + 1 :], last.markup):
        found += f"\n{last.markup}"
    return found


def has_html(text: str) -> bool:
    """Return whether a browser would take some of this Markdown for HTML."""
    parser = commonmark(html=True)
    tokens = parser.parse(text)
    inner = (child for token in tokens for child in token.children or ())
    return any(token.type in ("html_block", "html_inline") for token in (*tokens, *inner))


def _ends(lines: list[str], markup: str) -> bool:
    last = lines[-1].strip() if lines else ""
    return len(last) >= len(markup) and not last.strip(markup[0])


def _outside_code(text: str) -> str:
    parts, at = [], 0
    for match in _CODE.finditer(text):
        parts += [inert(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*parts, inert(text[at:])])


def inert(text: str) -> str:
    """Return the text with characters that begin HTML or mathematics escaped."""
    return _MATHS.sub(r"\\$", text.replace("<", "&lt;"))


def source(part: Code) -> str:
    """Return the code of a cell, made harmless: hidden characters are visible."""
    return clean(part.text).strip("\n")
