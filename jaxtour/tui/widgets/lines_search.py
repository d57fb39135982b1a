"""Finding a plain text in the lines of a document."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from operator import methodcaller

from jaxtour.tui.document import Columns


class Search:
    """Where a pattern occurs.

    Small letters in it stand for capitals too; with a capital in it, every letter is meant as it is. Only the number
    of matches up to each line is kept, four bytes a line; where they are in a line is found again when it is drawn.
    """

    def __init__(self, pattern: str, texts: Iterable[str]) -> None:
        self.pattern = pattern
        self._any_case = pattern == _small(pattern)
        if self._any_case:
            texts = map(_small, texts)
        self._before: array[int] = array("I", accumulate(map(methodcaller("count", pattern), texts), initial=0))

    @property
    def total(self) -> int:
        """How many matches there are."""
        return self._before[-1]

    def first(self, line: int) -> int:
        """The number, from 0, of the first match in or after a line."""
        return self._before[min(line, len(self._before) - 1)]

    def line_of(self, match: int) -> int:
        """The line that a match is in."""
        return bisect_right(self._before, match) - 1

    def ranges(self, text: str) -> list[Columns]:
        """The characters of a line's text that match."""
        if self._any_case:
            text = _small(text)
        size = len(self.pattern)
        found: list[Columns] = []
        at = text.find(self.pattern)
        while at >= 0:
            found.append((at, at + size))
            at = text.find(self.pattern, at + size)
        return found


def _small(text: str) -> str:
    """The text in small letters, each in its place: `İ` is the only one that would become two characters."""
    return text.lower() if text.isascii() else text.replace("İ", "I").lower()
