"""Maps an equation to the learner's expression, to the character, and to the calls around it.

JAX keeps the Python frames of every equation; the innermost learner's frame is its source. Library frames do not count,
so an equation from a library function is linked to the learner's call to it.
"""

from collections.abc import Sequence
from types import FrameType
from typing import Any, TypeAlias

from .. import compat
from ..runner.learners import characters, is_library_code, is_shown, source_line, wire_file
from ..runner.learners import learner_folder as learner_folder

Span: TypeAlias = tuple[str, int, int, int, int, str]
"""A place in the source, as on the wire: file, line, column, end line, end column, function; from 1, in characters,
with an exclusive end."""


StackFrame: TypeAlias = tuple[str, int, str, bool]
"""File, line, function, and whether it is a library's."""
MOST_FRAMES = 60
MODULE = "<module>"


def span(file: str, line: int, column: int, end_line: int, end_column: int, function: str = "") -> Span | None:
    """Convert a place from Python, MLIR or XLA; None if the file is not the learner's.

    Lines count from 1, columns from 0 in UTF-8 bytes. If the end is unknown (not after the start), the span extends to
    the end of the line.
    """
    name = wire_file(file)
    if name is None or line < 1:
        return None
    function = "" if function == MODULE else function
    first = source_line(file, line)
    start = characters(first, column)
    if (end_line, end_column) <= (line, column):
        return name, line, start + 1, line, max(len(first.rstrip()), start + 1) + 1, function
    end = characters(first if end_line == line else source_line(file, end_line), end_column)
    return name, line, start + 1, end_line, end + 1, function


class SpanFinder:
    """Finds the spans of equations; use one for each walk, as its caches keep code objects alive."""

    def __init__(self) -> None:
        self._stacks: dict[tuple[Any, bool], tuple[Span, ...]] = {}
        self._spans: dict[tuple[int, int], Span | None] = {}
        self._positions: dict[int, list[tuple[int | None, ...]]] = {}
        self._alive: list[Any] = []
        self._calls: dict[Any, tuple[StackFrame, ...]] = {}
        self._frames: dict[tuple[int, int], StackFrame | None] = {}
        self._inside: dict[tuple[Any, compat.Function], bool] = {}
        self.outdated: set[Span] = set()
        """Places of code whose text has been edited since; the screen now shows other code there."""

    def of(self, source_info: Any, *, whole: bool = False) -> tuple[Span, ...]:
        """Return the learner's expressions for an equation's `source_info`: its own, then the calls around it.

        With `whole`, the frames around the equation's jaxpr are included, where JAX keeps them.
        """
        trace = compat.traceback(source_info)
        key = trace, whole
        found = self._stacks.get(key)
        if found is None:
            raw = compat.raw_frames(trace, whole=whole)
            found = self._stacks[key] = tuple(dict.fromkeys(self._find(source_info, raw)))
        return found

    def enter(self, source_info: Any, function: compat.Function | None) -> bool:
        """Return whether an equation's frames belong to a call of the function whose jaxpr contains it.

        A function that JAX traces for itself, while lowering or transposing, gets the frames of that moment. JAX caches
        its jaxpr and reuses it for other calls. The jaxpr of a learner's function always qualifies: it may contain
        equations of functions it calls.
        """
        trace = compat.traceback(source_info)
        raw = compat.raw_frames(trace)
        if function is None or raw is None or wire_file(function.file):
            return True
        key = trace, function
        if key not in self._inside:
            self._inside[key] = any(map(function.is_entered_by, raw[0]))
        return self._inside[key]

    def is_outdated(self, source_info: Any) -> bool:
        """Return whether an equation comes from code whose text has been edited since."""
        raw = compat.raw_frames(compat.traceback(source_info))
        return raw is not None and any(wire_file(code.co_filename) and not is_shown(code) for code in raw[0])

    def _find(self, source_info: Any, raw: tuple[Sequence[Any], Sequence[int]] | None) -> list[Span]:
        if raw is None:
            places = compat.summarized_frames(source_info)
            spans = [span(file, line, column, line, column, function) for file, line, column, function in places]
            return [each for each in spans if each is not None]
        found = []
        for code, offset in zip(*raw, strict=True):
            if wire_file(code.co_filename):
                key = (id(code), offset)
                if key not in self._spans:
                    known = self._span(code, offset)
                    if known is not None and not is_shown(code):
                        self.outdated.add(known)
                        known = None
                    self._spans[key] = known
                    self._alive.append(code)
                if (known := self._spans[key]) is not None:
                    found.append(known)
        return found

    def calls(self, source_info: Any) -> tuple[StackFrame, ...]:
        """Return the frames of the learner's and of libraries that an equation comes from, outermost first."""
        trace = compat.traceback(source_info)
        found = self._calls.get(trace)
        if found is None:
            codes, offsets = compat.raw_frames(trace) or ((), ())
            frames = [self._frame(code, offset) for code, offset in zip(codes, offsets, strict=True)]
            found = self._calls[trace] = tuple(frame for frame in reversed(frames) if frame)[:MOST_FRAMES]
        return found

    def _frame(self, code: Any, offset: int) -> StackFrame | None:
        key = (id(code), offset)
        if key not in self._frames:
            self._alive.append(code)
            file = wire_file(code.co_filename)
            kept = is_shown(code) if file else is_library_code(code.co_filename)
            line = self._position(code, offset)[0] if kept else None
            self._frames[key] = (file or code.co_filename, line, code.co_qualname, file is None) if line else None
        return self._frames[key]

    def at(self, frame: FrameType) -> Span | None:
        """Return the expression that a frame of Python is at; None if the frame is not the learner's."""
        return self._span(frame.f_code, frame.f_lasti)

    def _position(self, code: Any, offset: int) -> tuple[int | None, ...]:
        positions = self._positions.get(id(code))
        if positions is None:
            positions = self._positions[id(code)] = list(code.co_positions())
        return positions[offset // 2] if 0 <= offset // 2 < len(positions) else (None,) * 4

    def _span(self, code: Any, offset: int) -> Span | None:
        line, end_line, start, end = self._position(code, offset)
        if line is None:
            return None
        return span(code.co_filename, line, start or 0, end_line or line, end or 0, code.co_qualname)
