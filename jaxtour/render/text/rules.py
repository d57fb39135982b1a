"""Highlights each line by itself, so that only lines in view cost time."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from jaxtour.render.text.spans import Line, Span, Style

Rules: TypeAlias = Sequence[tuple[str, Style]]
"""Patterns without groups, with their styles; the first match counts. Spaces and punctuation separate tokens."""

COLOURED = 4000
"""The number of characters highlighted in a line; the rest is plain."""


class RulePainter:
    """Highlights a line of text: call it with the text, and it returns the styled line."""

    def __init__(self, rules: Rules) -> None:
        # Runs of punctuation come first: no token begins there, and they would otherwise cost half of the time.
        self._pattern = re.compile(r"[\s()\[\]{},:;.=]+|" + "|".join(f"({pattern})" for pattern, _ in rules), re.M)
        self._styles: tuple[Style, ...] = ("", *(style for _, style in rules))

    def __call__(self, text: str) -> Line:
        spans: list[Span] = []
        done = 0
        for match in self._pattern.finditer(text, 0, COLOURED):
            style = self._styles[match.lastindex or 0]
            if style:
                start, end = match.span()
                if start > done:
                    spans.append((text[done:start], ""))
                spans.append((text[start:end], style))
                done = end
        if done < len(text) or not spans:
            spans.append((text[done:], ""))
        return tuple(spans)
