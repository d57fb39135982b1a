"""Parses StableHLO as JAX lowers it into clean lines, with the source of every line.

MLIR writes a location after each operation, or after the line that closes its regions.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from .earlier import Earlier
from .locations import LocationFrame, Locations, without_locations
from .mlir_values import add_line, note_types
from .origins import Parsed, Table, alike, transforms_of
from .paths import is_enclosing, is_of_branch, last_name, without_root
from .spans import Span

MOST = 64
"""The most calls of a function that are kept separate."""
SHARED = 3
"""A constant used by more expressions than this belongs to none of them."""

Exact: TypeAlias = Mapping[str, tuple[Span, int]]
SpanAt: TypeAlias = Callable[[str, int, int, int, int, str], Span | None]
"""The learner's expression at a frame; None for a frame in a library."""


class Linked(NamedTuple):
    """The source of a line."""

    path: str = ""
    spans: tuple[Span, ...] = ()
    callers: tuple[Span, ...] = ()


_HEAD = re.compile(r'\s*(?:(%[^=]*?) = )?"?([a-zA-Z_]\w*(?:\.\w+)+|call|return)\b')
_SYMBOL = re.compile(r'@([\w.$-]+|"[^"]*")')
_FUNCTION = re.compile(r'\s*func\.func (?:\w+ )?@([\w.$-]+|"[^"]*")')
_AROUND = "("
"""A key for frames of calls around an operation; no path has this name."""
_NONE: tuple[set[Span], set[Span]] = (set(), set())
_TERMINATORS = {"return", "func.return"}


@dataclass
class _Operation:
    """An operation with open regions, or a function."""

    line: int
    name: str
    others: list[int] = field(default_factory=list)
    """Its lines between its regions."""


@dataclass
class _Line:
    """An operation, before the callers of its function are known."""

    number: int
    name: str
    loc: str
    function: str
    kind: str = "instruction"
    manual: bool = False
    """Whether it is inside a `shard_map`, where paths start over."""


class StableHloReader:
    """One module; parsed once, with sources resolved on demand."""

    def __init__(
        self, text: str, place: SpanAt, root: str = "", exact: Exact | None = None, earlier: Earlier | None = None
    ) -> None:
        """Set up a reader; `root` is the first name of every path, if the learner's call does not have it.

        `exact` has, by path, the expression and the number of its equations, if they share one expression.
        """
        self._root, self._exact, self._earlier = root, exact or {}, earlier or Earlier()
        module = re.search(r"^module @jit_(\w+)", text, re.M)
        self._outermost = f"jit({module[1]})/" if module and not root else ""
        self.locations = Locations(text)
        self._place = place
        self._located: dict[str, Linked] = {}
        self._operations: list[_Line] = []
        self._calls: dict[str, list[_Line]] = {}
        self._regions: set[int] = set()
        """Lines of operations that have regions."""
        self._functions: list[str] = []
        self._sites_of: dict[str, tuple[Linked, ...]] = {}
        self._links: dict[tuple[str, str, bool], Linked] = {}
        self._paths: dict[tuple[str, str, bool], str] = {}
        self._beginnings: dict[tuple[str, int, int, str], dict[LocationFrame, None]] | None = None
        self.parsed = Parsed()
        self._split(text)

    def read(self, table: Table, around: tuple[Span, ...] = ()) -> Parsed:
        """Return the lines with their origins; lines without a source belong to `around`, the call itself."""
        other = table.add(kind="other")
        parsed = self.parsed
        parsed.lines = [other] * len(parsed.texts)
        shared = self._constants()
        known: dict[Any, int] = {}
        for line in self._operations:
            own = shared.get(line.number)
            key = (line.kind, line.name, line.loc, line.function, line.manual)
            if own is None and key in known:
                parsed.lines[line.number] = known[key]
                continue
            linked = self.link(line)
            spans = own or linked.spans or (around if line.kind == "instruction" else ())
            callers = () if own else linked.callers
            # JAX caches the lowering of an equal call; the frames are then only that call's.
            callers = (*callers, *(span for span in around if span not in (*spans, *callers)))
            facts: dict[str, Any] = {"kind": line.kind, "name": line.name, "spans": spans, "callers": callers}
            if not own and linked.path and line.kind == "instruction":
                facts |= {"path": linked.path, "transforms": transforms_of(linked.path)}
            if not spans and line.kind == "instruction":
                constant = line.name == "stablehlo.constant"
                facts["unlinked"] = "a constant" if constant else "JAX recorded no source for it"
            parsed.lines[line.number] = table.add(**facts)
            if own is None:
                known[key] = parsed.lines[line.number]
        return parsed

    def paths(self) -> dict[str, Linked]:
        """Return the place of each path of an operation that has only one."""
        found: dict[str, Linked | None] = {}
        for linked in (each for line in self._operations for each in self._inlined(line)):
            if linked.path and linked.spans:
                same = found.setdefault(linked.path, linked)
                found[linked.path] = linked if same and same.spans == linked.spans else None
        return {path: linked for path, linked in found.items() if linked}

    def only(self, name: str, around: str) -> tuple[Span, ...]:
        """Return the expression of all operations of a name below a path; empty if there are several, or it is unknown.

        The path of an operation in a shared function does not say which call it belongs to.
        """
        found: set[tuple[Span, ...]] = set()
        for line in self._operations:
            if line.name == name:
                linked = self.link(line)
                if not self._is_whole(linked.path) or f"{linked.path}/".startswith(f"{around}/" if around else ""):
                    found.add(linked.spans)
        return found.pop() if len(found) == 1 else ()

    def _is_whole(self, path: str) -> bool:
        """Return whether a path is known from its beginning."""
        return bool(self._root) or f"{path}/".startswith(self._outermost)

    def beginning_at(self, frame: LocationFrame, path: str, *, around: bool = False) -> list[LocationFrame]:
        """Return the expressions that begin at a frame and were lowered to a path's end; or else all that begin there.

        XLA keeps one end for all expressions that begin at a place, so it cannot distinguish `f(x)` from `f(x) * 2`.
        With `around`, the result is a call around the operation.
        """
        if self._beginnings is None:
            self._beginnings = {}
            for loc in {line.loc for line in self._operations}:
                written, frames = self.locations[loc]
                for number, known in enumerate(frames):
                    for key in ("", _AROUND if number else last_name(written)):
                        self._beginnings.setdefault((*known[:3], key), {})[known] = None
        every = list(self._beginnings.get((*frame[:3], ""), ()))
        if len(every) > 1:
            behind = without_root(path, self._root)
            inner = around
            while behind:
                own, callers = self._of_path.get(behind, _NONE)
                spans = callers if inner else own
                if found := [known for known in every if self._place(*known) in spans]:
                    return found
                # A library's operation may be known only by the call around it, whose path is a prefix of its own.
                behind, inner = behind.rpartition("/")[0], False
        names = [*reversed(path.split("/")[:-1]), _AROUND] if around else [last_name(path)]
        for key in names:
            if found := list(self._beginnings.get((*frame[:3], key), ())):
                return found
        return every

    @cached_property
    def _of_path(self) -> dict[str, tuple[set[Span], set[Span]]]:
        """For each path, its operations' own expressions, through their functions' calls, and the calls around."""
        found: dict[str, tuple[set[Span], set[Span]]] = {}
        for line in self._operations:
            for linked in self._inlined(line):
                own, around = found.setdefault(linked.path, (set(), set()))
                own.update(linked.spans, self._own(line.loc).spans)
                around.update(linked.callers)
        return found

    def _inlined(self, line: _Line) -> Iterable[Linked]:
        """Return the sources of an operation, once for each call of its function, as the compiler inlines them."""
        sites = self._sites(line.function)
        return self._once_each(line, sites) if sites else (self.link(line),)

    def _sites(self, function: str) -> tuple[Linked, ...]:
        """Return the calls of a function, each once for every call of the function that contains it."""
        if function not in self._sites_of:
            self._sites_of[function] = ()  # for a recursive function
            found: dict[Linked, None] = {}
            for call in self._calls.get(function, ()):
                found.update(dict.fromkeys(self._inlined(call)))
            self._sites_of[function] = tuple(found)[:MOST]
        return self._sites_of[function]

    def _once_each(self, line: _Line, sites: tuple[Linked, ...]) -> Iterator[Linked]:
        """Yield the source of an operation inside a function, for each call of the function."""
        own = self._own(line.loc)
        # It may have the place of the first call.
        is_first = any(span in site.spans for site in sites for span in own.spans)
        for site in sites:
            path, frames = self._path_behind(line, site), () if is_first else self._later(line, site)
            around = (*frames[1:], *site.spans, *site.callers) if frames else site.callers
            yield Linked(path, frames[:1] or site.spans, around)

    def _path_behind(self, line: _Line, site: Linked) -> str:
        """Return the path of an operation inside a function, for one call of it."""
        path, written = self._own(line.loc).path, self.locations[line.loc].path
        if site.path and (path or line.name == "func.call") and self._is_behind(written, site.path):
            return f"{site.path}/{path}".rstrip("/")
        return path

    def _later(self, line: _Line, site: Linked) -> tuple[Span, ...]:
        """Return the frames of an operation inside a function without those that are not of this call of it."""
        frames = self._frames(line.loc)
        left = self._earlier.left(self._path_behind(line, site), (*frames, *site.spans, *site.callers))
        return _except(frames, left)

    def link(self, line: _Line) -> Linked:
        """Return the source of an operation, through the calls of its function.

        The oldest supported JAX gives operations in a branch the place of the whole `cond`. Their path is more exact,
        if it has as many operations as equations, all from one expression. Elsewhere paths prove nothing: loops add
        operations of their own with the paths of those inside.
        """
        key = (line.loc, line.function, line.manual)
        if key not in self._links:
            linked = self._through_calls(line)
            exact, equations = self._exact.get(alike(linked.path), (None, 0))
            further = exact and linked.spans and exact not in linked.spans and is_of_branch(linked.path)
            if exact and further and self._alike[line.name, alike(linked.path)] == equations:
                callers = dict.fromkeys(span for span in (*linked.spans, *linked.callers) if span != exact)
                linked = Linked(linked.path, (exact,), tuple(callers))
            self._links[key] = linked
        return self._links[key]

    @cached_property
    def _alike(self) -> Counter[tuple[str, str]]:
        """The number of operations of each name and path."""
        return Counter((line.name, alike(self._path(line))) for line in self._operations)

    def _path(self, line: _Line) -> str:
        """Return the path of an operation, through the calls of its function; must not call `link`, which calls it."""
        key = (line.loc, line.function, line.manual)
        if key not in self._paths:
            path = self._own(line.loc).path
            if line.manual and path and "/" not in path:
                path = f"{self._outermost}shard_map/{path}"
            prefixes = {self._path(call) for call in self._calls.get(line.function, ())}
            if len(prefixes) == 1 and (prefix := prefixes.pop()) and path:
                # JAX writes it whole, or relative to the path of the call.
                path = f"{prefix}/{path}" if self._is_behind(self.locations[line.loc].path, prefix) else path
            self._paths[key] = path
        return self._paths[key]

    def _own(self, loc: str) -> Linked:
        if loc not in self._located:
            path = without_root(self.locations[loc].path, self._root)
            self._located[loc] = _linked(path, self._frames(loc))
        return self._located[loc]

    def _frames(self, loc: str) -> tuple[Span, ...]:
        return tuple(span for frame in self.locations[loc].frames if (span := self._place(*frame)) is not None)

    def _through_calls(self, line: _Line) -> Linked:
        """Resolve an operation through its function's calls: JAX lowers a function once, where it is first called."""
        path, frames = self._path(line), self._frames(line.loc)
        calls = self._calls.get(line.function)
        if not calls:
            return _linked(path, _except(frames, self._earlier.left(path, frames)))
        left = max((self._later(line, site) for site in self._sites(line.function)), key=len, default=frames)
        own, sites = _linked(path, left), [self.link(call) for call in calls]
        spans = tuple(dict.fromkeys(span for site in sites for span in site.spans[:SHARED]))
        around = tuple(dict.fromkeys(span for site in sites for span in site.callers))
        if not own.spans or own.spans[0] in spans:
            return Linked(path, spans, around)
        callers = dict.fromkeys(span for span in (*own.callers, *spans, *around) if span != own.spans[0])
        return Linked(path, own.spans, tuple(callers))

    def _is_behind(self, written: str, prefix: str) -> bool:
        """Return whether a path, as JAX wrote it, is relative to the path of a call."""
        first = self._root or prefix.split("/")[0]
        return not f"{written}/".startswith(f"{first}/")

    def _constants(self) -> dict[int, tuple[Span, ...]]:
        """Return expressions for operations without a place, mostly constants: their users', if these are few."""
        waiting: dict[str, int] = {}
        users: dict[int, dict[Span, None]] = {}
        at = {line.number: line for line in self._operations if line.kind == "instruction"}
        for number, names in enumerate(self.parsed.names):
            line = at.get(number)
            outs, _, ins = names.partition("=")
            if line is None:
                continue
            linked = self.link(line)
            vague = line.name == "stablehlo.constant" and is_enclosing(self.locations[line.loc].path)
            spans = () if vague else linked.spans
            for name in ins.split():
                if spans and name in waiting:
                    users[waiting[name]].update(dict.fromkeys(spans))
            for name in outs.split():
                waiting.pop(name, None)
                if not spans and number not in self._regions:
                    waiting[name] = number
                    users[number] = {}
        return {number: tuple(spans) for number, spans in users.items() if 0 < len(spans) <= SHARED}

    def _split(self, text: str) -> None:
        """Collect lines without locations, their variables, their folds, and their operations."""
        parsed = self.parsed
        stack: list[_Operation] = []
        function = ""
        for full in text.split("\n"):
            if full.startswith("#loc") or (not full and not stack):
                continue
            number = len(parsed.texts)
            line, loc = without_locations(full)
            starts = line.lstrip()
            if header := _FUNCTION.match(line):
                function = header[1]
                self._functions.append(function)
            if starts.startswith("}") and stack:
                self._close(stack, number, loc, line)
            elif loc is None and stack and not _begins(starts):
                stack[-1].others.append(number)
            else:
                name = _name(line)
                if loc is None:
                    stack.append(_Operation(number, "" if header else name))
                elif name:
                    self._add(number, name, loc, function, stack)
            add_line(parsed, line, number, starts)
            if "@" in line and not header:
                self._note_calls(line, number, loc)
        self._resolve_calls()

    def _close(self, stack: list[_Operation], number: int, loc: str | None, line: str) -> None:
        if loc is None:
            stack[-1].others.append(number)
            return
        whole = stack.pop()
        if whole.line:
            self.parsed.folds.append((whole.line, number))
            note_types(self.parsed, whole.line, line)
        if whole.name and whole.name != "module":
            function = self._functions[-1] if self._functions else ""
            self._add(whole.line, whole.name, loc, function, stack)
            self._regions.add(whole.line)
            for other in [*whole.others, number]:
                self._operations.append(_Line(other, "", loc, function, "other"))

    def _add(self, number: int, name: str, loc: str, function: str, stack: list[_Operation]) -> None:
        ends = name in _TERMINATORS or name.endswith(".return")
        if not ends and name != "sdy.mesh":
            manual = any(around.name == "sdy.manual_computation" for around in stack)
            name = "func.call" if name == "call" else name
            self._operations.append(_Line(number, name, loc, function, manual=manual))

    def _note_calls(self, line: str, number: int, loc: str | None) -> None:
        if loc is not None and self._operations and self._operations[-1].number == number:
            for symbol in _SYMBOL.findall(line):
                self._calls.setdefault(symbol, []).append(self._operations[-1])

    def _resolve_calls(self) -> None:
        known = set(self._functions)
        self._calls = {name: calls for name, calls in self._calls.items() if name in known}
        for name, calls in self._calls.items():
            self._calls[name] = [call for call in calls if call.function != name]


def _linked(path: str, spans: Iterable[Span]) -> Linked:
    spans = tuple(dict.fromkeys(spans))
    return Linked(path, spans[:1], spans[1:])


def _except(spans: tuple[Span, ...], left: Collection[int]) -> tuple[Span, ...]:
    return tuple(span for number, span in enumerate(spans) if number not in left)


def _begins(starts: str) -> bool:
    """Return whether a line begins an operation, rather than a region or block of the enclosing one."""
    return bool(_HEAD.match(starts)) or starts.startswith(("module", "{-#", "func."))


def _name(line: str) -> str:
    return match[2] if (match := _HEAD.match(line)) else ""
