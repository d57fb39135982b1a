"""The text of optimised HLO: clean lines, and for every instruction the code that it comes from.

XLA writes `metadata={op_name=... stack_frame_id=7}` behind an instruction that JAX asked for, and four tables that say
what the frames are; older ones write `source_file=` and `source_line=` instead. What the compiler added has none: it
belongs to what it serves, where that is few expressions, and says what it is otherwise.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .metadata import TABLES, At, Frames, Sources, without_metadata
from .origins import Parsed, Table, cut, transforms_of
from .spans import Span
from .stablehlo import SHARED, is_enclosing, without_root

_COMPUTATION = re.compile(r"(ENTRY )?%?([\w.\-]+) (?:\(.*\) -> .*)?\{$")
_INSTRUCTION = re.compile(r"\s+(ROOT )?%?([\w.\-]+) = ")
_OPCODE = re.compile(r"\s*([a-z][\w\-]*)\(")
_VALUE = re.compile(r"%([\w.\-]+)")
_BRACKET = re.compile(r"[()]")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')
_BODY = re.compile(r"\bbody=%?([\w.\-]+)")
_TARGET = re.compile(r'custom_call_target="([^"]*)"')
_MOVES = frozenset({
    "async-done", "async-start", "async-update", "bitcast", "bitcast-convert", "convert", "copy", "copy-done",
    "copy-start", "dynamic-slice", "dynamic-update-slice", "get-tuple-element", "optimization-barrier", "reshape",
    "slice", "transpose",
})  # fmt: skip
"""What only hands its first operand on."""
_PLUMBING = {
    "parameter": "an argument",
    "constant": "a constant",
    "tuple": "results packed into a tuple",
    "get-tuple-element": "a part taken out of a tuple",
    "after-all": "an order that the compiler wants",
    "partition-id": "the number of the device",
    "replica-id": "the number of the device",
}


@dataclass
class Instruction:
    """One line that computes something."""

    line: int
    name: str
    opcode: str
    root: bool
    operands: list[str]
    called: list[str]
    path: str = ""
    at: At = 0
    """Where its metadata say that it comes from."""
    trips: int | None = None
    """How often a `while` goes round, where the compiler knows."""
    body: str = ""
    """The computation that a `while` repeats."""
    target: str = ""
    """What a `custom-call` calls."""
    encloses: bool = False
    """Whether its path names only functions around it, so that its place is that of a call."""
    own: tuple[Span, ...] = ()
    """From its metadata."""
    callers: tuple[Span, ...] = ()
    lent: tuple[Span, ...] = ()
    """From what it serves."""


@dataclass
class Computation:
    """A function of HLO, its instructions in their order."""

    name: str
    entry: bool
    line: int = 0
    rows: tuple[int, int] = (0, 0)
    """Its first and last line in the text as the compiler wrote it."""
    instructions: list[Instruction] = field(default_factory=list)


class Reader:
    """One module's text."""

    def __init__(self, text: str) -> None:
        self.parsed = Parsed()
        self.computations: dict[str, Computation] = {}
        self._rows: dict[str, dict[int, str]] = {name: {} for name in TABLES}
        self._split(text)

    def opcodes(self) -> list[str]:
        """Sorted, each once."""
        return sorted({line.opcode for whole in self.computations.values() for line in whole.instructions})

    def read(self, table: Table, sources: Sources) -> Parsed:
        """The lines with their origins."""
        frames = Frames(self._rows, sources)
        for whole in self.computations.values():
            for line in whole.instructions:
                line.own, line.callers = frames.of(line.at, line.path)
                line.encloses = is_enclosing(line.path)
                # Arguments have their names for a path.
                is_path = "/" in line.path or "(" in line.path
                line.path = without_root(line.path, sources.root) if is_path else ""
                only = sources.paths.get(line.path)
                # What is around it is less than what is known of it.
                if only and (not line.own or set(line.own) <= set(only.callers)):
                    line.own, line.callers = only.spans, only.callers
        vague = self._set_aside()
        inside = self._inside()
        self._lend(inside)
        for line, own in vague:
            if not line.lent:
                line.own = own
        if self._give(sources.around, inside):
            inside = self._inside()
            self._lend(inside)
        parsed = self.parsed
        parsed.lines = [table.add(kind="other")] * len(parsed.texts)
        known: dict[Any, int] = {}
        for whole in self.computations.values():
            for line in whole.instructions:
                if line.lent:
                    line.callers = ()
                spans = tuple(dict.fromkeys((*(line.own or line.lent), *_within(line, inside))))
                if spans:
                    # Where JAX lowered it for an equal call before, it knows of that one only.
                    missing = (span for span in sources.around if span not in (*spans, *line.callers))
                    line.callers = (*line.callers, *missing)
                key = (line.opcode, line.path, line.at, spans, line.own, line.callers)
                if key not in known:
                    known[key] = table.add(**_facts(line, spans, entry=whole.entry))
                parsed.lines[line.line] = known[key]
        return parsed

    def _set_aside(self) -> list[tuple[Instruction, tuple[Span, ...]]]:
        """Take the places of what has only that of the call around it, as constants have, until no better is found."""
        vague = [
            (line, line.own)
            for whole in self.computations.values()
            for line in whole.instructions
            if line.own
            and not line.called
            and line.opcode != "custom-call"
            # Equal constants become one, with the place of any of them.
            and (line.opcode == "constant" or line.encloses)
        ]
        for line, _ in vague:
            line.own, line.path = (), ""
        return vague

    def _give(self, around: tuple[Span, ...], inside: dict[str, tuple[Span, ...]]) -> bool:
        """Give what JAX asked for, and told no place of, to the call itself; whether there is any such line."""
        found = False
        for whole in self.computations.values():
            for line in whole.instructions:
                if around and line.path and not (line.own or line.lent or _within(line, inside)):
                    line.own, found = around, True
        return found

    def _inside(self) -> dict[str, tuple[Span, ...]]:
        """For each computation the expressions in it, those of what it calls included; callees come first."""
        inside: dict[str, tuple[Span, ...]] = {}
        for name, whole in self.computations.items():
            found: dict[Span, None] = {}
            for line in whole.instructions:
                found.update(dict.fromkeys(line.own))
                found.update(dict.fromkeys(_within(line, inside)))
            inside[name] = tuple(found)
        return inside

    def _lend(self, inside: dict[str, tuple[Span, ...]]) -> None:
        """Give what has no place that of what it hands on, or of what it is made for: callers before callees."""
        calls: dict[str, list[Instruction]] = {}
        at: dict[str, Instruction] = {}
        for whole in self.computations.values():
            for line in whole.instructions:
                at[line.name] = line
                for called in line.called:
                    calls.setdefault(called, []).append(line)

        def has(line: Instruction) -> tuple[Span, ...]:
            return line.own or line.lent or _within(line, inside)[: SHARED + 1]

        def lend(line: Instruction, lenders: Iterable[Instruction]) -> None:
            found = dict.fromkeys(span for lender in lenders for span in has(lender))
            if len(found) <= SHARED:
                line.lent = tuple(found)

        backwards = list(reversed(self.computations.values()))
        for _ in range(2):
            for whole in backwards:
                callers = calls.get(whole.name, [])
                for line in whole.instructions:
                    if line.opcode == "parameter" and callers and not has(line):
                        lend(line, _givers(self.parsed.texts[line.line], callers, at))
                    elif not has(line) and self._moves(line):
                        lend(line, [at[name] for name in line.operands[:1] if name in at])
                self._lend_to_operands(whole, callers, has)

    def _moves(self, line: Instruction) -> bool:
        """Whether it only hands its first operand on, by itself or by what is fused into it."""
        if line.opcode != "fusion":
            return line.opcode in _MOVES
        fused = [inner for name in line.called for inner in self.computations[name].instructions]
        return len(line.operands) == 1 and all(inner.opcode in _MOVES | {"parameter"} for inner in fused)

    @staticmethod
    def _lend_to_operands(
        whole: Computation, callers: list[Instruction], has: Callable[[Instruction], tuple[Span, ...]]
    ) -> None:
        """From users to what they use; the result of a computation is its callers'."""
        users: dict[str, dict[Span, None]] = {}
        for line in reversed(whole.instructions):
            spans = has(line)
            if not spans and not (whole.entry and line.opcode == "parameter"):
                found = users.get(line.name, {})
                if line.root:
                    found = dict.fromkeys([*found, *(span for caller in callers for span in has(caller))])
                if len(found) <= SHARED:
                    spans = line.lent = tuple(found)
            for operand in line.operands:
                users.setdefault(operand, {}).update(dict.fromkeys(spans[: SHARED + 1]))

    def _split(self, text: str) -> None:
        parsed = self.parsed
        rows: dict[int, str] | None = None
        whole: Computation | None = None
        for row, full in enumerate(text.split("\n")):
            if full in self._rows:
                rows = self._rows[full]
                continue
            if rows is not None and full:
                key, _, entry = full.partition(" ")
                rows[int(key)] = entry
                continue
            rows = None
            if not full and (not parsed.texts or not parsed.texts[-1]):
                continue
            number = len(parsed.texts)
            if whole is not None and (match := _INSTRUCTION.match(full)):
                self._add(whole, match, full)
                continue
            if full.startswith("}") and whole is not None:
                parsed.folds.append((whole.line, number))
                whole.rows = whole.rows[0], row
                whole = None
            elif match := _COMPUTATION.match(full):
                whole = Computation(match[2], bool(match[1]), number, (row, row))
                self.computations[whole.name] = whole
            parsed.texts.append(cut(full))
            parsed.names.append("")
        while parsed.texts and not parsed.texts[-1]:
            parsed.texts.pop()
            parsed.names.pop()

    def _add(self, whole: Computation, match: re.Match[str], full: str) -> None:
        text, path, at = without_metadata(full)
        operator = _OPCODE.match(text, _type_end(text, match.end()))
        start = operator.end() if operator else match.end()
        end = _arguments_end(text, start)
        operands = _VALUE.findall(text, start, end) if operator and operator[1] != "constant" else []
        called = [name for name in _VALUE.findall(text, end) if name in self.computations] if "%" in text[end:] else []
        opcode = operator[1] if operator else ""
        number = len(self.parsed.texts)
        line = Instruction(number, match[2], opcode, bool(match[1]), operands, called, path, at)
        if line.opcode == "while":
            _note_loop(line, text[end:])
        elif line.opcode == "custom-call" and (target := _TARGET.search(text, end)):
            line.target = target[1]
        whole.instructions.append(line)
        self.parsed.texts.append(cut(text))
        self.parsed.names.append(f"%{line.name}={' '.join(f'%{name}' for name in operands)}")


def _note_loop(line: Instruction, attributes: str) -> None:
    if trips := _TRIPS.search(attributes):
        line.trips = int(trips[1])
    if body := _BODY.search(attributes):
        line.body = body[1]


def _within(line: Instruction, inside: dict[str, tuple[Span, ...]]) -> tuple[Span, ...]:
    if not line.called:
        return ()
    if len(line.called) == 1:
        return inside.get(line.called[0], ())
    return tuple(dict.fromkeys(span for name in line.called for span in inside.get(name, ())))


def _givers(text: str, callers: list[Instruction], at: dict[str, Instruction]) -> list[Instruction]:
    """What a parameter of a called computation is: an operand of a fusion, else whatever the callers are."""
    number = re.search(r"parameter\((\d+)\)", text)
    if number and all(caller.opcode in ("fusion", "call") for caller in callers):
        place = int(number[1])
        names = [caller.operands[place] for caller in callers if place < len(caller.operands)]
        return [at[name] for name in names if name in at]
    return callers


def _facts(line: Instruction, spans: tuple[Span, ...], *, entry: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": "instruction", "name": line.opcode, "spans": spans, "callers": line.callers}
    if line.path:
        facts |= {"path": line.path, "transforms": transforms_of(line.path)}
    if not spans:
        facts["unlinked"] = _why(line, entry=entry)
    return facts


def _why(line: Instruction, *, entry: bool) -> str:
    if line.opcode == "parameter":
        return "an argument of the call" if entry else "an argument of this computation"
    if line.opcode in _PLUMBING:
        return _PLUMBING[line.opcode]
    if line.path:
        return "JAX gives no source for it"
    article = "an" if line.opcode[:1] in "aeio" else "a"
    return f"{article} {line.opcode} that the compiler added"


def _type_end(text: str, start: int) -> int:
    """Where the type ends that begins at `start`; that of a tuple has spaces and brackets inside."""
    if not text.startswith("(", start):
        place = text.find(" ", start)
        return place if place >= 0 else len(text)
    return _arguments_end(text, start + 1) + 1


def _arguments_end(text: str, start: int) -> int:
    """The place of the bracket that closes one opened just before `start`."""
    depth = 1
    for match in _BRACKET.finditer(text, start):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.start()
    return len(text)
