"""The instructions of optimised HLO, and the flow of values between them through fusions, calls and loops."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .metadata import At
from .spans import Span

MOVES = frozenset({
    "async-done", "async-start", "async-update", "bitcast", "bitcast-convert", "convert", "copy", "copy-done",
    "copy-start", "dynamic-slice", "dynamic-update-slice", "get-tuple-element", "optimization-barrier", "reshape",
    "slice", "transpose",
})  # fmt: skip
"""Opcodes that pass on their first operand."""
DATA = MOVES | {"after-all", "broadcast", "constant", "iota", "parameter", "tuple"}
"""Opcodes that compute nothing: they exist for their users."""
_PASSES = ("fusion", "call")
"""The operands of these are the parameters of the computation they call."""


@dataclass
class Instruction:
    """One line that defines a value."""

    line: int
    name: str
    opcode: str
    root: bool
    operands: list[str]
    called: list[str]
    path: str = ""
    at: At = 0
    """Its source according to its metadata."""
    trips: int | None = None
    """The trip count of a `while`, if the compiler knows it."""
    body: str = ""
    """The computation that a `while` repeats."""
    target: str = ""
    """The target of a `custom-call`."""
    index: int = -1
    """The parameter's number."""
    computation: str = ""
    encloses: bool = False
    """Whether its path names only enclosing functions: its place is then that of a call."""
    own: tuple[Span, ...] = ()
    """Expressions from its metadata, or from other evidence."""
    callers: tuple[Span, ...] = ()
    lent: tuple[Span, ...] = ()
    """Expressions of the instructions that use it."""


@dataclass
class Computation:
    """A computation of HLO, with its instructions in order."""

    name: str
    entry: bool
    line: int = 0
    rows: tuple[int, int] = (0, 0)
    """Its first and last line in the compiler's text."""
    instructions: list[Instruction] = field(default_factory=list)


class InstructionGraph:
    """Definitions and uses of values, across computations."""

    def __init__(self, computations: Mapping[str, Computation]) -> None:
        self._computations = computations
        self._at: dict[tuple[str, str], Instruction] = {}
        self._users: dict[tuple[str, str], list[Instruction]] = {}
        self._loops: dict[str, Instruction | None] = {}
        self.callers: dict[str, list[Instruction]] = {}
        """The instructions that call each computation."""
        for name, whole in computations.items():
            for each in whole.instructions:
                self._at[name, each.name] = each
                for operand in dict.fromkeys(each.operands):
                    self._users.setdefault((name, operand), []).append(each)
                for called in dict.fromkeys(each.called):
                    self.callers.setdefault(called, []).append(each)

    def inner(self, each: Instruction) -> Iterator[Instruction]:
        """Return the instructions inside the computations that an instruction calls."""
        return (one for name in each.called for one in self._computations[name].instructions)

    def is_data(self, each: Instruction) -> bool:
        """Return whether it computes nothing, and nothing inside its fusion does."""
        return all(map(self.is_data, self.inner(each))) if each.opcode == "fusion" else each.opcode in DATA

    def loop(self, computation: str) -> Instruction | None:
        """Return the innermost loop around a computation, also through fusions and branches."""
        if computation not in self._loops:
            self._loops[computation] = None
            for caller in self.callers.get(computation, ()):
                found = caller if caller.opcode == "while" else self.loop(caller.computation)
                self._loops[computation] = self._loops[computation] or found
        return self._loops[computation]

    def users(self, each: Instruction) -> Iterator[Instruction]:
        """Yield the users of the result: inside a fusion the matching parameter, after its root the fusion's users."""
        for user in self._users.get((each.computation, each.name), ()):
            if user.opcode not in _PASSES:
                yield user
                continue
            for one in self.inner(user):
                if one.opcode == "parameter" and user.operands[one.index : one.index + 1] == [each.name]:
                    yield one
        if each.root:
            for caller in self.callers.get(each.computation, ()):
                yield from self.users(caller) if caller.opcode in _PASSES else (caller,)

    def values(self, each: Instruction) -> Iterator[Instruction]:
        """Yield the sources of a result that was only moved: the operand, or the value that a parameter receives."""
        if each.opcode == "parameter":
            for caller in self.callers.get(each.computation, ()):
                if caller.opcode not in _PASSES:
                    yield caller
                elif name := caller.operands[each.index : each.index + 1]:
                    yield from self._named(caller.computation, *name)
        elif each.opcode in MOVES or (each.opcode == "fusion" and len(each.operands) == 1):
            yield from self._named(each.computation, *each.operands[:1])

    def _named(self, computation: str, name: str = "") -> Iterator[Instruction]:
        if (found := self._at.get((computation, name))) is not None:
            yield found
