"""A plain text that is searched in the lines of a document."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from operator import methodcaller

from jaxtour.tui.lines.document import Columns, Document
from jaxtour.tui.styling import HighlightStyle


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


class MatchFinder:
    """The search in a view: what is searched, and which of the matches was gone to."""

    def __init__(self) -> None:
        self._search: Search | None = None
        self._match: int | None = None
        """The number of the match that was gone to, from 0."""
        self._start = 0
        """The line from which the search began."""

    @property
    def pattern(self) -> str:
        """What is searched; empty where nothing is."""
        return self._search.pattern if self._search else ""

    @property
    def found(self) -> tuple[int, int] | None:
        """The number of the match that was gone to, from 1, or 0, and of how many; None where nothing is searched."""
        if self._search is None:
            return None
        return (0 if self._match is None else self._match + 1, self._search.total)

    def begin(self, pattern: str, document: Document, here: int) -> int:
        """Search a text, and return how often it occurs; the empty text ends the search."""
        if self._search is None:
            self._start = here
        self._search, self._match = Search(pattern, document.texts) if pattern else None, None
        return self._search.total if self._search else 0

    def renew(self, document: Document) -> None:
        """Search the same in other lines."""
        if self._search is not None:
            self._search, self._match = Search(self._search.pattern, document.texts), None

    def go(self, by: int, here: int, document: Document) -> tuple[int, Columns] | None:
        """Go on by so many matches from a line, round the ends; with 0, to the first one from where the search began.

        Return the line and the columns of the match; None where there is none.
        """
        search, match = self._search, self._match
        if search is None or not search.total:
            return None
        if by == 0:
            match = search.first(self._start)
        elif match is None or (document.cursor and search.line_of(match) != here):
            # The first one after the line, or the last one before it.
            match = search.first(here + (by > 0)) - (by < 0)
        else:
            match += by
        self._match = match % search.total
        line = search.line_of(self._match)
        return line, search.ranges(document.text_of(line))[self._match - search.first(line)]

    def in_line(self, line: int, text: str) -> Iterator[tuple[Columns, HighlightStyle]]:
        """The matches in a line, the one that was gone to apart from the others."""
        if self._search is not None:
            number = self._search.first(line)
            for columns in self._search.ranges(text):
                yield columns, "found-here" if number == self._match else "found"
                number += 1


def _small(text: str) -> str:
    """The text in small letters, each in its place: `İ` is the only one that would become two characters."""
    return text.lower() if text.isascii() else text.replace("İ", "I").lower()
