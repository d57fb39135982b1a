"""Where a jaxpr uses its inputs and makes its outputs, also inside the functions that it calls."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.equations import Equation, Jaxpr, jaxpr_of

_MOST = 20_000
"""Equations looked at; calls beyond that count as uses themselves."""


class LeafLines(NamedTuple):
    """Lines of the stage, ascending."""

    inputs: tuple[tuple[int, ...], ...]
    """Of each input, the equations that use it."""
    outputs: tuple[tuple[int, ...], ...]
    """Of each output, the equation that makes it; empty for an input that is handed through."""


@lru_cache(maxsize=4)
def leaf_lines(stage: StageText) -> LeafLines:
    """Where the inputs and outputs of a stage's jaxpr are used and made; empty where that is not known."""
    try:
        jaxpr = jaxpr_of(stage)
    except ValueError:
        return LeafLines((), ())
    uses = _Uses(len(jaxpr.inputs))
    uses.follow(jaxpr, {bound.name: {place} for place, bound in enumerate(jaxpr.inputs)})
    made = (_made(jaxpr, output.text) for output in jaxpr.outputs)
    outputs = tuple(() if line is None else (line,) for line in made)
    return LeafLines(tuple(tuple(sorted(lines)) for lines in uses.lines), outputs)


class _Uses:
    def __init__(self, count: int) -> None:
        self.lines: list[set[int]] = [set() for _ in range(count)]
        self._seen = 0

    def follow(self, jaxpr: Jaxpr, held: Mapping[str, set[int]]) -> None:
        """Add the equations that use variables which hold inputs."""
        for equation in jaxpr.equations:
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


def _body(equation: Equation) -> Jaxpr | None:
    """The jaxpr of a call, whose inputs are the equation's operands."""
    return equation.bodies[0] if len(equation.bodies) == 1 else None


def _made(jaxpr: Jaxpr, name: str) -> int | None:
    for equation in jaxpr.equations:
        names = [bound.name for bound in equation.outs]
        if name in names:
            body = _body(equation)
            inside = body is not None and len(body.outputs) == len(names)
            found = _made(body, body.outputs[names.index(name)].text) if body and inside else None
            return equation.line if found is None else found
    return None
