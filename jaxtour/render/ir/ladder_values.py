"""Flattens a jaxpr's equations, each with its operands as values, independent of names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.equations import Equation, Jaxpr, Operand, jaxpr_of

MOST = 20_000
"""The most equations; the bodies of later ones are ignored."""
TRANSPARENT = frozenset({
    "jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint", "custom_jvp_call", "custom_vjp_call",
    "custom_vjp_call_jaxpr",
})  # fmt: skip
"""Primitives that only wrap: their operands are their body's inputs, and its outputs are their results."""
SHAPING = frozenset({"broadcast_in_dim", "reshape", "transpose", "squeeze", "expand_dims", "copy", "pvary"})
"""Primitives that change no number."""

ValueSource: TypeAlias = tuple[str | int, ...]
"""The source of a value: `("input", 0)`, `("equation", 7, 0)`, `("body", 7, 0, 2)`, `("literal", "2.0:f32[]")`."""


@dataclass(frozen=True, slots=True)
class LadderEntry:
    """An equation in the flat list."""

    equation: Equation
    depth: int
    """The number of jaxprs around it."""
    operands: tuple[ValueSource, ...]
    tree: int
    """A hash of the expression that it computes: equal for the same operations on the same inputs in any shape."""


class FlatJaxpr:
    """A jaxpr as a flat list of equations, each before those inside it."""

    def __init__(self, stage: StageText) -> None:
        """Flatten the jaxpr of a stage; raises `ValueError` if the stage has none."""
        self.jaxpr: Jaxpr = jaxpr_of(stage)
        self.entries: list[LadderEntry] = []
        self.types: dict[ValueSource, str] = {}
        self.bodies: dict[tuple[int, int], int] = {}
        """The number of inputs of each body, by the equation's and the body's index."""
        self._trees: dict[ValueSource, int] = {}
        scope: dict[str, ValueSource] = {}
        for kind, names in (("constant", self.jaxpr.constants), ("input", self.jaxpr.inputs)):
            for place, bound in enumerate(names):
                scope[bound.name] = value = (kind, place)
                self._note(value, bound.type, hash(value))
        self.inputs = tuple(bound.type for bound in (*self.jaxpr.constants, *self.jaxpr.inputs))
        self.outputs = self._row(self.jaxpr, scope, 0)

    def type_of(self, value: ValueSource) -> str:
        """Return a value's type, as printed."""
        return str(value[1]).rpartition(":")[2] if value[0] == "literal" else self.types.get(value, "")

    def entry_of(self, value: ValueSource) -> LadderEntry | None:
        """Return the equation that computes a value; None for other values."""
        return self.entries[int(value[1])] if value[0] == "equation" else None

    def _row(self, jaxpr: Jaxpr, scope: dict[str, ValueSource], depth: int) -> tuple[ValueSource, ...]:
        for equation in jaxpr.equations:
            operands = tuple(_value(operand, scope) for operand in equation.operands)
            place = len(self.entries)
            tree = self._tree(equation, operands)
            self.entries.append(LadderEntry(equation, depth, operands, tree))
            results = self._inside(equation, place, operands, depth) if equation.bodies and place < MOST else None
            for number, bound in enumerate(equation.outs):
                value: ValueSource = results[number] if results else ("equation", place, number)
                if not results:
                    self._note(value, bound.type, hash((tree, number)) if number else tree)
                if bound.name != "_":
                    scope[bound.name] = value
        return tuple(_value(operand, scope) for operand in jaxpr.outputs)

    def _inside(
        self, equation: Equation, place: int, operands: Sequence[ValueSource], depth: int
    ) -> tuple[ValueSource, ...] | None:
        """Add the bodies' equations; return the outputs of a body that is only wrapped, otherwise None."""
        bodies = equation.bodies
        wraps = equation.name in TRANSPARENT and len(bodies) == 1 and len(bodies[0].inputs) == len(operands)
        results: tuple[ValueSource, ...] = ()
        for number, body in enumerate(bodies):
            scope: dict[str, ValueSource] = {}
            self.bodies[place, number] = len(body.inputs)
            for at, bound in enumerate((*body.inputs, *body.constants)):
                if wraps and at < len(operands):
                    scope[bound.name] = operands[at]
                else:
                    scope[bound.name] = value = ("body", place, number, at)
                    self._note(value, bound.type, hash((self.entries[place].tree, number, at)))
            results = self._row(body, scope, depth + 1)
        return results if wraps and len(results) == len(equation.outs) else None

    def _note(self, value: ValueSource, type_: str, tree: int) -> None:
        self.types[value] = type_
        self._trees[value] = tree

    def _tree(self, equation: Equation, operands: Sequence[ValueSource]) -> int:
        trees = [self._trees.get(value, hash(value)) for value in operands]
        if equation.name in SHAPING and trees:
            return trees[0]
        return hash((equation.name, *trees))


def _value(operand: Operand, scope: dict[str, ValueSource]) -> ValueSource:
    return ("literal", operand.text) if operand.literal else scope.get(operand.text, ("unknown", operand.text))
