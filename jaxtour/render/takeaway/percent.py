"""Writes a lesson as a Python script in percent format, which plain Python runs and editors show as cells."""

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator

from jaxtour.render.takeaway.markdown import folded, inert, prose, source
from jaxtour.render.takeaway.model import Code, Folded, Output, Prose, Takeaway
from jaxtour.text import clean

HEAD = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---
"""


def percent(lesson: Takeaway) -> str:
    """Return the script; a cell's results follow it as a comment."""
    blocks = [HEAD]
    texts: list[str] = []
    for at, part in enumerate(lesson.parts):
        if isinstance(part, Code):
            blocks += [_said(texts), _cell(part)] if texts else [_cell(part)]
            texts = []
        elif isinstance(part, Prose):
            texts.append(prose(part.text) + ("" if at else f"\n\n*{inert(lesson.made_by)}*"))
        elif isinstance(part, Folded):
            texts.append(folded(part))
    return "\n".join([*blocks, _said(texts)] if texts else blocks)


def _said(texts: list[str]) -> str:
    return "# %% [markdown]\n" + _comment("\n\n".join(texts), "#")


def _comment(text: str, mark: str) -> str:
    """Return the text as comments, none of which begins a cell."""
    rows = (row.replace("%%", "%\\%") if row.lstrip().startswith("%%") else row for row in text.split("\n"))
    return "".join(f"{mark} {row}".rstrip() + "\n" for row in rows)


def _cell(part: Code) -> str:
    code = source(part)
    title = f" {part.folded}" if part.folded else ""
    tags = ' tags=["raises-exception"]' if part.raises else ""
    results = "".join(map(_output, part.outputs))
    return f"# %%{title}{tags}\n{_survivable(code) if part.raises or not _parses(code) else code}\n{results}"


def _output(output: Output) -> str:
    return _comment(clean(output.text).strip("\n"), "#>")


def _survivable(code: str) -> str:
    """Return the code wrapped so that what follows runs even though it raises; as comments if it is not Python."""
    if not _parses(code):
        return "# This is not Python yet.\n" + _comment(code, "#").rstrip("\n")
    inside = set(_inside_strings(code))
    rows = [
        row if number in inside or not row.strip() else f"    {row}" for number, row in enumerate(code.split("\n"), 1)
    ]
    if not any(row.strip() and not row.lstrip().startswith("#") for row in rows):
        return code
    return "\n".join(
        ["try:", *rows, "except Exception as _raised:", '    print(f"{type(_raised).__name__}: {_raised}")']
    )


def _parses(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _inside_strings(code: str) -> Iterator[int]:
    """Yield the lines, from 1, that begin inside a string, which an indent would change."""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.STRING or tokenize.tok_name[token.type] in ("FSTRING_MIDDLE", "TSTRING_MIDDLE"):
            yield from range(token.start[0] + 1, token.end[0] + 1)
