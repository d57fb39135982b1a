"""Links between expressions of the source and lines of a stage, and between lines of two stages.

All decisions use origins, which are few in a stage, and the distinct source ranges that they name. An index gives the
lines, so that the cost of a cursor key depends on what it marks, not on the length of the stage.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain, compress
from typing import NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from jaxtour.engine.stage import Ints, StageText
from jaxtour.engine.wire.messages import Origin, Span

FUSION = "fusion"
LINE_END = 2**31 - 1
"""A column behind the end of every line."""


class SpanPlace(NamedTuple):
    """Where a span is, without its function: two stages may name the function differently."""

    file: str
    start: tuple[int, int]
    end: tuple[int, int]

    @classmethod
    def of(cls, span: Span) -> "SpanPlace":
        """Return the span's place."""
        return cls(span.file, (span.line, span.column), (span.end_line, span.end_column))


class Target(msgspec.Struct, frozen=True):
    """What the cursor is on, in terms that every stage understands; false if it has no source."""

    spans: tuple[Span, ...] = ()
    path: str = ""
    """The name stack of its line."""
    callers: tuple[Span, ...] = ()
    """The learner's calls around that line, innermost first."""
    exact: bool = False
    """Whether it is a line: then only equal spans belong to it, not the expressions inside them."""

    def __bool__(self) -> bool:
        return bool(self.spans)


class Links:
    """The links of one stage; `links_of` makes them once."""

    def __init__(self, stage: StageText) -> None:
        # A reference to the stage would keep it alive in `_LINKS`.
        self._origins = stage.origins
        self._ids = stage.ids
        self._starts, self._ordered = stage.lines_by_origin
        spans: dict[SpanPlace, Span] = {}
        own: dict[SpanPlace, list[int]] = {}
        around: dict[SpanPlace, list[int]] = {}
        for number, origin in enumerate(stage.origins):
            for found, index in ((origin.spans, own), (origin.callers, around)):
                for span in found:
                    place = SpanPlace.of(span)
                    spans.setdefault(place, span)
                    index.setdefault(place, []).append(number)
        self._spans = spans
        self._own = _packed(own)
        self._around = _packed(around)
        by_file: dict[str, list[SpanPlace]] = {}
        for place in sorted(spans):
            by_file.setdefault(place.file, []).append(place)
        self._by_file = by_file

    def at(self, file: str, line: int, column: int | None = None, end: int | None = None) -> Target:
        """Return the target of a place in the source; line and columns count from 1, as in spans.

        With a column, it is the smallest expression there; with an exclusive `end` too, the smallest that contains the
        range. Without a column, it is everything that begins on the line, or else the smallest expression around it.
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
        """Return the target of a line of the stage, counted from 0."""
        origin = self._origins[self._ids[line]]
        path = "" if _is_many(origin) else origin.path
        return Target(spans=origin.spans, path=path, callers=origin.callers, exact=True)

    def origins_of(self, target: Target) -> frozenset[int]:
        """Return the origins that belong to a target, by their index in the stage's table."""
        origins: set[int] = set()
        if target.exact:
            for span in target.spans:
                origins.update(self._narrowed(self._own.get(SpanPlace.of(span), ()), target.path))
            if not origins:
                # Everything that a call became represents it if it has no line of its own.
                origins.update(*(self._around.get(SpanPlace.of(span), ()) for span in target.spans))
            return frozenset(origins)
        for span in target.spans:
            wanted = SpanPlace.of(span)
            places = self._by_file.get(wanted.file, [])
            for place in places[self._first(places, wanted.start) : self._first(places, wanted.end)]:
                if place.end <= wanted.end:
                    origins.update(self._own.get(place, ()), self._around.get(place, ()))
        return frozenset(origins)

    def lines(self, target: Target) -> Sequence[int]:
        """Return the lines that belong to a target, ascending."""
        origins, starts, ordered = self.origins_of(target), self._starts, self._ordered
        if sum(starts[each + 1] - starts[each] for each in origins) * 3 > len(self._ids):
            # For a target with nearly all lines, this takes half the time of sorting.
            return list(compress(range(len(self._ids)), map(origins.__contains__, self._ids)))
        return sorted(chain.from_iterable(ordered[starts[each] : starts[each + 1]] for each in origins))

    def selections(self, file: str, line: int) -> list[tuple[int, int]]:
        """Return the expressions that begin on a line of the source and have lines in this stage, as columns from 0.

        They are sorted by start, longest first. Ends are exclusive; `LINE_END` means that the expression goes on.
        """
        places = self._by_file.get(file, [])
        found = places[self._first(places, (line, 1)) : self._first(places, (line + 1, 1))]
        columns = {(place.start[1] - 1, place.end[1] - 1 if place.end[0] == line else LINE_END) for place in found}
        return sorted(columns, key=lambda found: (found[0], -found[1]))

    @staticmethod
    def _first(places: Sequence[SpanPlace], start: tuple[int, int]) -> int:
        """Return the index of the first place that begins there or later."""
        return bisect_left(places, start, key=lambda place: place.start)

    def _smallest(self, places: Iterable[SpanPlace]) -> Target:
        """Return the target of the smallest place, which begins last and ends first: expressions are nested."""
        last = min(places, key=lambda place: ((-place.start[0], -place.start[1]), place.end), default=None)
        return Target(spans=(self._spans[last],)) if last else Target()

    def _narrowed(self, ids: Iterable[int], path: str) -> Iterable[int]:
        """Return the origins with the same path, if any, and the fusions that may contain them."""
        if not path or not any(self._origins[each].path == path for each in ids):
            return ids
        return [each for each in ids if self._origins[each].path == path or _is_many(self._origins[each])]


_LINKS: WeakKeyDictionary[StageText, Links] = WeakKeyDictionary()


def links_of(stage: StageText) -> Links:
    """Return the stage's links, made on first use."""
    links = _LINKS.get(stage)
    if links is None:
        links = _LINKS[stage] = Links(stage)
    return links


def _is_many(origin: Origin) -> bool:
    """Return whether a line stands for several others, so that its path is only one of theirs."""
    return len(origin.spans) > 1 or origin.name == FUSION


def _packed(index: dict[SpanPlace, list[int]]) -> dict[SpanPlace, Ints]:
    return {place: array("I", ids) for place, ids in index.items()}
