"""Parses optimised HLO with XLA's metadata, separately from the worker under test."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import told_mlir
from told import Tally, Where, by_path, judged, known, of_branch, said, where
from told_frames import Frames
from traced import Called

TABLES = ("FileNames", "FunctionNames", "FileLocations", "StackFrames")
_STRING = r'"(?:[^"\\]|\\.)*"'
_METADATA = re.compile(rf', metadata=\{{((?:{_STRING}|[^"}}])*)\}}')
_INSTRUCTION = re.compile(r"\s+(ROOT )?%?([\w.-]+) = ")
_OPCODE = re.compile(r" ([a-z][a-z0-9-]*)\(")
_VALUE = re.compile(r"%([\w.-]+)")
MOVES = {
    "bitcast", "bitcast-convert", "convert", "copy", "copy-done", "copy-start", "dynamic-slice", "dynamic-update-slice",
    "get-tuple-element", "optimization-barrier", "reshape", "slice", "transpose", "async-start", "async-done",
    "async-update",
}  # fmt: skip
DATA = MOVES | {"constant", "broadcast", "iota", "parameter", "tuple", "after-all"}
"""Opcodes that compute nothing: they exist for their users."""
UNMADE = {"dot": "dot_general", "convolution": "convolution", "cholesky": "cholesky", "fft": "fft", "sort": "sort"}
"""The StableHLO operation behind these opcodes; the compiler creates none on its own."""


@dataclass
class Instruction:
    """A line with its own metadata."""

    name: str
    opcode: str
    computation: str
    root: bool
    operands: list[str]
    called: list[str]
    path: str
    frame: int
    index: int
    """The number of a parameter."""
    users: list["Instruction"] = field(default_factory=list)


class Module:
    """One text; `lowered` is the StableHLO it was compiled from."""

    def __init__(self, text: str, lowered: told_mlir.Module, places: set[Where], frames: Frames | None = None) -> None:
        self.lowered = lowered
        self._frames = frames or Frames()
        self._places = places
        self.computations: dict[str, list[Instruction]] = {}
        self.tables: dict[str, dict[int, str]] = {name: {} for name in TABLES}
        self._at: dict[tuple[str, str], Instruction] = {}
        self._own: dict[int, set[Where]] = {}
        self._read(text)
        parents = [int(_number(row, "parent_frame_id")) for row in self.tables["StackFrames"].values()]
        self.offset = 0 if 0 in parents else 1
        """XLA prints a parent's number plus one, so that an outermost frame has 1, and no frame has 0."""

    def _read(self, text: str) -> None:
        lines = text.split("\n")
        headers = (re.match(r"(?:ENTRY )?%?([\w.-]+) .*\{$", line) for line in lines)
        names = {match[1] for match in headers if match}
        table, whole = "", ""
        for line in lines:
            if line in TABLES:
                table = line
            elif table and line:
                number, _, row = line.partition(" ")
                self.tables[table][int(number)] = row
            elif not line:
                table = ""
            elif match := _INSTRUCTION.match(line):
                self._add(match, line, whole, names)
            elif match := re.match(r"(?:ENTRY )?%?([\w.-]+) .*\{$", line):
                whole = match[1]
        for each in self.all():
            for operand in dict.fromkeys(each.operands):
                self._at[each.computation, operand].users.append(each)

    def _add(self, match: re.Match[str], line: str, whole: str, names: set[str]) -> None:
        said_ = _METADATA.search(line)
        metadata = said_[1] if said_ else ""
        plain = _METADATA.sub("", line)
        opcode = _OPCODE.search(plain, match.end() - 1)
        assert opcode, line
        depth, end = 1, opcode.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(plain[end], 0)
            end += 1
        inside = plain[opcode.end() : end - 1]
        path = re.search(rf"op_name=({_STRING})", metadata)
        frame = _number(metadata, "stack_frame_id")
        found = Instruction(
            match[2],
            opcode[1],
            whole,
            bool(match[1]),
            [] if opcode[1] in ("constant", "parameter") else _VALUE.findall(inside),
            [name for name in _VALUE.findall(plain[end:]) if name in names],
            path[1][1:-1].partition(";")[0] if path else "",
            frame,
            int(inside) if opcode[1] == "parameter" else -1,
        )
        self.computations.setdefault(whole, []).append(found)
        self._at[whole, found.name] = found

    def all(self) -> Iterator[Instruction]:
        """Return every instruction, in the order of the text."""
        return (each for whole in self.computations.values() for each in whole)

    def chain(self, frame: int) -> list[tuple[str, int, int]]:
        """Return file, line and column of a frame and of the frames around it."""
        found = []
        while frame in self.tables["StackFrames"]:
            row = self.tables["StackFrames"][frame]
            location = self.tables["FileLocations"][_number(row, "file_location_id")]
            file = self.tables["FileNames"][_number(location, "file_name_id")].strip('"')
            found.append((file, _number(location, "line"), _number(location, "column")))
            frame = _number(row, "parent_frame_id") - self.offset
        return found

    @cached_property
    def _beginning(self) -> dict[tuple[str, int, int], dict[Where, set[str]]]:
        """The lowered expressions by their start, each with the last names of its paths."""
        found: dict[tuple[str, int, int], dict[Where, set[str]]] = {}
        for each in self.lowered.operations:
            for depth, frame in enumerate(each.location.frames):
                if place := where(*frame):
                    names = found.setdefault(place[:3], {}).setdefault(place, set())
                    names.add("" if depth else _last(each.location.name))
        return found

    def told(self, each: Instruction) -> set[Where]:
        """Return the place in the instruction's metadata: an expression, or several that begin at one place."""
        if id(each) not in self._own:
            self._own[id(each)] = self._told(each)
        return self._own[id(each)]

    def _told(self, each: Instruction) -> set[Where]:
        known = {place[:3] for place in self._places}
        found = (where(file, line, column, line, column) for file, line, column in self.chain(each.frame))
        if begins := [place[:3] for place in found if place and place[:3] in known]:
            begin = self._frames.innermost(begins)
            every = self._beginning.get(begin, {})
            same = self.lowered.places(each.path)
            if own := {place for place in same if place[:3] == begin}:
                # Where the frames of an earlier call come first, those of other equations with the path may, too.
                return same if begin == begins[0] else own | of_branch(self.lowered.equations, each.path, own)
            if same:  # merged from two, with the place of one and the path of the other
                return set(every)
            named = {place for place, names in every.items() if _last(each.path) in names}
            return named or set(every)
        # XLA keeps both paths of merged instructions, and no place: they have one if all operations of the path do.
        same = [self.lowered.own(one) for one in self.lowered.paths.get(each.path, ())] if each.path else []
        return same[0] if same and all(one == same[0] for one in same) else set()

    @cached_property
    def callers(self) -> dict[str, list[Instruction]]:
        """The instructions that call each computation."""
        found: dict[str, list[Instruction]] = {}
        for each in self.all():
            for name in each.called:
                found.setdefault(name, []).append(each)
        return found

    def loop(self, computation: str) -> Instruction | None:
        """Return the loop around a computation, also through fusions."""
        for caller in self.callers.get(computation, ()):
            if caller.opcode == "while":
                return caller
            if found := self.loop(caller.computation):
                return found
        return None

    def is_vague(self, each: Instruction) -> bool:
        """Return whether its metadata only name something around it: a call, or a loop."""
        if each.opcode in ("while", "call", "conditional"):
            return False
        loop = self.loop(each.computation)
        around = loop is not None and (loop.path, loop.frame) == (each.path, each.frame)
        vague = not each.path or each.path.endswith(")") or "/" not in each.path
        made = each.opcode in DATA and re.fullmatch(r"[a-z-]+\.\d+", _last(each.path)) is not None
        return around or made or each.opcode == "constant" or (vague and not each.called)

    def down(self, each: Instruction) -> Iterator[Instruction]:
        """Yield the users of its result, also inside fusions and called computations."""
        for user in each.users:
            if user.opcode in ("fusion", "call"):
                for name in user.called:
                    yield from (
                        inner
                        for inner in self.computations[name]
                        if inner.opcode == "parameter" and user.operands[inner.index] == each.name
                    )
            else:
                yield user
        if each.root:
            for caller in self.callers.get(each.computation, ()):
                yield from self.down(caller) if caller.opcode in ("fusion", "call") else [caller]

    def up(self, each: Instruction) -> Iterator[Instruction]:
        """Yield the sources of its value."""
        if each.opcode == "parameter":
            for caller in self.callers.get(each.computation, ()):
                if caller.opcode in ("fusion", "call"):
                    yield self._at[caller.computation, caller.operands[each.index]]
                else:
                    yield caller
        elif each.opcode in MOVES or self.is_data(each):
            yield from (self._at[each.computation, name] for name in each.operands[:1])
        elif each.opcode in ("fusion", "call"):
            yield from (inner for name in each.called for inner in self.computations[name] if inner.root)

    def is_data(self, each: Instruction) -> bool:
        """Return whether it computes nothing."""
        if each.opcode == "fusion":
            return all(self.is_data(inner) for name in each.called for inner in self.computations[name])
        return each.opcode in DATA

    def evidence(self, each: Instruction) -> set[Where]:
        """Return evidence for a link, if the metadata say nothing or too little."""
        found = self.inside(each)
        if not self.told(each) or self.is_vague(each):
            found |= self._around(each)
            if self.is_data(each):
                found |= self._reached(each, self.down) | self._reached(each, self.up)
        return found

    def inside(self, each: Instruction) -> set[Where]:
        """Return the places inside its computations."""
        found: set[Where] = set()
        for one in (one for name in each.called for one in self.computations[name]):
            found |= self.told(one) | self.inside(one)
            if not self.is_data(one) and (not self.told(one) or self.is_vague(one)):
                found |= self._around(one)
        return found

    def _reached(self, each: Instruction, way: object) -> set[Where]:
        found: set[Where] = set()
        waiting, seen = [each], {id(each)}
        while waiting:
            for other in way(waiting.pop()):
                if id(other) in seen:
                    continue
                seen.add(id(other))
                found |= self.told(other)
                if not self.told(other) or self.is_vague(other):
                    if self.is_data(other):
                        waiting.append(other)
                    else:
                        found |= self._around(other) | (self.inside(other) if other.opcode != "while" else set())
        return found

    def _around(self, each: Instruction) -> set[Where]:
        """Return the places around an instruction that computes and has no source."""
        found: set[Where] = set()
        if loop := self.loop(each.computation):
            found |= self.told(loop)
        if kind := UNMADE.get(each.opcode):
            loop = self.loop(each.computation)
            behind = f"{loop.path}/" if loop else ""
            every = [op for op in self.lowered.operations if op.name == f"stablehlo.{kind}"]
            same = {
                self.lowered.place(op) for op in every if any(path.startswith(behind) for path in self.lowered.path(op))
            }
            found |= {place for place in same if place} if len(same) == 1 else set()
        for caller in self.callers.get(each.computation, ()):
            if caller.opcode == "fusion" and each.root:
                found |= self.told(caller)
            elif caller.opcode not in ("fusion", "call", "while", "conditional"):
                found |= self.told(caller) or self.evidence_of_reducer(caller)
        # A move of its result may have kept its name: a recreated dot leaves its name to the bitcast after it.
        waiting, seen = list(self.down(each)), set()
        while waiting:
            other = waiting.pop()
            if other.opcode in DATA and id(other) not in seen:
                seen.add(id(other))
                waiting += self.down(other)
                if not self.is_vague(other) and _last(other.path)[:3] == each.opcode[:3]:
                    found |= self.told(other)
        return found

    def evidence_of_reducer(self, caller: Instruction) -> set[Where]:
        """Return the places of a caller of reducers without a source: those inside all the reducers."""
        return {place for name in caller.called for one in self.computations[name] for place in self.told(one)}


def _number(row: str, name: str) -> int:
    match = re.search(rf"\b{name}=(\d+)", row)
    return int(match[1]) if match else 0


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def chains(calls: Iterable[Called]) -> tuple[int, list[str]]:
    """Return how many frames in the compiler's tables have the same outer frames as in MLIR, and which differ.

    The frames of a function are followed by those of one of its calls.
    """
    alike, wrong = 0, []
    for each in calls:
        lowered = told_mlir.Module(each.told["stablehlo"])
        module = Module(each.told["hlo"], lowered, set())
        whole = [[frame[:3] for frame in operation.location.frames] for operation in lowered.operations]
        pairs = {pair for frames in whole for pair in pairwise(frames)}
        outermost = {frames[-1] for frames in whole if frames}
        called = {frames[0] for frames in whole if frames}
        for frame in module.tables["StackFrames"]:
            for inner, outer in pairwise(module.chain(frame)[:2]):
                if (inner, outer) in pairs or (inner in outermost and outer in called):
                    alike += 1
                else:
                    wrong.append(f"{each.name}: {inner} in {outer}")
    return alike, wrong


def instructions(calls: Iterable[Called]) -> Tally:
    """Check every instruction against its metadata."""
    tally = Tally()
    for each in calls:
        frames = Frames.of(each)
        lowered = told_mlir.Module(each.told["stablehlo"], by_path(each), frames)
        module = Module(each.told["hlo"], lowered, known(each), frames)
        stage = each.stages["hlo"]
        shown = [line for line in range(len(stage.texts)) if stage.origin_of(line).kind == "instruction"]
        for line, one in zip(shown, module.all(), strict=True):
            assert f"%{one.name} = " in stage.texts[line]
            origin, own = stage.origin_of(line), module.told(one)
            verdict = judged(each, origin, own, module.evidence(one), vague=module.is_vague(one))
            tally.add(verdict, said(each, stage.texts[line], origin, own))
    return tally
