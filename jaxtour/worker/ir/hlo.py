"""Parses the text of optimised HLO into clean lines, with the source of every instruction.

XLA writes `metadata={op_name=... stack_frame_id=7}` after an instruction from JAX, and four tables of frames; older
versions write `source_file=` and `source_line=` instead. Instructions that the compiler added have no metadata; they
are linked if there is evidence, and otherwise described.
"""

import re
from typing import Any

from .instructions import Computation, Instruction
from .lending import Lender
from .metadata import TABLES, Sources, StackFrames, without_metadata
from .origins import Parsed, Table, cut, transforms_of
from .paths import is_enclosing, is_of_branch, without_root
from .spans import Span

_COMPUTATION = re.compile(r"(ENTRY )?%?([\w.\-]+) (?:\(.*\) -> .*)?\{$")
_INSTRUCTION = re.compile(r"\s+(ROOT )?%?([\w.\-]+) = ")
_OPCODE = re.compile(r"\s*([a-z][\w\-]*)\(")
_VALUE = re.compile(r"%([\w.\-]+)")
_BRACKET = re.compile(r"[()]")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')
_BODY = re.compile(r"\bbody=%?([\w.\-]+)")
_TARGET = re.compile(r'custom_call_target="([^"]*)"')
_PLUMBING = {
    "constant": "a constant",
    "tuple": "results packed into a tuple",
    "get-tuple-element": "one element of a tuple",
    "after-all": "a token that only orders operations",
    "partition-id": "the device's number",
    "replica-id": "the device's number",
}


class HloReader:
    """The parsed text of one module."""

    def __init__(self, text: str) -> None:
        self.parsed = Parsed()
        self.computations: dict[str, Computation] = {}
        self._rows: dict[str, dict[int, str]] = {name: {} for name in TABLES}
        self._split(text)

    def opcodes(self) -> list[str]:
        """Return the opcodes, sorted, without duplicates."""
        return sorted({line.opcode for whole in self.computations.values() for line in whole.instructions})

    def read(self, table: Table, sources: Sources) -> Parsed:
        """Return the lines with their origins."""
        frames = StackFrames(self._rows, sources)
        for whole in self.computations.values():
            for line in whole.instructions:
                line.own, line.callers = frames.of(line.at, line.path)
                line.encloses = is_enclosing(line.path)
                # An argument's `op_name` is its name, not a path.
                is_path = "/" in line.path or "(" in line.path
                line.path = without_root(line.path, sources.root) if is_path else ""
                # In a function that JAX lowered once for several calls, an instruction may have only a path; in a
                # branch of a `cond`, its frame may be that of the whole `cond`.
                only = sources.paths.get(line.path)
                if only and (not line.own or (set(line.own) <= set(only.callers) and is_of_branch(line.path))):
                    line.own, line.callers = only.spans, only.callers
        lender = Lender(self.computations, sources)
        lender.lend()
        parsed = self.parsed
        parsed.lines = [table.add(kind="other")] * len(parsed.texts)
        known: dict[Any, int] = {}
        for whole in self.computations.values():
            for line in whole.instructions:
                if line.lent:
                    line.callers = ()
                spans = tuple(dict.fromkeys((*(line.own or line.lent), *lender.within(line))))
                if spans:
                    # JAX caches the lowering of an equal call; the frames are then only that call's.
                    missing = (span for span in sources.around if span not in (*spans, *line.callers))
                    line.callers = (*line.callers, *missing)
                key = (line.opcode, line.path, line.at, spans, line.own, line.callers)
                if key not in known:
                    known[key] = table.add(**_facts(line, spans, entry=whole.entry))
                parsed.lines[line.line] = known[key]
        return parsed

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
            parsed.add(cut(full))
        while parsed.texts and not parsed.texts[-1]:
            for column in (parsed.texts, parsed.names, parsed.typed):
                column.pop()

    def _add(self, whole: Computation, match: re.Match[str], full: str) -> None:
        text, path, at = without_metadata(full)
        type_end = _type_end(text, match.end())
        operator = _OPCODE.match(text, type_end)
        start = operator.end() if operator else match.end()
        end = _arguments_end(text, start)
        operands = _VALUE.findall(text, start, end) if operator and operator[1] != "constant" else []
        called = [name for name in _VALUE.findall(text, end) if name in self.computations] if "%" in text[end:] else []
        opcode = operator[1] if operator else ""
        number = len(self.parsed.texts)
        line = Instruction(number, match[2], opcode, bool(match[1]), operands, called, path, at)
        line.computation = whole.name
        if line.opcode == "parameter":
            line.index = int(text[start:end])
        elif line.opcode == "while":
            _note_loop(line, text[end:])
        elif line.opcode == "custom-call" and (target := _TARGET.search(text, end)):
            line.target = target[1]
        whole.instructions.append(line)
        place = self.parsed.types.add(cut(text[match.end() : type_end]), number)
        names = f"%{line.name}={' '.join(f'%{name}' for name in operands)}"
        self.parsed.add(cut(text), names, f"i{place}" if line.opcode == "parameter" else str(place))


def _note_loop(line: Instruction, attributes: str) -> None:
    if trips := _TRIPS.search(attributes):
        line.trips = int(trips[1])
    if body := _BODY.search(attributes):
        line.body = body[1]


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
        return "JAX recorded no source for it"
    article = "an" if line.opcode[:1] in "aeio" else "a"
    return f"{article} {line.opcode} that the compiler added"


def _type_end(text: str, start: int) -> int:
    """Return the end of the type that begins at `start`; a tuple's type contains spaces and brackets."""
    if not text.startswith("(", start):
        place = text.find(" ", start)
        return place if place >= 0 else len(text)
    return _arguments_end(text, start + 1) + 1


def _arguments_end(text: str, start: int) -> int:
    """Return the index of the bracket that closes one opened just before `start`."""
    depth = 1
    for match in _BRACKET.finditer(text, start):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.start()
    return len(text)
