"""The stages of a call after its jaxpr: StableHLO from JAX's lowering, the compiler's HLO, and its cost."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax

from .. import compat
from ..memory.analysis import memory
from ..runner.execute import Workspace
from ..runner.failures import attempt
from ..runner.programs import FirstRun
from ..runner.writer import Event
from ..values.told import values, values_of_program
from . import hlo, lens, stablehlo
from .cost import cost
from .earlier import Earlier, StartPlace, start_of
from .metadata import Sources
from .origins import Parsed, Table, pieces
from .spans import Span, span
from .walk import Walk

Say = Callable[[Event], None]


@dataclass
class Staged:
    """One lowered call, compiled on demand."""

    lowered: Any
    root: str
    """The first name of every path, absent from the jaxpr: the function that is jitted only to lower the call."""
    around: tuple[Span, ...]
    known: frozenset[StartPlace] | None = None
    """The places in the learner's code that its jaxpr comes from; None if unknown."""
    exact: dict[str, tuple[Span, int]] = field(default_factory=dict)
    """The expression and the number of the equations with a path, if they share one expression."""
    earlier: Earlier = field(default_factory=Earlier)
    """The frames that one equation may leave in front of another's."""
    call: lens.Call | None = None
    """The call that runs it; None for a recorded program."""
    is_jitted: bool = False
    """Whether the learner's own function is called, and not one that is jitted only to lower the call."""

    def place(
        self, file: str, line: int, column: int, end_line: int, end_column: int, function: str = ""
    ) -> Span | None:
        """Return the learner's expression at a frame; None if it belongs to an equal call that was lowered before.

        JAX caches its lowering of library functions; the oldest supported JAX keeps the places of the first call in it.
        """
        found = span(file, line, column, end_line, end_column, function)
        if found is None or (self.known is not None and start_of(found) not in self.known):
            return None
        return found

    @cached_property
    def module(self) -> stablehlo.StableHloReader:
        """The StableHLO, parsed."""
        text = self.lowered.as_text(debug_info=True)
        if not text:
            raise lens.LensError("this backend does not provide StableHLO text")
        return stablehlo.StableHloReader(str(text), self.place, self.root, self.exact, self.earlier)

    @cached_property
    def compiled(self) -> Any:
        """The compiled call."""
        return self.lowered.compile()

    @cached_property
    def text(self) -> str:
        """The optimised HLO as the compiler writes it."""
        text = self.compiled.as_text()
        if not text:
            raise lens.LensError("this backend does not provide the compiled HLO as text")
        return str(text)

    @cached_property
    def optimised(self) -> hlo.HloReader:
        """The optimised HLO, parsed."""
        return hlo.HloReader(self.text)

    @cached_property
    def _links(self) -> tuple[Table, Parsed]:
        table, module = Table(), self.module
        around, earlier = self.around, self.earlier
        sources = Sources(self.place, module.beginning_at, module.paths(), module.only, self.root, around, earlier)
        return table, self.optimised.read(table, sources)

    @property
    def linked(self) -> hlo.HloReader:
        """The optimised HLO, each instruction with its links."""
        assert self._links
        return self.optimised

    def stablehlo(self) -> tuple[Table, Parsed, dict[str, Any]]:
        """Return the table of origins, the lines, and fields for the last piece."""
        table = Table()
        return table, self.module.read(table, self.around), {}

    def hlo(self) -> tuple[Table, Parsed, dict[str, Any]]:
        """Return the origins and lines of the optimised HLO, with its cost and its memory."""
        table, parsed = self._links
        held, error = attempt(memory, self.compiled, self.optimised)
        priced = cost(self.compiled, self.text, self.optimised)
        return table, parsed, {"cost": priced, "memory": {"error": lens.why_not(error)} if error else held}


@dataclass
class Stages:
    """The stages of a cell's traced calls, kept between requests."""

    workspace: Workspace
    calls: list[dict[str, Any]]
    written: list[lens.Expression | None]
    """Each call as the step makes it."""
    _made: dict[int, Staged] = field(default_factory=dict)

    def look(
        self, index: int, stage: str, say: Say, tick: Callable[[int], None], first: FirstRun | None = None
    ) -> None:
        """Send the pieces of one stage of one call, or one line that says why there are none.

        `tick` is called with the number of equations evaluated so far; `first` has a recorded program's inputs.
        """
        head = {"event": "stage", "index": index, "stage": stage}
        found, error = attempt(self._read, index, stage, tick, first)
        if found is None:
            say({**head, "error": lens.why_not(error) if error else "this step has no such call"})
            return
        table, parsed, last = found
        for piece in pieces(head, parsed, table, **last):
            say(piece)

    def opcodes(self, index: int) -> list[str]:
        """Return the opcodes of one call; raises the errors of lowering and compiling."""
        return self.staged(index).optimised.opcodes()

    def _read(
        self, index: int, stage: str, tick: Callable[[int], None], first: FirstRun | None
    ) -> tuple[Table, Parsed, dict[str, Any]]:
        if stage == "values":
            if (program := self.calls[index].get("program") if 0 <= index < len(self.calls) else None) is not None:
                return values_of_program(program, first, tick)
            return values(self.workspace, self._written(index), tick)
        if stage not in ("stablehlo", "hlo"):
            raise lens.LensError(f"unknown stage: {stage}")
        staged = self.staged(index)
        return staged.hlo() if stage == "hlo" else staged.stablehlo()

    def staged(self, index: int) -> Staged:
        """Return one call, lowered; raises the errors of lowering."""
        if index not in self._made:
            if not 0 <= index < len(self.calls):
                raise lens.LensError("this step has no such call")
            if (program := self.calls[index].get("program")) is not None:
                root = f"jit({program.lowering.name})"
                around = (program.around,) if program.around else ()
                self._made[index] = Staged(program.lowered(), root, around, *_places(program.jaxpr, around))
                return self._made[index]
            self._made[index] = staged(self.workspace, self._written(index))
        return self._made[index]

    def _written(self, index: int) -> lens.Expression:
        if not 0 <= index < len(self.calls):
            raise lens.LensError("this step has no such call")
        if why := self.calls[index].get("error"):
            raise lens.LensError(why)
        return self.written[index] or lens.expression(self.calls[index]["call"])


def staged(workspace: Workspace, source: lens.Expression) -> Staged:
    """Lower a call as the learner's code would: a jitted function as it is, any other through its jaxpr."""
    around = (source.span,) if source.span else ()
    call = lens.parse_call(workspace, source.awaited)
    if call is not None and compat.is_jitted(call.function):
        lowered = call.function.lower(*call.args, **call.kwargs)
        return Staged(lowered, "", around, *_places(lens.trace(call).jaxpr, around), call, is_jitted=True)
    jaxpr, inputs, _ = lens.trace(call) if call is not None else lens.traced_of(workspace, source)
    computes = compat.jaxpr_function(jaxpr)
    if computes is None:
        raise lens.LensError("not available on this version of JAX")

    def function(*values: Any) -> Any:
        return computes(*values)

    name = getattr(call.function, "__name__", "") if call is not None else ""
    function.__name__ = function.__qualname__ = name if str(name).isidentifier() else "call"
    root, jitted = f"jit({function.__name__})", jax.jit(function)
    made = lens.Call(jitted, tuple(inputs), {})
    return Staged(jitted.lower(*inputs), root, around, *_places(jaxpr, around), made)


def _places(jaxpr: Any, around: tuple[Span, ...]) -> tuple[frozenset[StartPlace], dict[str, tuple[Span, int]], Earlier]:
    """Return the places that a jaxpr comes from; by path, the expression and the number of its equations; and frames.

    A path is left out unless its equations share one expression. The frames are those of earlier calls.
    """
    walk = Walk(jaxpr, around)
    rows = walk.table.rows
    found = (span for row in rows for span in (*row.get("spans", ()), *row.get("callers", ())))
    known = frozenset(map(start_of, found)) - frozenset(map(start_of, walk.outdated))
    exact: dict[str, set[Span]] = {}
    counts: Counter[str] = Counter()
    for place, count in walk.counts.items():
        path = rows[place].get("path", "")
        exact.setdefault(path, set()).update(rows[place].get("spans", ()))
        counts[path] += count
    single = {path: (spans.pop(), counts[path]) for path, spans in exact.items() if path and len(spans) == 1}
    return known, single, Earlier(walk, known)
