"""Finds where a jaxpr uses its inputs and makes its outputs, including inside the functions that it calls."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.equations import Equation, Jaxpr, jaxpr_of

_MOST = 20_000
"""The most equations to visit; calls beyond that count as uses themselves."""


class LeafLines(NamedTuple):
    """Lines of the stage, ascending."""

    inputs: tuple[tuple[int, ...], ...]
    """For each input, the equations that use it."""
    outputs: tuple[tuple[int, ...], ...]
    """For each output, the equation that makes it; empty for an input that is passed through."""


@lru_cache(maxsize=4)
def leaf_lines(stage: StageText) -> LeafLines:
    """Return where the inputs and outputs of a stage's jaxpr are used and made; empty where that is unknown."""
    try:
        jaxpr = jaxpr_of(stage)
    except ValueError:
        return LeafLines((), ())
    flow = _Flow(len(jaxpr.inputs))
    flow.follow(jaxpr, {bound.name: {place} for place, bound in enumerate(jaxpr.inputs)})
    made = (flow.made(jaxpr, output.text) for output in jaxpr.outputs)
    outputs = tuple(() if line is None else (line,) for line in made)
    return LeafLines(tuple(tuple(sorted(lines)) for lines in flow.lines), outputs)


class _Flow:
    """Follows inputs to their uses, and outputs to where they are made."""

    def __init__(self, count: int) -> None:
        self.lines: list[set[int]] = [set() for _ in range(count)]
        """For each input, the lines that use it."""
        self._seen = 0
        # By the line of a jaxpr, since a function may be called hundreds of times.
        self._equations: dict[int, list[Equation]] = {}
        self._makers: dict[int, dict[str, tuple[Equation, int]]] = {}

    def _of(self, jaxpr: Jaxpr) -> list[Equation]:
        if jaxpr.line not in self._equations:
            self._equations[jaxpr.line] = list(jaxpr.equations)
        return self._equations[jaxpr.line]

    def follow(self, jaxpr: Jaxpr, held: Mapping[str, set[int]]) -> None:
        """Add the equations that use variables which hold inputs."""
        for equation in self._of(jaxpr):
            self._seen += 1
            used = [held.get(operand.text, set()) for operand in equation.operands]
            if not any(used):
                continue
            body = _body(equation)
            if body is None or len(body.inputs) != len(used) or self._seen > _MOST:
                for place in set().union(*used):
                    self.lines[place].add(equation.line)
                continue
            inner: dict[str, set[int]] = {}
            for bound, places in zip(body.inputs, used, strict=True):
                inner.setdefault(bound.name, set()).update(places)
            self.follow(body, inner)

    def made(self, jaxpr: Jaxpr, name: str) -> int | None:
        """Return the line that makes a variable; None for an input or a constant."""
        if jaxpr.line not in self._makers:
            makers = self._makers[jaxpr.line] = {}
            for equation in self._of(jaxpr):
                makers |= {bound.name: (equation, place) for place, bound in enumerate(equation.outs)}
        if (found := self._makers[jaxpr.line].get(name)) is None:
            return None
        equation, place = found
        body = _body(equation)
        inside = body is not None and len(body.outputs) == len(equation.outs)
        line = self.made(body, body.outputs[place].text) if body and inside else None
        return equation.line if line is None else line


def _body(equation: Equation) -> Jaxpr | None:
    """Return the jaxpr of a call, whose inputs are the equation's operands."""
    return equation.bodies[0] if len(equation.bodies) == 1 else None
