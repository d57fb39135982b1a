"""What the compiler made without saying what for: linked by evidence, or not at all.

What computes something belongs to what proves to have asked for it: the name that it left to what moves its result, the
fusion that it ends, the reduction that it is the step of, the only expression that becomes such an operation, the loop
that it is in. Who merely uses its result may have asked for something else. What computes nothing, as a constant or a
copy, belongs to what its value is, or else to what uses it, where that is few expressions.
"""

from collections.abc import Callable, Iterable, Iterator

from .instructions import DATA, Computation, Graph, Instruction
from .metadata import Sources
from .spans import Span
from .stablehlo import SHARED

_FAR = 200
"""Instructions that are looked at to find what one of them serves."""
_UNMADE = {"dot": "dot_general", "convolution": "convolution", "cholesky": "cholesky", "fft": "fft", "sort": "sort"}
"""What the compiler does not make of anything else, by opcode the operation of StableHLO."""
_STEPS_OF = ("fusion", "call", "while", "conditional")
"""What has computations that are not the steps of a reduction, an ordering or such."""

Spans = tuple[Span, ...]


class Lender:
    """Gives the instructions of one module places that their metadata do not tell."""

    def __init__(self, computations: dict[str, Computation], sources: Sources) -> None:
        self._computations = computations
        self._sources = sources
        self._graph = Graph(computations)
        self._every = [line for whole in computations.values() for line in whole.instructions]
        self._data = {id(line) for line in self._every if self._graph.is_data(line)}
        self._arguments = {id(line) for each in computations.values() if each.entry for line in each.instructions}
        self.inside: dict[str, Spans] = {}
        """For each computation the expressions in it, those of what it calls included."""

    def lend(self) -> None:
        """Do it."""
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
            # JAX asked for it and told no place.
            if line.path and not self.has(line):
                line.own = self._sources.around
        self._look_inside()

    def within(self, line: Instruction) -> Spans:
        """The expressions in what it calls."""
        return tuple(dict.fromkeys(span for name in line.called for span in self.inside.get(name, ())))

    def has(self, line: Instruction) -> Spans:
        """The expressions that it is known to belong to."""
        return line.own or line.lent or self.within(line)[: SHARED + 1]

    def _set_aside(self) -> dict[int, tuple[Spans, str]]:
        """Take what tells only of something around, until no better is found: a call, or the loop that it is in."""
        vague = {}
        for line in self._every:
            loop = self._graph.loop(line.computation)
            # XLA gives what it makes inside of a loop all that the loop says of itself.
            copied = loop is not None and (loop.at, loop.path) == (line.at, line.path) and id(line) not in self._data
            # Equal constants become one, with the place of any of them.
            is_call = not line.called and line.opcode != "custom-call" and line.encloses
            if line.own and line.opcode != "while" and (copied or is_call or line.opcode == "constant"):
                vague[id(line)] = line.own, line.path
        for line in self._every:
            if id(line) in vague:
                line.own, line.path = (), ""
        return vague

    def _look_inside(self) -> None:
        """Callees come first."""
        self.inside = {}
        for name, whole in self._computations.items():
            found = (span for line in whole.instructions for span in (*line.own, *self.within(line)))
            self.inside[name] = tuple(dict.fromkeys(found))

    def _fall_back(self, line: Instruction, vague: dict[int, tuple[Spans, str]]) -> None:
        """The place of the call or the loop around, for what computes something and proves to be of nothing else."""
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
        """What is anew may have left its name to the move behind it: a bitcast that says `dot_general` is of a dot."""
        for user in self._along(line, self._graph.users):
            if user.own and not user.encloses and user.opcode in DATA:
                primitive = user.path.rpartition("/")[2]
                if primitive[:3] == line.opcode[:3]:
                    return user.own
        return ()

    def _first(self, line: Instruction, way: Callable[[Instruction], Iterator[Instruction]]) -> Spans:
        """The nearest places on a way; none where it parts to many."""
        found: dict[Span, None] = {}
        for other in self._along(line, way):
            found.update(dict.fromkeys(other.own or self.within(other)))
            if len(found) > SHARED:
                return ()
        return tuple(found)

    def _served(self, line: Instruction) -> Spans:
        """The places of what uses it, which are no argument's of the call itself: that is there for all."""
        if line.opcode == "parameter" and id(line) in self._arguments:
            return ()
        return self._first(line, self._graph.users)

    def _along(self, line: Instruction, way: Callable[[Instruction], Iterator[Instruction]]) -> Iterator[Instruction]:
        """What is on a way, up to where something is known and through what computes nothing."""
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
