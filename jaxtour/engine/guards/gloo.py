"""Drops the output of gloo, the library that connects CPUs: a line for each new group of devices.

Nothing turns it off, from JAX 0.9.0 to 0.12.0.1. Two threads may write at once, token by token.
"""

import re
from collections import Counter

BEGINS = "[Gloo] Rank "
_WORDS = (BEGINS, " is connected to ", " peer ranks. ", "Expected number of connected peer ranks is : ", "\n")
"""A line contains each of these once, with numbers between them."""
_TOKEN = re.compile("|".join([*map(re.escape, _WORDS), r"\d+"]))


def without_gloo(text: str) -> tuple[str, str]:
    """Return the text without gloo's lines, and a tail that may be the beginning of such a line."""
    kept, place = "", 0
    while (start := text.find(BEGINS, place)) >= 0:
        kept += text[place:start]
        found: Counter[str] = Counter()
        end = start
        while (token := _TOKEN.match(text, end)) and not _whole(found):
            found[token[0]] += 1
            end = token.end()
        if not _whole(found):
            if any(word.startswith(text[end:]) for word in _WORDS):
                return kept, text[start:]
            # The line contains something else: show it unchanged.
            end = start + len(BEGINS)
            kept += BEGINS
        place = end
    rest = text[place:]
    begun = max(rest.rfind(BEGINS[0]), 0)
    if rest[begun:] and BEGINS.startswith(rest[begun:]):
        return kept + rest[:begun], rest[begun:]
    return kept + rest, ""


def _whole(found: Counter[str]) -> bool:
    """Return whether every line that has begun is complete."""
    return bool(found) and all(found[word] == found[BEGINS] for word in _WORDS)
