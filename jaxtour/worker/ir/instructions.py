"""The instructions of optimised HLO, and how values go from one to the next through fusions, calls and loops."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .metadata import At
from .spans import Span

MOVES = frozenset({
    "async-done", "async-start", "async-update", "bitcast", "bitcast-convert", "convert", "copy", "copy-done",
    "copy-start", "dynamic-slice", "dynamic-update-slice", "get-tuple-element", "optimization-barrier", "reshape",
    "slice", "transpose",
})  # fmt: skip
"""What only hands its first operand on."""
DATA = MOVES | {"after-all", "broadcast", "constant", "iota", "parameter", "tuple"}
"""What computes nothing, and so is there for what uses it."""
_PASSES = ("fusion", "call")
"""Their operands are the parameters of what they call."""


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
    index: int = -1
    """Which parameter it is."""
    computation: str = ""
    """That it is in."""
    encloses: bool = False
    """Whether its path names only functions around it, so that its place is that of a call."""
    own: tuple[Span, ...] = ()
    """From its metadata, or proven otherwise."""
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


class Graph:
    """What uses what, across computations."""

    def __init__(self, computations: Mapping[str, Computation]) -> None:
        self._computations = computations
        self._at: dict[tuple[str, str], Instruction] = {}
        self._users: dict[tuple[str, str], list[Instruction]] = {}
        self._loops: dict[str, Instruction | None] = {}
        self.callers: dict[str, list[Instruction]] = {}
        """By computation."""
        for name, whole in computations.items():
            for each in whole.instructions:
                self._at[name, each.name] = each
                for operand in dict.fromkeys(each.operands):
                    self._users.setdefault((name, operand), []).append(each)
                for called in dict.fromkeys(each.called):
                    self.callers.setdefault(called, []).append(each)

    def inner(self, each: Instruction) -> Iterator[Instruction]:
        """What is in the computations of an instruction itself."""
        return (one for name in each.called for one in self._computations[name].instructions)

    def is_data(self, each: Instruction) -> bool:
        """Whether it computes nothing, by itself or by what is fused into it."""
        return all(map(self.is_data, self.inner(each))) if each.opcode == "fusion" else each.opcode in DATA

    def loop(self, computation: str) -> Instruction | None:
        """The innermost loop that a computation is in, by itself or in a fusion or a branch."""
        if computation not in self._loops:
            self._loops[computation] = None
            for caller in self.callers.get(computation, ()):
                found = caller if caller.opcode == "while" else self.loop(caller.computation)
                self._loops[computation] = self._loops[computation] or found
        return self._loops[computation]

    def users(self, each: Instruction) -> Iterator[Instruction]:
        """What the result goes to: inside of a fusion the parameter that it is, behind its end what uses the fusion."""
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
        """What the result is that of, where it was only moved: the operand, or whatever a parameter stands for."""
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
