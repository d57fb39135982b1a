"""The graph of a jaxpr before layout: its nodes, and the wires between them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from jaxtour.render.ir.equations import Equation, Jaxpr, Operand
from jaxtour.render.text.layout import Line, StyledText, clip, clip_line, joined

LABEL_CELLS = 44
"""The width of the widest label; longer ones are clipped."""
_MOST_TYPES = 3
_MOST_INPUTS = 4

ItemKind: TypeAlias = Literal["input", "equation", "opening", "closing", "output"]


@dataclass(frozen=True, slots=True)
class GraphItem:
    """A node without a place."""

    kind: ItemKind
    label: Line
    line: int
    """The line of its equation, binder or output in the stage, counted from 0."""
    nests: bool = False
    """Whether it contains jaxprs, and so can be folded and unfolded."""


@dataclass(slots=True)
class Wire:
    """A variable, from the node that defines it to the nodes that use it."""

    source: int
    targets: list[int] = field(default_factory=list)

    def to(self, item: int) -> None:
        """Add a user once."""
        if item not in self.targets:
            self.targets.append(item)


class TooManyError(Exception):
    """There are too many equations to draw; the argument is a lower bound of their number."""


class Model:
    """Nodes and wires of a jaxpr in which some equations are unfolded."""

    def __init__(self, jaxpr: Jaxpr, unfolded: Collection[int], most: int) -> None:
        self.items: list[GraphItem] = []
        self.wires: list[Wire] = []
        self._unfolded = unfolded
        self._most = most
        self._equations = 0
        scope: dict[str, Wire] = {}
        for kind, bound in [("const ", jaxpr.constants), ("", jaxpr.inputs)]:
            for each in bound:
                label: Line = ((kind, "muted"), (each.name, "name"), (f":{each.type}", "type"))
                scope[each.name] = self._wire(self._add("input", label, jaxpr.line))
        self._body(jaxpr, scope)
        types = {bound.name: bound.type for bound in (*jaxpr.constants, *jaxpr.inputs)}
        types |= {bound.name: bound.type for equation in jaxpr.equations for bound in equation.outs}
        for output in jaxpr.outputs:
            self._output(output, types.get(output.text, ""), jaxpr.outputs_line, scope)

    @property
    def edges(self) -> list[tuple[int, int]]:
        """From node to node, each once."""
        return sorted({(wire.source, target) for wire in self.wires for target in wire.targets})

    def _body(self, jaxpr: Jaxpr, scope: dict[str, Wire]) -> None:
        self._equations += len(jaxpr.lines)
        if self._equations > self._most:
            raise TooManyError(self._equations)
        for equation in jaxpr.equations:
            if equation.line in self._unfolded and equation.bodies:
                self._group(equation, scope)
            else:
                item = self._add("equation", equation_label(equation), equation.line, bool(equation.bodies))
                self._connect(item, equation.operands, scope)
                self._define(item, equation, scope)

    def _group(self, equation: Equation, scope: dict[str, Wire]) -> None:
        """Add an equation's bodies between an opening and a closing node."""
        bodies = equation.bodies
        head = ("▾ ", "muted"), *_title(equation)
        opening = self._add("opening", joined(head), equation.line, True)
        self._connect(opening, equation.operands, scope)
        ends: list[tuple[Jaxpr, dict[str, Wire]]] = []
        for body in bodies:
            item = opening
            if len(bodies) > 1:
                item = self._add("opening", (("▾ ", "muted"), (body.label, "name")), body.line)
                self._wire(opening).to(item)
            names = (*body.constants, *body.inputs)
            self.items[item] = _with_inputs(self.items[item], [f"{bound.name}:{bound.type}" for bound in names])
            inner = {bound.name: self._wire(item) for bound in names}
            self._body(body, inner)
            ends.append((body, inner))
        closing = self._add("closing", _closing_label(equation), ends[-1][0].outputs_line if ends else equation.last)
        before = len([wire for wire in self.wires if closing in wire.targets])
        for body, inner in ends:
            self._connect(closing, body.outputs, inner)
        if len([wire for wire in self.wires if closing in wire.targets]) == before:
            self._wire(opening).to(closing)
        self._define(closing, equation, scope)

    def _output(self, output: Operand, type_: str, line: int, scope: dict[str, Wire]) -> None:
        value: StyledText = (output.value, "number" if output.literal else "name")
        item = self._add("output", (("out ", "muted"), value, (f":{type_}" if type_ else "", "type")), line)
        self._connect(item, (output,), scope)

    def _add(self, kind: ItemKind, label: Line, line: int, nests: bool = False) -> int:
        self.items.append(GraphItem(kind, clip_line(joined(label), LABEL_CELLS), line, nests))
        return len(self.items) - 1

    def _wire(self, source: int) -> Wire:
        self.wires.append(Wire(source))
        return self.wires[-1]

    def _connect(self, item: int, operands: Sequence[Operand], scope: dict[str, Wire]) -> None:
        for operand in operands:
            if not operand.literal and operand.text in scope:
                scope[operand.text].to(item)

    def _define(self, item: int, equation: Equation, scope: dict[str, Wire]) -> None:
        for bound in equation.outs:
            if bound.name != "_":
                scope[bound.name] = self._wire(item)


def equation_label(equation: Equation) -> Line:
    """Return a node's label: `mul 2.0 f32[3]`, `sub · 1.0 f32[]`, `scan f32[] f32[3] ▸`."""
    spans: list[StyledText] = [*_title(equation)]
    if any(operand.literal for operand in equation.operands):
        for operand in equation.operands:
            spans += [(" ", ""), (clip(operand.value, 12), "number") if operand.literal else ("·", "faint")]
    return (*spans, *_types(equation), *(((" ▸", "muted"),) if equation.bodies else ()))


def _title(equation: Equation) -> tuple[StyledText, ...]:
    name = equation.parameters.get("name", "") if equation.bodies else ""
    title: tuple[StyledText, ...] = ((equation.name, "primitive"),)
    return (*title, (" ", ""), (clip(name, 16), "name")) if name else title


def _closing_label(equation: Equation) -> Line:
    return joined((("▴ ", "muted"), *_title(equation), *_types(equation)))


def _types(equation: Equation) -> tuple[StyledText, ...]:
    types = [bound.type for bound in equation.outs]
    more = len(types) - _MOST_TYPES
    shown = types[:_MOST_TYPES] if more > 1 else types
    spans: list[StyledText] = [(f" {text}", "type") for text in shown if text]
    return (*spans, (f" +{more}", "muted")) if more > 1 else tuple(spans)


def _with_inputs(item: GraphItem, names: Sequence[str]) -> GraphItem:
    shown = names if len(names) <= _MOST_INPUTS else [*names[: _MOST_INPUTS - 1], f"+{len(names) - _MOST_INPUTS + 1}"]
    label = joined((*item.label, *((f" {name}", "muted") for name in shown)))
    return GraphItem(item.kind, clip_line(label, LABEL_CELLS), item.line, item.nests)
