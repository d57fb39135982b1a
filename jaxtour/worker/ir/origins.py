"""Kinds and sources of a stage's lines, in a table of distinct origins; and the pieces of a stage for the wire."""

import functools
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import compat
from ..runner.writer import Event

PIECE = 1024 * 1024
"""The approximate size of a piece in bytes: a quarter of a frame's cap."""
LINE_CAP = 4000
"""The most characters shown of a line: a constant written out can have megabytes."""

MOST_CALLS = 20_000
"""The most nodes of a tree of calls: some 20 bytes each."""

Row = tuple[Any, ...]

_NAMED = re.compile(r"(\w+)\(")
_OWN_NAMES = {
    "remat": "checkpoint", "remat2": "checkpoint", "xla_pmap": "pmap", "custom_jvp_call": "custom_jvp",
    "custom_vjp_call": "custom_vjp", "custom_vjp_call_jaxpr": "custom_vjp", "pjit": "jit",
}  # fmt: skip
_WRAPPERS = frozenset({"jit", "pjit", "pmap", "xla_pmap", "vmap", "jvp", "transpose", "linearize", "remat"})
_SCOPES = frozenset(
    {"while", "scan", "cond", "checkpoint", "remat", "remat2", "rematted_computation", "shard_map", "custom_jvp_call",
     "custom_vjp_call", "custom_vjp_call_jaxpr"}
)  # fmt: skip
_PLUMBING = re.compile(r"(?:^|(?<=/))(?:closed_call|eval_jaxpr|core_call)(?:/|$)")


class Table:
    """Distinct origins; `rows` is sent on the wire, in index order."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._places: dict[Row, int] = {}

    def add(
        self,
        *,
        kind: str = "other",
        name: str = "",
        spans: Iterable[Row] = (),
        callers: Iterable[Row] = (),
        path: str = "",
        transforms: Iterable[str] = (),
        unlinked: str | None = None,
    ) -> int:
        """Add an origin and return its index; `rows` omits fields at their defaults."""
        path = alike(path)
        row = (kind, name, tuple(spans), tuple(callers), path, tuple(transforms), unlinked)
        place = self._places.get(row)
        if place is None:
            place = self._places[row] = len(self.rows)
            fields = zip(("kind", "name", "spans", "callers", "path", "transforms", "unlinked"), row, strict=True)
            self.rows.append({key: value for key, value in fields if value and value != "other"})
        return place


class CallTree:
    """The calls that equations come from, as a tree: a node is a frame inside another node, counted from 1."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, Any]] = [(0, None)]
        """The node around each node, and its frame."""
        self._places: dict[tuple[int, Any], int] = {}

    def node(self, inside: int, frames: Iterable[Any]) -> int:
        """Return the node of frames, outermost first, inside a node; beyond `MOST_CALLS`, the innermost known one."""
        for frame in frames:
            key = inside, frame
            if key not in self._places:
                if len(self.frames) > MOST_CALLS:
                    return inside
                self._places[key] = len(self.frames)
                self.frames.append(key)
            inside = self._places[key]
        return inside


class TextRows:
    """A table of texts for the wire; a row travels in the part of its line, so `lines` is ascending."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.lines: list[int] = []
        self._places: dict[str, int] = {}

    def add(self, text: str, line: int) -> int:
        """Add a text once and return its index."""
        place = self._places.get(text)
        if place is None:
            place = self._places[text] = self.append(text, line)
        return place

    def append(self, text: str, line: int) -> int:
        """Add a text and return its index."""
        self.texts.append(text)
        self.lines.append(max(line, self.lines[-1] if self.lines else 0))
        return len(self.texts) - 1


@dataclass
class Parsed:
    """A text in lines, each with the index of its origin and its variables, and the text's folds."""

    texts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    folds: list[tuple[int, int]] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    """For each line, the indices of the types of the variables that it defines."""
    equations: list[str] = field(default_factory=list)
    """For each line, the equation that begins on it, as JSON; empty for a text without known equations."""
    values: list[str] = field(default_factory=list)
    """For each line, the statistics of the results of the equation that begins on it, as JSON; for `values` alone."""
    types: TextRows = field(default_factory=TextRows)
    parameters: TextRows = field(default_factory=TextRows)
    jaxprs: TextRows = field(default_factory=TextRows)
    calls: list[int] = field(default_factory=list)
    """For each line, 1 + the index of its innermost frame in `frames`, or 0."""
    frames: TextRows = field(default_factory=TextRows)
    words: TextRows = field(default_factory=TextRows)
    """The files and functions of frames."""
    top: int | None = None
    """The index of the outermost jaxpr."""
    _known: dict[Any, int] = field(default_factory=dict)
    _sent: dict[int, int] = field(default_factory=dict)

    def add(self, text: str, names: str = "", typed: str = "") -> None:
        """Append a line with its variables and their types."""
        self.texts.append(text)
        self.names.append(names)
        self.typed.append(typed)

    def call(self, tree: CallTree, node: int) -> None:
        """Append the call that the next line without one comes from."""
        line = len(self.calls)
        missing = []
        while node and node not in self._sent:
            missing.append(node)
            node = tree.frames[node][0]
        for each in reversed(missing):
            inside, (file, number, function, library) = tree.frames[each]
            names = [self.words.add(name.replace("\n", " "), line) for name in (file, function)]
            row = f"{self._sent.get(inside, 0)} {names[0]} {number} {names[1]}{' l' * library}"
            self._sent[each] = 1 + self.frames.append(row, line)
            node = each
        self.calls.append(self._sent.get(node, 0))

    def type_of(self, atom: Any, line: int) -> int:
        """Return the index of the type of a jaxpr's variable."""
        place = self._known.get(atom.aval)
        if place is None:
            place = self._known[atom.aval] = self.types.add(compat.printed_type(atom), line)
        return place


@functools.lru_cache(maxsize=4096)
def alike(path: str) -> str:
    """Return a path without helper functions that only some versions of JAX add around a body."""
    if "/closed_call" not in path and "/eval_jaxpr" not in path and "core_call" not in path:
        return path
    return _PLUMBING.sub("", path).rstrip("/") or path


@functools.lru_cache(maxsize=4096)
def transforms_of(path: str) -> tuple[str, ...]:
    """Return the transformations in a path, outermost first.

    The path is JAX's name stack and the primitive, or HLO's `op_name`: `jit(f)/transpose(jvp(g))/while/body/mul`
    contains jit, transpose, jvp and while. The last name is the line itself, which is not inside what it makes.
    """
    found: list[str] = []
    names = _split(path)
    for place, name in enumerate(names):
        rest = name
        while (match := _NAMED.match(rest)) and rest.endswith(")"):
            if match[1] in _WRAPPERS:
                found.append(_OWN_NAMES.get(match[1], match[1]))
            rest = rest[match.end() : -1]
        if rest in _SCOPES and (place + 1 < len(names) or rest is not name):
            found.append(_OWN_NAMES.get(rest, rest))
    return tuple(found)


def _split(path: str) -> list[str]:
    """Split at slashes outside brackets."""
    if "/" not in path:
        return [path]
    names, depth, start = [], 0, 0
    for place, character in enumerate(path):
        depth += (character == "(") - (character == ")")
        if character == "/" and depth <= 0:
            names.append(path[start:place])
            start = place + 1
    return [*names, path[start:]]


def cut(text: str) -> str:
    """Return a line cut to `LINE_CAP` characters."""
    more = len(text) - LINE_CAP
    return f"{text[:LINE_CAP]} … {more} more characters" if more > 0 else text


def pieces(head: Event, parsed: Parsed, table: Table, **last: Any) -> Iterator[Event]:
    """Yield the `stage` events of a text, each well below a frame's cap; the last one also carries `last`.

    Origins are renumbered in the order of their first use, so that each piece brings the origins it needs.
    """
    order: dict[int, int] = {}
    cuts = list(_cuts(parsed, table, order))
    rows = [table.rows[place] for place in order]
    opened = sorted(parsed.folds)
    tables = {"types": parsed.types, "parameters": parsed.parameters, "jaxprs": parsed.jaxprs}
    tables |= {"frames": parsed.frames, "words": parsed.words}
    by_line = {"names": parsed.names, "typed": parsed.typed, "equations": parsed.equations, "values": parsed.values}
    sent = fold = 0
    for part, (start, end) in enumerate(cuts):
        own = [order[place] for place in parsed.lines[start:end]]
        known = max(own, default=-1) + 1
        after = fold
        while after < len(opened) and opened[after][0] < end:
            after += 1
        event = {
            **head,
            "part": part,
            "parts": len(cuts),
            "text": "\n".join(parsed.texts[start:end]),
            "lines": own,
            "origins": rows[sent:known],
            "folds": opened[fold:after],
        }
        event |= {name: "\n".join(texts[start:end]) for name, texts in by_line.items() if texts}
        event |= {"calls": parsed.calls[start:end]} if parsed.frames.texts else {}
        for name, added in tables.items():
            begin, stop = bisect_left(added.lines, start), bisect_left(added.lines, end)
            event |= {name: "\n".join(added.texts[begin:stop])} if stop > begin else {}
        sent, fold = max(sent, known), after
        if part + 1 == len(cuts):
            event |= last | ({} if parsed.top is None else {"top": parsed.top})
        yield event


def _cuts(parsed: Parsed, table: Table, order: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of each piece; sets `order` to the new index of each origin."""
    sizes = [_size(text) + 18 for text in parsed.texts]
    for texts in (parsed.names, parsed.typed, parsed.equations, parsed.values):
        for number, text in enumerate(texts):
            sizes[number] += _size(text)
    for rows in (parsed.types, parsed.parameters, parsed.jaxprs, parsed.frames, parsed.words):
        for number, text in zip(rows.lines, rows.texts, strict=True):
            sizes[number] += _size(text)
    start = size = 0
    for number, (place, added) in enumerate(zip(parsed.lines, sizes, strict=True)):
        if place not in order:
            order[place] = len(order)
            added += _row_size(table.rows[place])
        if size and size + added > PIECE:
            yield start, number
            start, size = number, 0
        size += added
    yield start, len(parsed.texts)


def _size(text: str) -> int:
    """Return an upper bound of the bytes as JSON, which escapes quotation marks."""
    return len(text) + text.count('"') if text.isascii() else 12 * len(text)


def _row_size(row: dict[str, Any]) -> int:
    spans = sum(_size(span[0]) + _size(span[5]) + 40 for span in (*row.get("spans", ()), *row.get("callers", ())))
    return 120 + spans + _size(row.get("path", "")) + _size(row.get("name", ""))
