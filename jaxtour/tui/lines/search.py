"""Searches plain text in the lines of a document."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from operator import methodcaller

from jaxtour.tui.lines.document import Columns, Document
from jaxtour.tui.styling import HighlightStyle


class Search:
    """Where a pattern occurs.

    A pattern in lower case matches any case; a capital makes it case-sensitive. Only the number of matches up to each
    line is kept, four bytes a line; their columns are found again when a line is drawn.
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
        """Return the number, from 0, of the first match in or after a line."""
        return self._before[min(line, len(self._before) - 1)]

    def line_of(self, match: int) -> int:
        """Return the line that a match is in."""
        return bisect_right(self._before, match) - 1

    def ranges(self, text: str) -> list[Columns]:
        """Return the matching characters of a line's text."""
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
    """The search in a view, and the current match."""

    def __init__(self) -> None:
        self.search: Search | None = None
        self._match: int | None = None
        """The number of the current match, from 0."""
        self._start = 0
        """The line where the search began."""

    @property
    def found(self) -> tuple[int, int] | None:
        """The number of the current match, from 1 (0 for none), and the number of matches; None without a search."""
        if self.search is None:
            return None
        return (0 if self._match is None else self._match + 1, self.search.total)

    def begin(self, pattern: str, document: Document, here: int) -> int:
        """Search for a text and return how often it occurs; an empty text ends the search."""
        if self.search is None:
            self._start = here
        self.search, self._match = Search(pattern, document.texts) if pattern else None, None
        return self.search.total if self.search else 0

    def renew(self, document: Document) -> None:
        """Search other lines for the same text."""
        if self.search is not None:
            self.search, self._match = Search(self.search.pattern, document.texts), None

    def forget(self) -> None:
        """Have no current match."""
        self._match = None

    def go(self, by: int, here: int, document: Document) -> tuple[int, Columns] | None:
        """Go on by some matches from a line; with 0, to the first one after the start of the search, wrapping around.

        Return the line and the columns of the match; None past the last one, or before the first.
        """
        search, match = self.search, self._match
        if search is None or not search.total:
            return None
        if by == 0:
            match = search.first(self._start) % search.total
        elif match is None or (document.cursor and search.line_of(match) != here):
            # The first one after the line, or the last one before it.
            match = search.first(here + (by > 0)) - (by < 0)
        else:
            match += by
        if not 0 <= match < search.total:
            return None
        self._match = match
        line = search.line_of(self._match)
        return line, search.ranges(document.text_of(line))[self._match - search.first(line)]

    def in_line(self, line: int, text: str) -> Iterator[tuple[Columns, HighlightStyle]]:
        """Yield the matches in a line; the current one has its own style."""
        if self.search is not None:
            number = self.search.first(line)
            for columns in self.search.ranges(text):
                yield columns, "found-here" if number == self._match else "found"
                number += 1


def _small(text: str) -> str:
    """Return the text in lower case, of the same length: only `İ` would become two characters."""
    return text.lower() if text.isascii() else text.replace("İ", "I").lower()
