"""Lays out a graph in cells: graphlay chooses layers, the order in them, and columns.

It runs twice: first to find the layer of every node, then with an extra node wherever a variable passes a layer. So a
long wire has one lane, however many users it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jaxtour.render.ir.graph_model import Model
from jaxtour.render.text.layout import width_of

_ROW_CELLS = 110
"""The widest row of inputs or outputs; more of them are placed near their users instead."""
_MARGIN = 1
"""Free cells on both sides of a node, in addition to one between any two spots."""
_WEIGHTS = (1.0, 1.0, 2.0)
"""The weight of a piece of wire, by the number of its ends in a lane; keeps lanes straight."""

_ONCE = {
    "direction": "topbottom",
    "effort": "fast",
    "routing": {"style": "diagonal"},
    "spacing": {"node_gap": 1.0, "dummy_gap": 1.0, "isolated_gap": 1.0, "layer_gap": 4.0, "stub": 0.0},
}
_RANKS = {
    # The first run needs neither order nor columns, which cost most.
    **_ONCE,
    "tuning": {
        "order": {"seeds": 1, "sweeps": 1, "kick_rounds": 0, "sifting_rounds": 0, "exhaustive_layer_max": 1},
        "coords": {"simplex_max_nodes": 0, "branch_rounds": 0, "snap_rounds": 0},
    },
}


@dataclass(slots=True, eq=False)
class LayerItem:
    """A node in a layer, or the lane of a wire that passes the layer."""

    layer: int
    item: int | None = None
    """The node; None for a lane."""
    width: int = 1
    left: int = 0

    @property
    def right(self) -> int:
        """Its last column."""
        return self.left + self.width - 1

    @property
    def middle(self) -> int:
        """The column to aim at."""
        return self.left + (self.width - 1) // 2


@dataclass(frozen=True, slots=True)
class Strand:
    """A wire between two neighbouring layers: from one spot to some below it."""

    above: LayerItem
    below: Sequence[LayerItem]


@dataclass(frozen=True, slots=True)
class Layout:
    """A laid-out graph."""

    layers: Sequence[Sequence[LayerItem]]
    """The layers from top to bottom, each from left to right."""
    strands: Sequence[Sequence[Strand]]
    """The strands that leave each layer downwards."""


def laid_out(model: Model) -> Layout:
    """Lay out a model."""
    layers = _layers(model)
    spots = [LayerItem(layer, item) for item, layer in enumerate(layers)]
    strands: list[list[Strand]] = [[] for _ in range(max(layers, default=0) + 1)]
    for wire in model.wires:
        above = spots[wire.source]
        last = max((layers[target] for target in wire.targets), default=0)
        for layer in range(layers[wire.source] + 1, last + 1):
            below = [spots[target] for target in wire.targets if layers[target] == layer]
            if layer < last:
                below.append(LayerItem(layer))
                spots.append(below[-1])
            strands[layer - 1].append(Strand(above, below))
            above = below[-1]
    _widen(model, spots, strands)
    return Layout(_placed(spots, strands, len(strands)), strands)


def _layers(model: Model) -> list[int]:
    """Return the layer of every node; a node without wires goes to the layer of its kind."""
    edges = model.edges
    wired = sorted({end for edge in edges for end in edge})
    number = {item: place for place, item in enumerate(wired)}
    nodes = [{"size": {"width": 1.0, "height": 1.0}, "rank": _rank(model, item)} for item in wired]
    answer = _ask(nodes, [(number[source], number[target], 1.0) for source, target in edges], _RANKS)
    layers = [0] * len(model.items)
    for item, node in zip(wired, answer, strict=True):
        layers[item] = node["rank"]
    last = max(layers, default=0)
    for item in set(range(len(layers))) - set(wired):
        layers[item] = {"input": 0, "output": max(last, 1)}.get(model.items[item].kind, min(last, 1))
    return layers


def _rank(model: Model, item: int) -> str:
    kind = model.items[item].kind
    if kind not in ("input", "output"):
        return "free"
    row = sum(width_of(each.label) + 3 for each in model.items if each.kind == kind)
    if row > _ROW_CELLS:
        return "free"
    return "first" if kind == "input" else "last"


def _widen(model: Model, spots: Sequence[LayerItem], strands: Sequence[Sequence[Strand]]) -> None:
    """Set every node's width: room for its label, and for all wires above and below it."""
    entering: dict[LayerItem, int] = {}
    leaving: dict[LayerItem, int] = {}
    for strand in (strand for layer in strands for strand in layer):
        leaving[strand.above] = leaving.get(strand.above, 0) + 1
        for spot in strand.below:
            entering[spot] = entering.get(spot, 0) + 1
    for spot in spots:
        if spot.item is not None:
            pins = max(entering.get(spot, 0), leaving.get(spot, 0))
            spot.width = max(width_of(model.items[spot.item].label), 2 * pins - 1)


def _placed(spots: Sequence[LayerItem], strands: Sequence[Sequence[Strand]], count: int) -> list[list[LayerItem]]:
    """Return the spots by layer, from left to right, with their columns."""
    number = {spot: place for place, spot in enumerate(spots)}
    nodes = [
        {
            "size": {"width": float(spot.width + 2 * _MARGIN * (spot.item is not None)), "height": 1.0},
            "rank": {"fixed": spot.layer},
        }
        for spot in spots
    ]
    edges = [
        (number[strand.above], number[spot], _WEIGHTS[(strand.above.item is None) + (spot.item is None)])
        for layer in strands
        for strand in layer
        for spot in strand.below
    ]
    answer = _ask(nodes, edges, _ONCE)
    layers: list[list[LayerItem]] = [[] for _ in range(count)]
    for spot, node in sorted(zip(spots, answer, strict=True), key=lambda each: each[1]["center"]["x"]):
        spot.left = round(node["center"]["x"] - spot.width / 2)
        layers[spot.layer].append(spot)
    for layer in layers:
        for before, spot in pairwise(layer):
            gap = 1 + _MARGIN * ((before.item is not None) + (spot.item is not None))
            spot.left = max(spot.left, before.right + 1 + gap)
    left = min((spot.left for spot in spots), default=0)
    for spot in spots:
        spot.left -= left
    return layers


def _ask(
    nodes: list[dict[str, Any]], edges: Sequence[tuple[int, int, float]], options: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return graphlay's answer for each node; an edge's third part is its weight."""
    # This import is slow, and only graphs need it.
    import graphlay

    request = {
        "nodes": nodes,
        "edges": [{"source": source, "target": target, "weight": weight} for source, target, weight in edges],
    }
    answer: list[dict[str, Any]] = graphlay.layout(request, options=options).nodes
    return answer
