"""Removes the locations from MLIR's text and resolves them.

`loc(...)` follows each operation. Separate lines define the numbered locations, which nest: a name around a place, a
place at the place of its caller (https://mlir.llvm.org/docs/Dialects/Builtin/#location-attributes).
"""

import re
from typing import NamedTuple

from .origins import cut

_DEFINITION = re.compile(r"^(#loc\d*) = loc\((.*)\)$", re.M)
_STRING = r'"(?:[^"\\]|\\.)*"'
_LAST_LOC = re.compile(r" loc\((#loc\d*)\)$")
_BRACKET = re.compile(rf"{_STRING}|[()]")
_ESCAPE = re.compile(r"\\([0-9A-F]{2})|\\(.)")
_PLACE = re.compile(rf"({_STRING}):(\d+):(\d+)(?: to (\d*):(\d+))?$")


class LocationFrame(NamedTuple):
    """A place as MLIR and XLA write it: lines from 1, columns from 0 in UTF-8 bytes, exclusive end."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str = ""


class Loc(NamedTuple):
    """A resolved `loc(...)`."""

    path: str = ""
    frames: tuple[LocationFrame, ...] = ()
    """Innermost first."""


class Locations:
    """The `#loc` table of a module, resolved on demand."""

    def __init__(self, text: str) -> None:
        self._raw = dict(_DEFINITION.findall(text))
        self._known: dict[str, Loc] = {}

    def __getitem__(self, written: str) -> Loc:
        """Resolve the text between the brackets of a `loc(...)`, without recursion: chains can be deep."""
        waiting = [written]
        while waiting:
            text = waiting[-1]
            raw = self._raw.get(text, text)
            missing = [part for part in _parts(raw) if part not in self._known and part != text]
            if missing and len(waiting) < 1000:
                waiting += missing
                continue
            self._known[waiting.pop()] = self._resolve(raw)
        return self._known[written]

    def _resolve(self, raw: str) -> Loc:
        parts = [self._known.get(part, Loc()) for part in _parts(raw)]
        if raw.startswith('"'):
            if match := _PLACE.match(raw):
                return Loc("", (_frame(match),))
            name = _unquoted(raw)
            if not parts:
                return Loc(name)
            inner = parts[0]
            if len(inner.frames) == 1 and not inner.path and not inner.frames[0].function:
                return Loc("", (inner.frames[0]._replace(function="" if name == "<module>" else name),))
            # JAX writes `jit(f)` around `x/y` to prefix a function's name stack to a cached one.
            path = inner.path if name.endswith(":") else name
            return Loc(path, inner.frames)
        if not parts:
            return Loc()
        return Loc(next((part.path for part in parts if part.path), ""), sum((part.frames for part in parts), ()))


def _parts(raw: str) -> list[str]:
    """Return the locations that one refers to, as written."""
    if raw.startswith('"'):
        end = re.match(_STRING, raw)
        rest = raw[end.end() :] if end else ""
        return [rest[1:-1]] if rest.startswith("(") else []
    if raw.startswith(("callsite(", "fused")):
        inner = raw[raw.index("(" if raw.startswith("c") else "[") + 1 : -1]
        return _split(inner)
    return [raw] if raw.startswith("#loc") else []


def _split(text: str) -> list[str]:
    """Split at ` at ` and `, ` outside brackets and strings."""
    pieces, depth, start = [], 0, 0
    for match in re.finditer(rf"{_STRING}|[(\[]|[)\]]| at |, ", text):
        token = match[0]
        depth += (token in "([") - (token in ")]")
        if depth == 0 and token in (" at ", ", "):
            pieces.append(text[start : match.start()])
            start = match.end()
    return [*pieces, text[start:]]


def _frame(match: re.Match[str]) -> LocationFrame:
    line, column = int(match[2]), int(match[3])
    end_line = int(match[4]) if match[4] else line
    return LocationFrame(_unquoted(match[1]), line, column, end_line, int(match[5]) if match[5] else column)


def _unquoted(text: str) -> str:
    """Return the string that the text begins with; MLIR escapes bytes that are not ASCII in hexadecimal."""
    match = re.match(_STRING, text)
    return unescaped(match[0][1:-1] if match else text, _ESCAPE, 16)


def unescaped(text: str, escape: re.Pattern[str], base: int) -> str:
    """Replace escapes: a byte's digits in this base, or one character as it is."""
    if "\\" not in text:
        return text
    raw = escape.sub(lambda found: chr(int(found[1], base)) if found[1] else found[2], text)
    return raw.encode("latin-1", "replace").decode("utf-8", "replace")


def without_locations(full: str) -> tuple[str, str | None]:
    """Return a line without locations, cut to `LINE_CAP`, and its last location; None if it does not end with one."""
    if match := _LAST_LOC.search(full):
        loc, full = match[1], full[: match.start()]
    else:
        loc = None
    kept, start = [], 0
    while (place := full.find(" loc(", start)) >= 0:
        end = _closing(full, place + 5)
        kept.append(full[start:place])
        start = end + 1
        if loc is None and start >= len(full):
            loc = full[place + 5 : end]
    return cut("".join([*kept, full[start:]])), loc


def _closing(text: str, start: int) -> int:
    """Return the index of the bracket that closes one opened just before `start`."""
    depth = 1
    for match in _BRACKET.finditer(text, start):
        depth += (match[0] == "(") - (match[0] == ")")
        if depth == 0:
            return match.start()
    return len(text)
