"""Draws the dataflow of a jaxpr with characters: inputs on top, then equations, then outputs."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.equations import jaxpr_of
from jaxtour.render.ir.graph_draw import drawn
from jaxtour.render.ir.graph_layout import laid_out
from jaxtour.render.ir.graph_model import ItemKind, Model, TooManyError
from jaxtour.render.text.layout import Line, in_ascii, plain
from jaxtour.text import grouped

MOST_EQUATIONS = 300

Towards: TypeAlias = Literal["up", "down", "left", "right"]


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node of a drawn graph."""

    row: int
    """Counted from 0, like the columns."""
    column: int
    width: int
    line: int
    """The line in the stage, counted from 0."""
    label: str
    kind: ItemKind
    nests: bool = False
    """Whether it can be folded or unfolded."""

    @property
    def end(self) -> int:
        """The column after it."""
        return self.column + self.width


@dataclass(frozen=True)
class Graph:
    """A drawing, and the places of its nodes."""

    lines: Sequence[Line] = ()
    nodes: tuple[GraphNode, ...] = ()
    """The nodes, from top to bottom, and from left to right."""
    edges: tuple[tuple[int, int], ...] = ()
    """Pairs of indices in `nodes`: a value flows from the first to the second."""
    refusal: str | None = None
    """Why nothing is drawn, in one line."""

    @property
    def unfolded(self) -> frozenset[int]:
        """The lines of the unfolded equations."""
        return frozenset(node.line for node in self.nodes if node.kind == "opening")

    def node_at(self, row: int, column: int | None = None) -> int | None:
        """Return the index in `nodes` of the node in a row that is nearest to a column; None for an empty row."""
        first = bisect_left(self.nodes, row, key=lambda node: node.row)
        places = range(first, bisect_left(self.nodes, row + 1, key=lambda node: node.row))
        return min(places, key=lambda place: _distance(self.nodes[place], column or 0), default=None)

    def nodes_of(self, line: int) -> list[int]:
        """Return the indices in `nodes` of a line's nodes: several if its jaxpr is used more than once."""
        return self._by_line.get(line, [])

    def neighbour(self, place: int, direction: Towards) -> int | None:
        """Return the node that an arrow key leads to: up or down along a wire, or else the nearest."""
        here = self.nodes[place]
        if direction in ("left", "right"):
            other = place + (1 if direction == "right" else -1)
            in_row = 0 <= other < len(self.nodes) and self.nodes[other].row == here.row
            return other if in_row else None
        wired = self._after.get(place, []) if direction == "down" else self._before.get(place, [])
        if wired:
            return min(
                wired, key=lambda other: (abs(self.nodes[other].row - here.row), _apart(self.nodes[other], here))
            )
        if direction == "down":
            row = next((node.row for node in self.nodes[place:] if node.row > here.row), None)
        else:
            row = next((node.row for node in reversed(self.nodes[:place]) if node.row < here.row), None)
        return None if row is None else self.node_at(row, here.column)

    @cached_property
    def _by_line(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place, node in enumerate(self.nodes):
            found.setdefault(node.line, []).append(place)
        return found

    @cached_property
    def _after(self) -> dict[int, list[int]]:
        return _grouped(self.edges)

    @cached_property
    def _before(self) -> dict[int, list[int]]:
        return _grouped([(target, source) for source, target in self.edges])


def opening(stage: StageText) -> Graph:
    """Return the graph as first shown: a single equation that contains all others, such as `jit`, is unfolded."""
    drawn = graph(stage)
    while True:
        equations = [node for node in drawn.nodes if node.kind == "equation"]
        if len(equations) != 1 or not equations[0].nests:
            return drawn
        inside = graph(stage, drawn.unfolded | {equations[0].line})
        if inside.refusal is not None or inside.unfolded == drawn.unfolded:
            return drawn
        drawn = inside


def graph(stage: StageText, unfolded: Collection[int] = (), *, ascii: bool = False) -> Graph:
    """Return the graph of a jaxpr; the bodies of equations at `unfolded` lines replace them."""
    if stage.error is not None:
        return Graph(refusal=stage.error)
    try:
        jaxpr = jaxpr_of(stage)
    except ValueError as error:
        return Graph(refusal=str(error))
    try:
        model = Model(jaxpr, unfolded, MOST_EQUATIONS)
    except TooManyError as many:
        count = f"{grouped(many.args[0])} equations"
        remedy = "; fold some of them" if unfolded else ""
        return Graph(refusal=f"{count}: too many to draw, {MOST_EQUATIONS} at most{remedy}")
    drawing = drawn(model, laid_out(model))
    order = sorted(drawing.places, key=drawing.places.__getitem__)
    number = {item: place for place, item in enumerate(order)}
    nodes = []
    for item in order:
        row, column, width = drawing.places[item]
        made = model.items[item]
        nodes.append(GraphNode(row, column, width, made.line, plain(made.label), made.kind, made.nests))
    edges = tuple(sorted((number[source], number[target]) for source, target in model.edges))
    return Graph(in_ascii(drawing.lines, ascii), tuple(nodes), edges)


def _distance(node: GraphNode, column: int) -> int:
    return max(node.column - column, column - node.end + 1, 0)


def _apart(one: GraphNode, other: GraphNode) -> int:
    return abs(2 * one.column + one.width - 2 * other.column - other.width)


def _grouped(pairs: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
