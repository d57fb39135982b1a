"""What belongs together: expressions of the source and lines of a stage, lines of one stage and lines of another.

Everything is decided on origins, of which a stage has few, and on the distinct ranges of source that they name; the
lines come from an index. So a cursor key costs what it marks, however long the stage is.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain, compress
from typing import NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from jaxtour.engine.messages import Origin, Span
from jaxtour.engine.stage import Ints, StageText

FUSION = "fusion"
LINE_END = 2**31 - 1
"""A column that is behind the end of every line."""


class Place(NamedTuple):
    """Where a span is, whatever function it is said to be in: two stages need not name that alike."""

    file: str
    start: tuple[int, int]
    end: tuple[int, int]

    @classmethod
    def of(cls, span: Span) -> "Place":
        """The span's place."""
        return cls(span.file, (span.line, span.column), (span.end_line, span.end_column))


class Target(msgspec.Struct, frozen=True):
    """What the cursor is on, in terms that every stage understands; false when it is on nothing that has a source."""

    spans: tuple[Span, ...] = ()
    path: str = ""
    """The name stack of the line that it comes from."""
    callers: tuple[Span, ...] = ()
    """The learner's calls around that line, innermost first."""
    exact: bool = False
    """Whether it comes from a line, to which only the very same spans belong, and not what is inside of them."""

    def __bool__(self) -> bool:
        return bool(self.spans)


def selection(span: Span) -> Target:
    """What is meant by an expression that is selected in the source."""
    return Target(spans=(span,))


class Links:
    """The links of one stage; take it from `links_of`, which makes it once."""

    def __init__(self, stage: StageText) -> None:
        # Not the stage itself: `links_of` keeps this for as long as the stage lives.
        self._origins = stage.origins
        self._ids = stage.ids
        self._starts, self._ordered = stage.lines_by_origin
        spans: dict[Place, Span] = {}
        own: dict[Place, list[int]] = {}
        around: dict[Place, list[int]] = {}
        for number, origin in enumerate(stage.origins):
            for found, index in ((origin.spans, own), (origin.callers, around)):
                for span in found:
                    place = Place.of(span)
                    spans.setdefault(place, span)
                    index.setdefault(place, []).append(number)
        self._spans = spans
        self._own = _packed(own)
        self._around = _packed(around)
        by_file: dict[str, list[Place]] = {}
        for place in sorted(spans):
            by_file.setdefault(place.file, []).append(place)
        self._by_file = by_file

    def at(self, file: str, line: int, column: int | None = None, end: int | None = None) -> Target:
        """What is meant by a place in the source; line and columns count from 1, as those of spans do.

        With a column it is the smallest expression there, and with the exclusive `end` of a stop the smallest that
        has all of that. Without, it is the whole line: all that is on it or begins there; or, where that is nothing,
        the smallest expression that goes on over it.
        """
        places = self._by_file.get(file, [])
        if column is not None:
            start = (line, column)
            stop = (line, column + 1 if end is None else end)
            return self._smallest(place for place in places if place.start <= start and stop <= place.end)
        whole = Span(file, line, 1, line, LINE_END)
        begin = self._first(places, (line, 1))
        found = places[begin : self._first(places, (line + 1, 1))]
        if not found:
            return self._smallest(place for place in places[:begin] if place.end > (line, 1))
        longer = (self._spans[place] for place in found if place.end[0] > line)
        return Target(spans=(whole, *longer))

    def target(self, line: int) -> Target:
        """What is meant by a line of the stage, counted from 0."""
        origin = self._origins[self._ids[line]]
        path = "" if _is_many(origin) else origin.path
        return Target(spans=origin.spans, path=path, callers=origin.callers, exact=True)

    def lit(self, target: Target) -> frozenset[int]:
        """The origins that belong to it, by their places in the stage's table."""
        lit: set[int] = set()
        if target.exact:
            for span in target.spans:
                lit.update(self._narrowed(self._own.get(Place.of(span), ()), target.path))
            if not lit:
                # Where a call is not a line of its own, all that it became stands for it.
                lit.update(*(self._around.get(Place.of(span), ()) for span in target.spans))
            return frozenset(lit)
        for span in target.spans:
            wanted = Place.of(span)
            places = self._by_file.get(wanted.file, [])
            for place in places[self._first(places, wanted.start) : self._first(places, wanted.end)]:
                if place.end <= wanted.end:
                    lit.update(self._own.get(place, ()), self._around.get(place, ()))
        return frozenset(lit)

    def lines(self, target: Target) -> Sequence[int]:
        """The lines that belong to it, ascending."""
        lit, starts, ordered = self.lit(target), self._starts, self._ordered
        if sum(starts[each + 1] - starts[each] for each in lit) * 3 > len(self._ids):
            # Half the time of sorting, for a selection that has nearly everything in it.
            return list(compress(range(len(self._ids)), map(lit.__contains__, self._ids)))
        return sorted(chain.from_iterable(ordered[starts[each] : starts[each + 1]] for each in lit))

    def stops(self, file: str, line: int) -> list[tuple[int, int]]:
        """The expressions that begin on a line of the source and have something in this stage, as columns from 0.

        The leftmost first, and of those that begin together the longest. The ends are exclusive; that of an
        expression that goes on in the next line is `LINE_END`.
        """
        places = self._by_file.get(file, [])
        found = places[self._first(places, (line, 1)) : self._first(places, (line + 1, 1))]
        columns = {(place.start[1] - 1, place.end[1] - 1 if place.end[0] == line else LINE_END) for place in found}
        return sorted(columns, key=lambda stop: (stop[0], -stop[1]))

    @staticmethod
    def _first(places: Sequence[Place], start: tuple[int, int]) -> int:
        """The number of the first place that begins there or later."""
        return bisect_left(places, start, key=lambda place: place.start)

    def _smallest(self, places: Iterable[Place]) -> Target:
        """The one that begins last, and of those the one that ends first: expressions are nested."""
        last = min(places, key=lambda place: ((-place.start[0], -place.start[1]), place.end), default=None)
        return selection(self._spans[last]) if last else Target()

    def _narrowed(self, ids: Iterable[int], path: str) -> Iterable[int]:
        """Those of the same path, where there are any, and the fusions that may have them inside."""
        if not path or not any(self._origins[each].path == path for each in ids):
            return ids
        return [each for each in ids if self._origins[each].path == path or _is_many(self._origins[each])]


_LINKS: WeakKeyDictionary[StageText, Links] = WeakKeyDictionary()


def links_of(stage: StageText) -> Links:
    """The stage's links, made when they are first asked for."""
    links = _LINKS.get(stage)
    if links is None:
        links = _LINKS[stage] = Links(stage)
    return links


def _is_many(origin: Origin) -> bool:
    """Whether the line stands for several others, so that its path is only one of theirs."""
    return len(origin.spans) > 1 or origin.name == FUSION


def _packed(index: dict[Place, list[int]]) -> dict[Place, Ints]:
    return {place: array("I", ids) for place, ids in index.items()}
