"""Compares texts as numbers and words, since layout, brackets and last digits differ between versions of NumPy."""

import math
import re
from typing import Any

from jaxtour.text import short

RELATIVE = 1e-4
ABSOLUTE = 1e-6
ANYTHING = "..."

# `re` compiles these on first use, so the app's first frame does not wait for them.
TOKEN = r"""
      \.\.\.                                               # anything
    | [^\W\d]\w*                                           # a word, with the digits in it: float32
    | [-+]?(?: (?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)? | (?:inf|nan)\b )   # a number
    | [^\s\[\](){},]                                       # any other sign
    """
NUMBER = r"[-+]?(?:[\d.]*\d[\d.]*(?:[eE][-+]?\d+)?|inf|nan)"


def tokens(text: str) -> list[str]:
    """Return numbers, words and signs; brackets, commas and whitespace are separators."""
    return re.findall(TOKEN, text, re.VERBOSE)


def spread(rows: Any) -> str:
    """Return the text of nested lists of text, joined by spaces."""
    return rows if isinstance(rows, str) else " ".join(map(spread, rows))


ARRAY = r"\b(?:Array|array)\(|,\s*(?:dtype|weak_type|shape)=(?:\([^)]*\)|[\w.<>]+)"


def bare(text: str) -> str:
    """Return the text without what surrounds numbers in an array's `repr`: `Array(30., dtype=float32)` is `30.)`."""
    return re.sub(ARRAY, " ", text)


def difference(expected: str, got: str) -> str | None:
    """Return the difference, as `expected ..., got ...` from the first one on; None if there is none.

    Numbers may differ by 1e-4 of their size or 1e-6; `...` in `expected` stands for any tokens or none.
    """
    parts = _parts(tokens(expected))
    rest = tokens(got)
    position = _match(parts[0], rest, 0)
    if position < len(parts[0]):
        return _told(parts[0], position, rest, position)
    if len(parts) == 1:
        return None if len(rest) == position else _told(parts[0], position, rest, position)
    for part in parts[1:-1]:
        found = _search(part, rest, position)
        if found is None:
            return _told(part, 0, rest, position)
        position = found + len(part)
    last = parts[-1]
    start = max(len(rest) - len(last), position)
    agree = _match(last, rest, start)
    return None if agree == len(last) else _told(last, agree, rest, start + agree)


def _parts(expected: list[str]) -> list[list[str]]:
    """Return the tokens between each two `...`."""
    parts: list[list[str]] = [[]]
    for token in expected:
        if token == ANYTHING:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _match(part: list[str], rest: list[str], start: int) -> int:
    """Return the number of tokens of the part that match from `start` on."""
    count = 0
    while count < len(part) and start + count < len(rest) and _same(part[count], rest[start + count]):
        count += 1
    return count


def _search(part: list[str], rest: list[str], start: int) -> int | None:
    """Return the first place from `start` on where the whole part matches."""
    for position in range(start, len(rest) - len(part) + 1):
        if _match(part, rest, position) == len(part):
            return position
    return None


def _same(expected: str, got: str) -> bool:
    if expected == got:
        return True
    if not (re.fullmatch(NUMBER, expected) and re.fullmatch(NUMBER, got)):
        return False
    one, other = float(expected), float(got)
    return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE) or (math.isnan(one) and math.isnan(other))


def _told(part: list[str], agree: int, got: list[str], position: int) -> str:
    """Describe the difference after `agree` matching tokens."""
    rest, came = short(" ".join(part[agree:]), 60), short(" ".join(got[position:]), 60)
    before = f" after {' '.join(part[max(agree - 3, 0) : agree])}" if agree else ""
    return f"expected {rest or 'nothing more'}{before}, got {came or ('nothing more' if got else 'nothing')}"
