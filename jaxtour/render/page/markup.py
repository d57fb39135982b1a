"""Writes styled lines as HTML."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from jaxtour.render.text.layout import Line


def pre(lines: Iterable[Line], links: Mapping[int, str] | None = None) -> str:
    """Return preformatted lines; those with a link, such as `hlo:12` or `source:0:7`, highlight its target."""
    links = links or {}
    return f'<pre class="lines">{"".join(_line(line, links.get(at, "")) for at, line in enumerate(lines))}</pre>'


def linked(link: str) -> str:
    """Return the attributes of an element with a link; none for an empty one."""
    return f'data-link="{escape(link)}" tabindex="0"' if link else ""


def source_link(files: Sequence[str], file: str | None, line: int | None) -> str:
    """Return `source:0:7`, the seventh line of the first file; empty if the page has no such file."""
    return f"source:{files.index(file)}:{line}" if file in files and line else ""


def _line(line: Line, link: str) -> str:
    parts = "".join(f'<span class="{style}">{escape(text)}</span>' if style else escape(text) for text, style in line)
    return f"<span {linked(link)}>{parts}\n</span>" if link else parts + "\n"
