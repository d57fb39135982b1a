"""Highlighting by rules that need nothing of the lines before: only lines in view cost anything."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from jaxtour.render.text.clean import clean
from jaxtour.render.text.spans import Line, Span, Style

Rules: TypeAlias = Sequence[tuple[str, Style]]
"""What stands for what, the first that fits; between them lie spaces and punctuation. No pattern has groups."""

COLOURED = 4000
"""Characters of a line that are told apart; what is beyond is plain."""


class Painter:
    """Tells the parts of a line of text apart: called with the text, it gives the line."""

    def __init__(self, rules: Rules) -> None:
        # Runs of punctuation first: most of the places where nothing can begin, they cost half the time otherwise.
        self._pattern = re.compile(r"[\s()\[\]{},:;.=]+|" + "|".join(f"({pattern})" for pattern, _ in rules), re.M)
        self._styles: tuple[Style, ...] = ("", *(style for _, style in rules))

    def __call__(self, text: str) -> Line:
        text = clean(text, keep_newlines=False)
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
