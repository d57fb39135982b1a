"""The source of an HLO instruction, from the metadata that JAX gave it and the tables these refer to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from .earlier import Earlier
from .locations import LocationFrame, unescaped
from .spans import Span
from .stablehlo import SHARED, Linked, SpanAt

TABLES = ("FileNames", "FunctionNames", "FileLocations", "StackFrames")

At: TypeAlias = int | tuple[str, int]
"""An index into the table of frames, or file and line if the compiler writes these."""

_STRING = r'"(?:[^"\\]|\\.)*"'
_METADATA = re.compile(rf", metadata=\{{((?:{_STRING}|[^\"{{}}]++|\{{[^{{}}]*\}})*+)\}}")
_FIELD = re.compile(rf"(\w+)=({_STRING}|[\w.-]+)")
_ESCAPE = re.compile(r"\\(?:([0-7]{3})|(.))")


class BeginningAt(Protocol):
    """The type of `stablehlo.Reader.beginning_at`."""

    def __call__(self, frame: LocationFrame, path: str, *, around: bool = False) -> list[LocationFrame]:
        """Return the expressions that begin where a frame does, by what they were lowered to."""


@dataclass(frozen=True)
class Sources:
    """What an instruction's metadata can be resolved with."""

    place: SpanAt
    beginning_at: BeginningAt
    paths: Mapping[str, Linked]
    """The only place of a path, for instructions without a frame."""
    only: Callable[[str, str], tuple[Span, ...]] = lambda _name, _path: ()
    """The function `stablehlo.Reader.only`."""
    root: str = ""
    """The first name of every path, if the learner's call does not have it."""
    around: tuple[Span, ...] = ()
    """The call itself, for instructions without a source."""
    earlier: Earlier = field(default_factory=Earlier)


class StackFrames:
    """Resolves instructions' metadata to expressions."""

    def __init__(self, rows: dict[str, dict[int, str]], sources: Sources) -> None:
        self._place, self._beginning_at, self._earlier = sources.place, sources.beginning_at, sources.earlier
        files = {number: _unquoted(row) for number, row in rows["FileNames"].items()}
        functions = {number: _unquoted(row) for number, row in rows["FunctionNames"].items()}
        self._places = {number: _frame(row, files, functions) for number, row in rows["FileLocations"].items()}
        self._stacks: dict[int, tuple[int, int]] = {}
        for number, row in rows["StackFrames"].items():
            fields = dict(_FIELD.findall(row))
            self._stacks[number] = int(fields.get("file_location_id", 0)), int(fields.get("parent_frame_id", 0))
        # XLA prints a parent's number plus one, so 1 marks an outermost frame; versions that print it as it is have 0.
        self._offset = 0 if any(parent == 0 for _, parent in self._stacks.values()) else 1
        self._known: dict[Any, tuple[tuple[Span, ...], tuple[Span, ...]]] = {}

    def of(self, at: At, path: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Return an instruction's own expression, if any, and the calls around it."""
        key = (at, path)
        if key not in self._known:
            own: dict[Span, None] = {}
            callers: dict[Span, None] = {}
            for number, frame in enumerate(self._own_chain(at, path)):
                whole = self._beginning_at(frame, path, around=number > 0)
                if number and len(whole) > 1:
                    whole = [frame]  # a frame further out is one call
                spans = [span for known in whole[:SHARED] or [frame] if (span := self._place(*known)) is not None]
                (callers if own else own).update(dict.fromkeys(span for span in spans if span not in own))
            self._known[key] = tuple(own), tuple(callers)
        return self._known[key]

    def _own_chain(self, start: At, path: str) -> list[LocationFrame]:
        """Return an instruction's frames, without those of an earlier call."""
        chain = self._chain(start)
        placed = [(number, where) for number, frame in enumerate(chain) if (where := self._place(*frame)) is not None]
        left = {placed[place][0] for place in self._earlier.left(path, [where for _, where in placed])}
        return [frame for number, frame in enumerate(chain) if number not in left]

    def _chain(self, start: At) -> list[LocationFrame]:
        if isinstance(start, tuple):
            return [LocationFrame(start[0], start[1], 0, start[1], 0)]
        chain: list[LocationFrame] = []
        number = start
        while number in self._stacks and len(chain) < 100:
            location, parent = self._stacks[number]
            if location in self._places:
                chain.append(self._places[location])
            number = parent - self._offset
        return chain


def without_metadata(line: str) -> tuple[str, str, At]:
    """Return an instruction's line without its metadata, its path, and its source."""
    match = _METADATA.search(line)
    if match is None:
        return line, "", 0
    fields = dict(_FIELD.findall(match[1]))
    at: At = 0
    if number := fields.get("stack_frame_id"):
        at = int(number)
    elif "source_file" in fields:
        at = (_unquoted(fields["source_file"]), int(fields.get("source_line", 0)))
    # An instruction merged from two has both paths; its frame is the first one's.
    path = _unquoted(fields.get("op_name", "")).partition(";")[0]
    return line[: match.start()] + line[match.end() :], path, at


def _frame(row: str, files: dict[int, str], functions: dict[int, str]) -> LocationFrame:
    fields = {name: int(value) for name, value in _FIELD.findall(row) if value.isdigit()}
    line, column = fields.get("line", 0), fields.get("column", 0)
    function = functions.get(fields.get("function_name_id", 0), "")
    file, end_line = files.get(fields.get("file_name_id", 0), ""), fields.get("end_line", line) or line
    function = "" if function == "<module>" else function
    return LocationFrame(file, line, column, end_line, fields.get("end_column", column), function)


def _unquoted(text: str) -> str:
    return unescaped(text[1:-1] if text.startswith('"') else text, _ESCAPE, 8)
