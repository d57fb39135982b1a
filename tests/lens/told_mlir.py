"""Parses StableHLO with MLIR's locations, separately from the worker under test."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from told import Tally, Where, by_path, judged, known, of_branch, said, where
from told_frames import Begin, Frames
from traced import Called

_STRING = r'"(?:[^"\\]|\\.)*"'
_PLACE = re.compile(rf"({_STRING}):(\d+):(\d+)(?: to (\d*):(\d+))?$")
_TOKEN = re.compile(rf"{_STRING}:\d+:\d+(?: to \d*:\d+)?|{_STRING}|#loc\d*|callsite|fused|unknown|\bat\b|[()\[\],]")
_HEAD = re.compile(r'\s*(?:(%[^=]*?) = )?"?((?:[a-z_]\w*\.)+\w+|call|return)\b')
_VALUE = re.compile(r"%[\w.$-]+")
_SYMBOL = re.compile(r'@([\w.$-]+|"[^"]*")')


@dataclass(frozen=True)
class Location:
    """A name and places, innermost first."""

    name: str = ""
    frames: tuple[tuple[str, int, int, int, int], ...] = ()
    is_frame: bool = False
    """Whether it is a single place, whose function name wraps it."""

    @property
    def own(self) -> Where | None:
        """The innermost place in a program or lesson."""
        return next((found for frame in self.frames if (found := where(*frame))), None)

    @property
    def is_vague(self) -> bool:
        """Whether it only names something around an operation."""
        return not self.name or self.name.endswith(")") or "/" not in self.name


class Table:
    """The definitions of a module's locations."""

    def __init__(self, text: str) -> None:
        self._written = dict(re.findall(r"^(#loc\d*) = loc\((.*)\)$", text, re.M))
        self._known: dict[str, Location] = {}

    def __getitem__(self, written: str) -> Location:
        if written not in self._known:
            text = self._written.get(written, written)
            self._known[written] = Location()  # in case it refers to itself
            self._known[written] = self._read(_TOKEN.findall(text))
        return self._known[written]

    def _read(self, tokens: list[str]) -> Location:
        """Parse the location at the start of the tokens, and remove it."""
        first = tokens.pop(0) if tokens else "unknown"
        if first.startswith("#"):
            return self[first]
        if match := _PLACE.match(first):
            line, end = int(match[2]), int(match[4] or match[2])
            frame = _unquoted(match[1]), line, int(match[3]), end, int(match[5] or match[3])
            return Location("", (frame,), is_frame=True)
        if first.startswith('"'):
            if tokens[:1] != ["("]:
                return Location(_unquoted(first))
            inner = self._inside(tokens)[0]
            if inner.is_frame:  # the name is that of the Python function
                return Location("", inner.frames)
            return Location(inner.name if first.endswith(':"') else _unquoted(first), inner.frames)
        parts = self._inside(tokens) if first in ("callsite", "fused") else []
        return Location(next((part.name for part in parts if part.name), ""), sum((part.frames for part in parts), ()))

    def _inside(self, tokens: list[str]) -> list[Location]:
        """Return the locations between brackets."""
        found = []
        while tokens and tokens.pop(0) in ("(", "[", "at", ","):
            found.append(self._read(tokens))
        return found


def _unquoted(token: str) -> str:
    text = token[1:-1]
    raw = re.sub(r"\\([0-9A-F]{2})|\\(.)", lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    return raw.encode("latin-1", "replace").decode("utf-8", "replace") if "\\" in text else raw


@dataclass
class Operation:
    """An operation of the module, with the function that contains it."""

    line: int
    name: str
    function: str
    text: str
    outs: list[str] = field(default_factory=list)
    ins: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    location: Location = field(default_factory=Location)


Paths: TypeAlias = dict[str, tuple[set[Where], set[Where]]]


class Module:
    """The operations of one text, by their shown lines."""

    def __init__(self, text: str, equations: Paths | None = None, frames: Frames | None = None) -> None:
        """Parse a text; `equations` has, by path, the places of the equations it was lowered from."""
        self.equations = equations or {}
        self._frames = frames or Frames()
        self._places: dict[int, Where | None] = {}
        self._table = Table(text)
        self.operations: list[Operation] = []
        self.lines = [line for line in text.split("\n") if not line.startswith("#loc")]
        waiting: list[Operation | None]
        function, waiting = "", []
        for number, full in enumerate(self.lines):
            match = _HEAD.match(full)
            loc = _last_loc(full)
            if full.lstrip().startswith("}"):
                if loc is not None and waiting and (whole := waiting.pop()):
                    whole.location = self._table[loc]
                continue
            if full.startswith("module"):
                waiting.append(None)
            elif match and match[2] == "func.func":
                function = _SYMBOL.search(full)[1]
                waiting.append(None)
            elif match:
                text = _without(full)
                found = Operation(number, match[2], function, text)
                found.outs = _VALUE.findall(match[1] or "")
                found.ins = _VALUE.findall(text[match.end() :])
                found.calls = _SYMBOL.findall(text)
                self.operations.append(found)
                if loc is None:
                    waiting.append(found)
                else:
                    found.location = self._table[loc]

    def own(self, each: Operation) -> set[Where]:
        """Return the place in its location; in a branch also that of its path."""
        place = self.place(each)
        own = {place} if place else set()
        return own.union(*(of_branch(self.equations, path, own) for path in self.path(each)))

    def place(self, each: Operation) -> Where | None:
        """Return the innermost place of the equation that an operation was made for, if its location has that."""
        if id(each) not in self._places:
            own = self._own(each)
            begins = {self._frames.innermost(chain) for chain in self._chains(each)} if own else set()
            self._places[id(each)] = next((place for place in own if place[:3] in begins), None)
        return self._places[id(each)]

    def _chains(self, each: Operation) -> list[list[Begin]]:
        """Return where the frames of an operation begin, and those of the calls of its function, once for each call."""
        own = [place[:3] for place in self._own(each)]
        outer = [chain for call in self.calls.get(each.function, ()) for chain in self._chains(call)]
        return [[*own, *chain] for chain in outer or [[]]]

    def _own(self, each: Operation) -> list[Where]:
        """Return the places of its location, without those that only another call with the same lowering has."""
        found = (place for frame in each.location.frames if (place := where(*frame)))
        return [place for place in found if self._frames.is_known(place[:3])]

    @cached_property
    def calls(self) -> dict[str, list[Operation]]:
        """The calls of each function."""
        found: dict[str, list[Operation]] = {}
        for each in self.operations:
            for name in each.calls:
                if name != each.function:
                    found.setdefault(name, []).append(each)
        return found

    def sites(self, function: str) -> set[Where]:
        """Return the places of a function's calls.

        JAX lowers a function once for all its calls; JAX 0.9.0 keeps the place of the first one in it. Its own calls
        then belong to all of them.
        """
        found: set[Where] = set()
        for call in self.calls.get(function, ()):
            own, outer = self.place(call), self.sites(call.function)
            found |= outer if own is None or own in outer else {own}
        return found

    @cached_property
    def paths(self) -> dict[str, list[Operation]]:
        """The operations by path, through the calls of their functions if these have a single path."""
        found: dict[str, list[Operation]] = {}
        for each in self.operations:
            for path in self.path(each):
                found.setdefault(path, []).append(each)
        return found

    def places(self, path: str) -> set[Where]:
        """Return the places of the operations of a path."""
        found: set[Where] = set()
        for each in self.paths.get(path, ()):
            found |= self.own(each) or self.sites(each.function)
        return found

    def path(self, each: Operation) -> set[str]:
        """Return the paths of an operation: a complete one, or relative to that of each call of its function."""
        name = each.location.name
        if each.function == "main" or f"{name}/".startswith(f"{self._first}/"):
            return {name}
        sites = (site for call in self.calls.get(each.function, ()) for site in self.path(call))
        return {f"{site}/{name}".rstrip("/") for site in sites} or {name}

    @cached_property
    def _first(self) -> str:
        """The first name of complete paths."""
        names = (each.location.name for each in self.operations if each.function == "main")
        return next((name.partition("/")[0] for name in names if name), "")

    def users(self, each: Operation) -> set[Where]:
        """Return the places of the users of an operation without a place, through others like it."""
        found: set[Where] = set()
        for user in self.operations[self.operations.index(each) + 1 :]:
            if user.function == each.function and set(user.ins) & set(each.outs):
                own = self.own(user)
                if own and not (user.name == "stablehlo.constant" and user.location.is_vague):
                    found |= own
                elif user.outs:
                    found |= self.users(user)
        return found


def _without(line: str) -> str:
    return re.sub(r" loc\(.*$", "", line)


def _last_loc(line: str) -> str | None:
    if match := re.search(r" loc\((#loc\d*|unknown)\)$", line):
        return match[1]
    return None


def operations(calls: Iterable[Called]) -> Tally:
    """Check every operation against its location."""
    tally = Tally()
    for each in calls:
        module = Module(each.told["stablehlo"], by_path(each), Frames.of(each))
        stage = each.stages["stablehlo"]
        places = known(each)
        shown = [line for line, text in enumerate(stage.texts) if stage.origin_of(line).kind == "instruction"]
        found = dict(_shown(module))
        for line in shown:
            operation = found[line]
            assert _same(stage.texts[line], operation.text), (stage.texts[line], operation.text)
            origin = stage.origin_of(line)
            location, sites = operation.location, module.sites(operation.function)
            own = module.own(operation) & places
            evidence: set[Where] = set()
            if not own or own <= sites:
                evidence |= sites
            vague = operation.name == "stablehlo.constant" and location.is_vague
            if not own or vague:
                evidence |= module.users(operation)
            verdict = judged(each, origin, own, evidence, vague=vague)
            tally.add(verdict, said(each, stage.texts[line], origin, own))
    return tally


def _shown(module: Module) -> Iterator[tuple[int, Operation]]:
    """Return the operations by their shown lines: without empty lines before the module."""
    skipped = next(number for number, line in enumerate(module.lines) if line)
    return ((each.line - skipped, each) for each in module.operations)


def _same(shown: str, told: str) -> bool:
    """Return whether a shown line, which may be cut, is this one."""
    head = shown.partition(" … ")[0]
    return told[: len(head)].split() == head[: len(told)].split() or told.startswith(head[:60])
