"""One stage of a traced call: its lines, and data about each line, in few bytes per line.

A stage arrives in parts, which are joined when the last one arrives.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, zip_longest
from typing import TypeAlias, overload

import msgspec
from msgspec.structs import replace

from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.memory import Memory
from jaxtour.engine.wire.messages import Cost, Evaluated, Origin, Span, Stage

Ints: TypeAlias = "array[int]"
"""Integers of four bytes each."""

NOTHING = Origin()
"""The origin of a line without one."""


class PackedLines(Sequence[str]):
    """Lines of text in one piece of UTF-8: four extra bytes per line, where a list of `str` takes 60."""

    __slots__ = ("_ends", "_utf8")

    def __init__(self, text: str = "") -> None:
        """Split the text at line feeds; the empty text is one empty line."""
        self._utf8 = text.encode("utf-8", "surrogatepass")
        # The start of the next line, for each line.
        self._ends = array("I", accumulate(len(line) + 1 for line in self._utf8.split(b"\n")))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):
            raise IndexError(at)
        start = self._ends[place - 1] if place else 0
        return self._utf8[start : self._ends[place] - 1].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole.split("\n"))

    @property
    def whole(self) -> str:
        """All lines in one text, without a final line feed."""
        return self._utf8.decode("utf-8", "surrogatepass")

    def lines_with(self, pattern: str) -> Ints:
        """Return the lines in which a regular expression matches, ascending; fast if it begins with a letter."""
        found = re.finditer(pattern.encode("utf-8", "surrogatepass"), self._utf8)
        return array("I", dict.fromkeys(bisect_right(self._ends, match.start()) for match in found))

    def indents(self) -> bytes:
        """Return the number of leading spaces of each line, less than `BLANK`; `BLANK` for a blank line."""
        found = re.finditer(rb"^( *)(\S)?", self._utf8, re.MULTILINE)
        return bytes(min(len(match[1]), BLANK - 1) if match[2] else BLANK for match in found)


BLANK = 255

NO_TEXTS: Sequence[str] = ()


class StagePart(msgspec.Struct, frozen=True):
    """A part that waits for the others, with its lines packed."""

    part: Stage
    ids: Ints
    calls: Ints


class StageText(msgspec.Struct, frozen=True, eq=False, dict=True, weakref=True):
    """A stage of one traced call; compared by identity.

    It has no lines until it is `complete`, and none with an `error`.
    """

    index: int
    """The index of the trace or of the level."""
    stage: StageName
    run: int = 0
    complete: bool = False
    error: str | None = None
    texts: Sequence[str] = NO_TEXTS
    ids: Ints = msgspec.field(default_factory=lambda: array("I"))
    """For each line, the index of its origin in `origins`."""
    origins: tuple[Origin, ...] = ()
    folds: tuple[tuple[int, int], ...] = ()
    """First and last line of each fold, counted from 0."""
    cost: Cost | None = None
    memory: Memory | None = None
    evaluated: Evaluated | None = None
    equations: Sequence[str] = NO_TEXTS
    """Rows of the wire, like the next three fields; `render.ir.equations` decodes them on demand."""
    values: Sequence[str] = NO_TEXTS
    parameters: Sequence[str] = NO_TEXTS
    jaxprs: Sequence[str] = NO_TEXTS
    calls: Ints = msgspec.field(default_factory=lambda: array("I"))
    """For each line, 1 + the index of its innermost frame in `frames`, or 0; empty without frames."""
    frames: Sequence[str] = NO_TEXTS
    """Rows of the wire; `render.ir.library` decodes them."""
    words: Sequence[str] = NO_TEXTS
    top: int | None = None
    types: Sequence[str] = NO_TEXTS
    """The types of variables, as printed."""
    _names: Sequence[str] = NO_TEXTS
    _typed: Sequence[str] = NO_TEXTS
    _pieces: tuple[StagePart, ...] = ()

    @property
    def language(self) -> StageName:
        """The stage whose text it has."""
        return "jaxpr" if self.stage == "values" else self.stage

    def origin_of(self, line: int) -> Origin:
        """Return the origin of a line, counted from 0."""
        return self.origins[self.ids[line]]

    def lines_of(self, origin: int) -> Sequence[int]:
        """Return the lines of an origin, ascending, by its index in `origins`."""
        starts, lines = self.lines_by_origin
        return lines[starts[origin] : starts[origin + 1]]

    def names_of(self, line: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the variables that a line defines, and the ones it uses."""
        if line >= len(self._names):
            return (), ()
        defined, _, used = self._names[line].partition("=")
        return tuple(defined.split()), tuple(used.split())

    def typed(self, line: int) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Return the variables that a line defines: name to kind, `i` for an input or `c` for a constant, and types.

        An operation has one type for each result; a variable of unknown type has none.
        """
        told = self._typed[line].split() if line < len(self._typed) else []
        found = {}
        for name, each in zip_longest(self.names_of(line)[0], told[: len(self.names_of(line)[0])], fillvalue=""):
            kind = each[:1] if each[:1] in ("i", "c") else ""
            places = each[len(kind) :].split(",")
            found[name] = kind, tuple(self.type_at(place) for place in places if place.isdecimal())
        return found

    def type_at(self, place: int | str) -> str:
        """Return a type by its index; empty for an index outside the table."""
        return self.types[int(place)] if 0 <= int(place) < len(self.types) else ""

    def defining(self, name: str) -> Sequence[int]:
        """Return the lines that define a variable of this name, ascending, in any scope."""
        return self._naming(name, r"(?=[ =])(?=[^\n]*=)")

    def using(self, name: str) -> Sequence[int]:
        """Return the lines that use a variable of this name, or a numbered part such as `%1#2`, ascending."""
        return self._naming(name, r"(?:#\d+)?(?=\s|\Z)(?![^\n]*=)")

    def _naming(self, name: str, behind: str) -> Sequence[int]:
        # An index of all names would take more memory than the lines. A moving cursor repeats its searches, and a
        # search for a name in each of 100 000 lines takes 50 ms, so a few results are kept.
        whole = re.escape(name)
        pattern = f"{whole}(?<![^\\s=]{whole}){behind}"
        found = self._found.pop(pattern, None)
        if found is None:
            found = self._names.lines_with(pattern) if isinstance(self._names, PackedLines) else array("I")
            if len(self._found) >= KEPT:
                del self._found[next(iter(self._found))]
        self._found[pattern] = found
        return found

    @cached_property
    def _found(self) -> dict[str, Ints]:
        return {}

    @cached_property
    def indents(self) -> bytes:
        """The indentation of each line, which shows its nesting."""
        return self.texts.indents() if isinstance(self.texts, PackedLines) else b""

    @property
    def text(self) -> str:
        """All lines, joined by line feeds."""
        return self.texts.whole if isinstance(self.texts, PackedLines) else ""

    @cached_property
    def lines_by_origin(self) -> tuple[Ints, Ints]:
        """The start of each origin's lines in the second array, which has all lines sorted by origin."""
        counts = [0] * len(self.origins)
        for origin in self.ids:
            counts[origin] += 1
        ordered = array("I", sorted(range(len(self.ids)), key=self.ids.__getitem__))
        return array("I", accumulate(counts, initial=0)), ordered


def failed(index: int, stage: StageName, run: int, error: str) -> StageText:
    """Return a stage that could not be made, with the reason."""
    return StageText(index=index, stage=stage, run=run, complete=True, error=error)


def assembled(before: StageText | None, part: Stage) -> StageText:
    """Return the stage with one more part; a part of another run, or after the last one, starts a new stage."""
    if part.error is not None:
        return failed(part.index, part.stage, part.run, part.error)
    if before is None or before.complete or before.run != part.run:
        before = StageText(index=part.index, stage=part.stage, run=part.run)
    others = (piece for piece in before._pieces if piece.part.part != part.part)
    pieces = (*others, StagePart(replace(part, lines=(), calls=()), packed(part.lines), packed(part.calls)))
    last = {
        "cost": part.cost or before.cost,
        "memory": part.memory or before.memory,
        "evaluated": part.evaluated or before.evaluated,
    }
    if len(pieces) < part.parts:
        return replace(before, _pieces=pieces, **last)
    return _whole(replace(before, _pieces=(), **last), sorted(pieces, key=lambda piece: piece.part.part))


def packed(lines: Iterable[int]) -> Ints:
    """Return the indices in four bytes each; an invalid one becomes `OUTSIDE`."""
    try:
        return array("I", lines)
    except OverflowError:
        return array("I", (line if 0 <= line < OUTSIDE else OUTSIDE for line in lines))


OUTSIDE = 2**32 - 1
KEPT = 12


def _whole(stage: StageText, pieces: Sequence[StagePart]) -> StageText:
    parts = [piece.part for piece in pieces]
    texts = PackedLines("\n".join(part.text for part in parts))
    origins = _shared(origin for part in parts for origin in part.origins)
    ids, calls = array("I"), array("I")
    for piece in pieces:
        count = piece.part.text.count("\n") + 1
        _extend(ids, piece.ids, count)
        _extend(calls, piece.calls, count)
    frames = _table(part.frames for part in parts)
    if frames:
        calls = array("I", (place if place <= len(frames) else 0 for place in calls))
    if ids and max(ids) >= len(origins):
        ids = array("I", (min(place, len(origins)) for place in ids))
        origins = (*origins, NOTHING)
    return replace(
        stage,
        complete=True,
        texts=texts,
        ids=ids,
        origins=origins,
        folds=tuple((first, last) for part in parts for first, last in part.folds if 0 <= first < last < len(texts)),
        calls=calls if frames else array("I"),
        frames=frames,
        words=_table(part.words for part in parts),
        top=parts[-1].top,
        types=_table(part.types for part in parts),
        parameters=_table(part.parameters for part in parts),
        jaxprs=_table(part.jaxprs for part in parts),
        equations=_by_line(parts, [part.equations for part in parts]),
        values=_by_line(parts, [part.values for part in parts]),
        _names=_by_line(parts, [part.names for part in parts]),
        _typed=_by_line(parts, [part.typed for part in parts]),
    )


def _table(added: Iterable[str]) -> Sequence[str]:
    """Return the rows of a table from all parts."""
    whole = "\n".join(text for text in added if text)
    return PackedLines(whole) if whole else NO_TEXTS


def _by_line(parts: Sequence[Stage], told: Sequence[str]) -> Sequence[str]:
    """Return a field with a row for each line, from all parts; empty if no part has it."""
    if not any(told):
        return NO_TEXTS
    return PackedLines("\n".join(_fitted(part.text.count("\n"), text) for part, text in zip(parts, told, strict=True)))


def _extend(ids: Ints, more: Ints, count: int) -> None:
    """Add `count` indices, cutting or filling up the worker's."""
    ids.extend(more[:count])
    ids.extend(array("I", (OUTSIDE,)) * (count - len(more)))


def _fitted(feeds: int, told: str) -> str:
    """Return one part's rows, cut or filled up to `feeds` line feeds."""
    missing = feeds - told.count("\n")
    return told + "\n" * missing if missing >= 0 else "\n".join(told.split("\n")[:missing])


def _shared(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """Return the origins with equal spans, paths and names as shared objects, as the wire makes copies."""
    spans: dict[Span, Span] = {}
    texts: dict[str, str] = {}
    rows: dict[tuple[str, ...], tuple[str, ...]] = {}

    def shared(span: Span) -> Span:
        if (known := spans.get(span)) is None:
            file, function = (texts.setdefault(text, text) for text in (span.file, span.function))
            known = spans[span] = replace(span, file=file, function=function)
        return known

    return tuple(
        replace(
            origin,
            name=texts.setdefault(origin.name, origin.name),
            spans=tuple(map(shared, origin.spans)),
            callers=tuple(map(shared, origin.callers)),
            path=texts.setdefault(origin.path, origin.path),
            transforms=rows.setdefault(origin.transforms, origin.transforms),
        )
        for origin in origins
    )
