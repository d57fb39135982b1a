"""The equations of a whole jaxpr in one row, each with the values that it is applied to, whatever their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.equations import Equation, Jaxpr, Operand, jaxpr_of

MOST = 20_000
"""Equations; bodies beyond are not looked into."""
TRANSPARENT = frozenset({
    "jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint", "custom_jvp_call", "custom_vjp_call",
    "custom_vjp_call_jaxpr",
})  # fmt: skip
"""Primitives that only wrap: what goes in is what their body starts from, and what comes out is what it returns."""
SHAPING = frozenset({"broadcast_in_dim", "reshape", "transpose", "squeeze", "expand_dims", "copy", "pvary"})
"""Primitives that leave every number as it is."""

Value: TypeAlias = tuple[str | int, ...]
"""Where a number comes from: `("input", 0)`, `("equation", 7, 0)`, `("body", 7, 0, 2)`, `("literal", "2.0:f32[]")`."""


@dataclass(frozen=True, slots=True)
class LadderEntry:
    """One equation of a row."""

    equation: Equation
    depth: int
    """In how many jaxprs it is nested."""
    operands: tuple[Value, ...]
    tree: int
    """A hash of the expression that it computes: alike where the same is done to the same inputs in any shape."""


class Side:
    """A jaxpr as a row of equations, each before those inside it."""

    def __init__(self, stage: StageText) -> None:
        """Read it; `ValueError` where the stage has no jaxpr."""
        self.jaxpr: Jaxpr = jaxpr_of(stage)
        self.entries: list[LadderEntry] = []
        self.types: dict[Value, str] = {}
        self.bodies: dict[tuple[int, int], int] = {}
        """How many inputs each body of an equation has, by the equation's and the body's place."""
        self._trees: dict[Value, int] = {}
        scope: dict[str, Value] = {}
        for kind, names in (("constant", self.jaxpr.constants), ("input", self.jaxpr.inputs)):
            for place, bound in enumerate(names):
                scope[bound.name] = value = (kind, place)
                self._note(value, bound.type, hash(value))
        self.inputs = tuple(bound.type for bound in (*self.jaxpr.constants, *self.jaxpr.inputs))
        self.outputs = self._row(self.jaxpr, scope, 0)

    def type_of(self, value: Value) -> str:
        """A value's type as it is printed."""
        return str(value[1]).rpartition(":")[2] if value[0] == "literal" else self.types.get(value, "")

    def entry_of(self, value: Value) -> LadderEntry | None:
        """The equation that a value comes from."""
        return self.entries[int(value[1])] if value[0] == "equation" else None

    def _row(self, jaxpr: Jaxpr, scope: dict[str, Value], depth: int) -> tuple[Value, ...]:
        for equation in jaxpr.equations:
            operands = tuple(_value(operand, scope) for operand in equation.operands)
            place = len(self.entries)
            tree = self._tree(equation, operands)
            self.entries.append(LadderEntry(equation, depth, operands, tree))
            results = self._inside(equation, place, operands, depth) if equation.bodies and place < MOST else None
            for number, bound in enumerate(equation.outs):
                value: Value = results[number] if results else ("equation", place, number)
                if not results:
                    self._note(value, bound.type, hash((tree, number)) if number else tree)
                if bound.name != "_":
                    scope[bound.name] = value
        return tuple(_value(operand, scope) for operand in jaxpr.outputs)

    def _inside(
        self, equation: Equation, place: int, operands: Sequence[Value], depth: int
    ) -> tuple[Value, ...] | None:
        """Go through the bodies; what the equation results in, where that is what its body returns."""
        bodies = equation.bodies
        wraps = equation.name in TRANSPARENT and len(bodies) == 1 and len(bodies[0].inputs) == len(operands)
        results: tuple[Value, ...] = ()
        for number, body in enumerate(bodies):
            scope: dict[str, Value] = {}
            self.bodies[place, number] = len(body.inputs)
            for at, bound in enumerate((*body.inputs, *body.constants)):
                if wraps and at < len(operands):
                    scope[bound.name] = operands[at]
                else:
                    scope[bound.name] = value = ("body", place, number, at)
                    self._note(value, bound.type, hash((self.entries[place].tree, number, at)))
            results = self._row(body, scope, depth + 1)
        return results if wraps and len(results) == len(equation.outs) else None

    def _note(self, value: Value, type_: str, tree: int) -> None:
        self.types[value] = type_
        self._trees[value] = tree

    def _tree(self, equation: Equation, operands: Sequence[Value]) -> int:
        trees = [self._trees.get(value, hash(value)) for value in operands]
        if equation.name in SHAPING and trees:
            return trees[0]
        return hash((equation.name, *trees))


def _value(operand: Operand, scope: dict[str, Value]) -> Value:
    return ("literal", operand.text) if operand.literal else scope.get(operand.text, ("unknown", operand.text))
