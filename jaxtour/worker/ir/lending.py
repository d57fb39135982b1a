"""Links instructions that the compiler made without a source: by evidence, or not at all.

For an instruction that computes, evidence is what shows its origin: a move of its result that kept the name, the fusion
whose root it is, the reduction that it is a step of, the only expression that lowers to such an operation, or the loop
around it. A mere user of its result proves nothing. An instruction that computes nothing, such as a constant or a copy,
gets the source of its value, or else of its users, if these are few expressions.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from .instructions import DATA, Computation, Instruction, InstructionGraph
from .metadata import Sources
from .paths import last_name
from .spans import Span
from .stablehlo import SHARED

_FAR = 200
"""The most instructions visited to find the users of one."""
_UNMADE = {"dot": "dot_general", "convolution": "convolution", "cholesky": "cholesky", "fft": "fft", "sort": "sort"}
"""Opcodes that the compiler makes only from the StableHLO operation named here."""
_MADE = re.compile(r"[a-z-]+\.\d+")
"""The last name of an instruction that XLA made; JAX's names are those of primitives, which have no dot."""
_STEPS_OF = ("fusion", "call", "while", "conditional")
"""Opcodes whose computations are not steps of a reduction, a sort or the like."""

Spans = tuple[Span, ...]


class Lender:
    """Adds links to the instructions of one module that their metadata do not give."""

    def __init__(self, computations: dict[str, Computation], sources: Sources) -> None:
        self._computations = computations
        self._sources = sources
        self._graph = InstructionGraph(computations)
        self._every = [line for whole in computations.values() for line in whole.instructions]
        self._data = {id(line) for line in self._every if self._graph.is_data(line)}
        self._arguments = {id(line) for each in computations.values() if each.entry for line in each.instructions}
        self.inside: dict[str, Spans] = {}
        """For each computation, the expressions inside it, callees included."""

    def lend(self) -> None:
        """Link every instruction that has evidence."""
        vague = self._set_aside()
        self._look_inside()
        computing = [line for line in self._every if id(line) not in self._data]
        missing = [line for line in computing if not line.own]
        for line in missing:
            line.own = self._proven(line)
        self._look_inside()
        for line in missing:
            if not line.own and not self.within(line):
                self._fall_back(line, vague)
        self._look_inside()
        for line in self._every:
            if id(line) in self._data and not self.has(line):
                line.lent = self._first(line, self._graph.values) or self._served(line)
        for line, (own, path) in ((line, vague[id(line)]) for line in self._every if id(line) in vague):
            if not (line.lent or line.own):
                line.own, line.path = own, path
        for line in self._every:
            # JAX made it but gave no source.
            if line.path and not self.has(line):
                line.own = self._sources.around
        self._look_inside()

    def within(self, line: Instruction) -> Spans:
        """Return the expressions inside the computations it calls."""
        return tuple(dict.fromkeys(span for name in line.called for span in self.inside.get(name, ())))

    def has(self, line: Instruction) -> Spans:
        """Return the expressions it is linked to."""
        return line.own or line.lent or self.within(line)[: SHARED + 1]

    def _set_aside(self) -> dict[int, tuple[Spans, str]]:
        """Set aside links that only name a surrounding call or loop: they serve if no better one is found."""
        vague = {}
        for line in self._every:
            loop = self._graph.loop(line.computation)
            # XLA copies a loop's metadata to instructions that it creates inside the loop.
            copied = loop is not None and (loop.at, loop.path) == (line.at, line.path) and id(line) not in self._data
            # XLA merges equal constants and keeps the metadata of one.
            is_call = not line.called and line.opcode != "custom-call" and line.encloses
            # XLA names what it makes of a constant after the call around that: `jit(f)/shard_map/broadcast.12`.
            is_made = id(line) in self._data and not line.called and _MADE.fullmatch(last_name(line.path)) is not None
            if line.own and line.opcode != "while" and (copied or is_call or is_made or line.opcode == "constant"):
                vague[id(line)] = line.own, line.path
        for line in self._every:
            if id(line) in vague:
                line.own, line.path = (), ""
        return vague

    def _look_inside(self) -> None:
        """Collect the expressions of each computation; callees come first."""
        self.inside = {}
        for name, whole in self._computations.items():
            found = (span for line in whole.instructions for span in (*line.own, *self.within(line)))
            self.inside[name] = tuple(dict.fromkeys(found))

    def _fall_back(self, line: Instruction, vague: dict[int, tuple[Spans, str]]) -> None:
        """Use the surrounding call or loop, for an instruction that computes and has no other evidence."""
        if id(line) in vague:
            line.own, line.path = vague[id(line)]
        elif loop := self._graph.loop(line.computation):
            line.own, line.callers = loop.own, loop.callers

    def _proven(self, line: Instruction) -> Spans:
        callers = self._graph.callers.get(line.computation, ())
        if found := self._left_behind(line):
            return found
        for caller in callers:
            if caller.opcode == "fusion" and line.root and not caller.encloses and caller.own:
                return caller.own
        if callers and all(caller.opcode not in _STEPS_OF for caller in callers):
            found = tuple(dict.fromkeys(span for caller in callers for span in caller.own))
            return found if len(found) <= SHARED else ()
        if kind := _UNMADE.get(line.opcode):
            loop = self._graph.loop(line.computation)
            return self._sources.only(f"stablehlo.{kind}", loop.path if loop else "")
        return ()

    def _left_behind(self, line: Instruction) -> Spans:
        """Return the link of a later move that kept its name: a bitcast named `dot_general` comes from a dot."""
        for user in self._along(line, self._graph.users):
            if user.own and not user.encloses and user.opcode in DATA:
                primitive = user.path.rpartition("/")[2]
                if primitive[:3] == line.opcode[:3]:
                    return user.own
        return ()

    def _first(self, line: Instruction, way: Callable[[Instruction], Iterator[Instruction]]) -> Spans:
        """Return the nearest expressions along a path; empty if there are too many."""
        found: dict[Span, None] = {}
        for other in self._along(line, way):
            found.update(dict.fromkeys(other.own or self.within(other)))
            if len(found) > SHARED:
                return ()
        return tuple(found)

    def _served(self, line: Instruction) -> Spans:
        """Return the expressions of its users; empty for an argument of the call itself, which serves all of it."""
        if line.opcode == "parameter" and id(line) in self._arguments:
            return ()
        return self._first(line, self._graph.users)

    def _along(self, line: Instruction, way: Callable[[Instruction], Iterator[Instruction]]) -> Iterator[Instruction]:
        """Yield the instructions along a path, up to linked ones, and only through those that compute nothing."""
        waiting: list[Instruction] = [line]
        seen = {id(line)}
        while waiting and len(seen) < _FAR:
            for other in _unseen(way(waiting.pop(0)), seen):
                yield other
                if id(other) in self._data and not other.own:
                    waiting.append(other)


def _unseen(found: Iterable[Instruction], seen: set[int]) -> Iterator[Instruction]:
    for each in found:
        if id(each) not in seen:
            seen.add(id(each))
            yield each
