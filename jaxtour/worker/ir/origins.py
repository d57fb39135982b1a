"""What the lines of a stage are and where they come from, as a table of the few kinds of line there are; its pieces."""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..runner.outlet import Event

PIECE = 1024 * 1024
"""Bytes of a piece, roughly: a quarter of what a frame may have."""
LINE_CAP = 4000
"""Characters of a line that are shown; a constant that is written out in full can have megabytes."""

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
    """Origins, each once; `rows` is what the wire carries, in the order of their places."""

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
        """The place of this origin in the table; fields at their defaults are left out on the wire."""
        path = alike(path)
        row = (kind, name, tuple(spans), tuple(callers), path, tuple(transforms), unlinked)
        place = self._places.get(row)
        if place is None:
            place = self._places[row] = len(self.rows)
            fields = zip(("kind", "name", "spans", "callers", "path", "transforms", "unlinked"), row, strict=True)
            self.rows.append({key: value for key, value in fields if value and value != "other"})
        return place


@dataclass
class Parsed:
    """A text in lines, each with its origin's place in the table, its variables, and what can be folded."""

    texts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    folds: list[tuple[int, int]] = field(default_factory=list)


@functools.lru_cache(maxsize=4096)
def alike(path: str) -> str:
    """A path without the names of functions that JAX puts around a body in one version and not in another."""
    if "/closed_call" not in path and "/eval_jaxpr" not in path and "core_call" not in path:
        return path
    return _PLUMBING.sub("", path).rstrip("/") or path


@functools.lru_cache(maxsize=4096)
def transforms_of(path: str) -> tuple[str, ...]:
    """The transformations that a path tells of, outermost first.

    The path is JAX's name stack and the primitive, or HLO's `op_name`: `jit(f)/transpose(jvp(g))/while/body/mul` tells
    of jit, transpose, jvp and while. The last name is the line itself, which is not inside what it makes.
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
    """The names between slashes that are outside every bracket."""
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
    """A line that is not longer than is shown."""
    more = len(text) - LINE_CAP
    return f"{text[:LINE_CAP]} … {more} more characters" if more > 0 else text


def pieces(
    head: Event,
    texts: Sequence[str],
    lines: Sequence[int],
    table: Table,
    names: Sequence[str] = (),
    folds: Iterable[tuple[int, int]] = (),
    **last: Any,
) -> Iterator[Event]:
    """The `stage` events of a text, each well below what a frame may have; `last` goes with the last one.

    Origins get new places, in the order in which the lines need them, so that each piece brings its own.
    """
    order: dict[int, int] = {}
    cuts = list(_cuts(texts, lines, table, names, order))
    rows = [table.rows[place] for place in order]
    opened = sorted(folds)
    sent = fold = 0
    for part, (start, end) in enumerate(cuts):
        own = [order[place] for place in lines[start:end]]
        known = max(own, default=-1) + 1
        after = fold
        while after < len(opened) and opened[after][0] < end:
            after += 1
        event = {
            **head,
            "part": part,
            "parts": len(cuts),
            "text": "\n".join(texts[start:end]),
            "lines": own,
            "origins": rows[sent:known],
            "names": "\n".join(names[start:end]),
            "folds": opened[fold:after],
        }
        sent, fold = max(sent, known), after
        yield {**event, **last} if part + 1 == len(cuts) else event


def _cuts(
    texts: Sequence[str], lines: Sequence[int], table: Table, names: Sequence[str], order: dict[int, int]
) -> Iterator[tuple[int, int]]:
    """First and last line of each piece, and in `order` the places that its origins get."""
    start = size = 0
    for number, (text, place) in enumerate(zip(texts, lines, strict=True)):
        added = _size(text) + (_size(names[number]) if names else 0) + 12
        if place not in order:
            order[place] = len(order)
            added += _row_size(table.rows[place])
        if size and size + added > PIECE:
            yield start, number
            start, size = number, 0
        size += added
    yield start, len(texts)


def _size(text: str) -> int:
    """Bytes as JSON, at most."""
    return len(text) if text.isascii() else 12 * len(text)


def _row_size(row: dict[str, Any]) -> int:
    spans = sum(_size(span[0]) + _size(span[5]) + 40 for span in (*row.get("spans", ()), *row.get("callers", ())))
    return 120 + spans + _size(row.get("path", "")) + _size(row.get("name", ""))
