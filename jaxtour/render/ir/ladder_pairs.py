"""Pairs the equations of two jaxprs, by primitive, by source, and by what they compute."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from jaxtour.render.ir.equations import Equation
from jaxtour.render.ir.ladder_values import LadderEntry

_MOST_CELLS = 250_000
"""The most comparisons between two certain pairs."""
_LEAST = 3
"""The least points of a pair."""


def paired(lower: Sequence[LadderEntry], upper: Sequence[LadderEntry], by_name: bool = True) -> list[tuple[int, int]]:
    """Return the indices of paired equations, ascending on both sides; without `by_name`, function names may differ."""
    if not by_name:
        lower, upper = ([_unnamed(entry) for entry in side] for side in (lower, upper))
    pairs: list[tuple[int, int]] = []
    start = (0, 0)
    for anchor in [*_anchors(lower, upper), (len(lower), len(upper))]:
        pairs += _between(lower, upper, start, anchor)
        pairs.append(anchor)
        start = (anchor[0] + 1, anchor[1] + 1)
    return pairs[:-1]


def _unnamed(entry: LadderEntry) -> LadderEntry:
    everything = {name: value for name, value in entry.equation.everything.items() if name != "name"}
    return replace(entry, equation=replace(entry.equation, everything=everything))


def points(lower: LadderEntry, upper: LadderEntry) -> int:
    """Return the evidence that two equations are the same, in points."""
    one, other = lower.equation, upper.equation
    if one.name != other.name:
        return 0
    found = 2
    spans = one.origin.spans[:1], other.origin.spans[:1]
    if all(spans):
        found += 4 if spans[0] == spans[1] else -3
    found += 4 * (lower.tree == upper.tree)
    if "transpose" in other.origin.transforms and "transpose" not in one.origin.transforms:
        # The backward pass repeats primitives and places of the forward pass.
        found -= 6
    if one.parameters.get("name") != other.parameters.get("name"):
        found -= 6
    return found + (one.parameters == other.parameters) + (_types(one) == _types(other))


def _types(equation: Equation) -> list[str]:
    return [bound.type for bound in equation.outs]


def _key(entry: LadderEntry) -> Hashable:
    equation = entry.equation
    return equation.name, equation.origin.spans[:1], entry.tree, equation.parameters.get("name")


def _anchors(lower: Sequence[LadderEntry], upper: Sequence[LadderEntry]) -> list[tuple[int, int]]:
    """Return certain pairs: each is unique on both sides, and only their longest ascending row is kept."""
    keys = [_key(entry) for entry in lower], [_key(entry) for entry in upper]
    counts = Counter(keys[0]), Counter(keys[1])
    places = {key: place for place, key in enumerate(keys[1]) if counts[1][key] == 1}
    pairs = [
        (place, places[key])
        for place, key in enumerate(keys[0])
        if counts[0][key] == 1 and key in places and points(lower[place], upper[places[key]]) >= _LEAST
    ]
    return _longest(pairs)


def _longest(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest subsequence of pairs whose second indices ascend; the first ones already do."""
    ends: list[int] = []
    heads: list[int] = []
    before: list[int] = []
    for place, (_, at) in enumerate(pairs):
        length = bisect_left(ends, at)
        before.append(heads[length - 1] if length else -1)
        ends[length : length + 1] = [at]
        heads[length : length + 1] = [place]
    row: list[tuple[int, int]] = []
    place = heads[-1] if heads else -1
    while place >= 0:
        row.append(pairs[place])
        place = before[place]
    return row[::-1]


def _between(
    lower: Sequence[LadderEntry], upper: Sequence[LadderEntry], start: tuple[int, int], end: tuple[int, int]
) -> list[tuple[int, int]]:
    """Return the best pairs between two anchors."""
    rows, columns = end[0] - start[0], end[1] - start[1]
    if not rows or not columns:
        return []
    if rows * columns > _MOST_CELLS:
        before, after = (list(map(_key, side)) for side in (lower[start[0] : end[0]], upper[start[1] : end[1]]))
        blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
        return [(start[0] + one + at, start[1] + other + at) for one, other, size in blocks for at in range(size)]
    gains = [
        [points(lower[row], upper[column]) for column in range(start[1], end[1])] for row in range(start[0], end[0])
    ]
    # best[row][column]: the most points of the equations from there on; the first of equal pairs wins.
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in reversed(range(rows)):
        for column in reversed(range(columns)):
            gain = gains[row][column]
            with_pair = gain + best[row + 1][column + 1] if gain >= _LEAST else 0
            best[row][column] = max(with_pair, best[row + 1][column], best[row][column + 1])
    pairs: list[tuple[int, int]] = []
    row = column = 0
    while row < rows and column < columns:
        gain = gains[row][column]
        if gain >= _LEAST and best[row][column] == gain + best[row + 1][column + 1]:
            pairs.append((start[0] + row, start[1] + column))
            row, column = row + 1, column + 1
        elif best[row][column] == best[row][column + 1]:
            column += 1
        else:
            row += 1
    return pairs
