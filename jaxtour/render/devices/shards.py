"""Computes how an array is split into parts: their grid, and the numbers in each part."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from jaxtour.engine.wire.messages import Shard, Value

Interval = tuple[int, int]
_SMALL = 64
"""The largest array whose numbers are drawn; the worker sends no more of an array in a pytree."""
_NUMBER = re.compile(r"[^\s\[\]]+")


@dataclass(frozen=True)
class Grid:
    """An array split along at most three axes: the devices that hold each cell, by its interval on each axis."""

    axes: tuple[int, ...]
    cuts: tuple[tuple[Interval, ...], ...]
    holders: dict[tuple[Interval, ...], tuple[int, ...]]

    def intervals(self, place: int | None) -> Sequence[Interval | None]:
        """Return the intervals along one of `axes`, or a single None for no axis."""
        return self.cuts[place] if place is not None else (None,)

    def orientation(self, rank: int) -> tuple[int | None, int | None, int | None]:
        """Return which of `axes` makes slabs, which runs down and which across."""
        count = len(self.axes)
        if count == 3:
            return 0, 1, 2
        if count == 2:
            return None, 0, 1
        if count == 1:
            # A vector is drawn horizontally, and so is an array split along its last axis.
            return (None, None, 0) if self.axes[0] == rank - 1 else (None, 0, None)
        return None, None, None


def grid_of(shards: Sequence[Shard], shape: Sequence[int]) -> Grid | None:
    """Return the grid of the shards; None if more than three axes are split or the parts do not form a full grid."""
    axes = tuple(axis for axis in range(len(shape)) if len({shard.index[axis] for shard in shards}) > 1)
    if len(axes) > 3:
        return None
    holders: dict[tuple[Interval, ...], list[int]] = {}
    for shard in shards:
        holders.setdefault(tuple(shard.index[axis] for axis in axes), []).append(shard.device)
    cuts = tuple(tuple(sorted({shard.index[axis] for shard in shards})) for axis in axes)
    if prod(map(len, cuts)) != len(holders):
        return None
    return Grid(axes, cuts, {key: tuple(sorted(numbers)) for key, numbers in holders.items()})


def numbers_of(value: Value, grid: Grid) -> dict[tuple[Interval, ...], list[str]]:
    """Return each cell's part of a small array, in rows of equal width; empty if there is nothing to draw.

    The numbers come from the value's text, which NumPy writes in array order and shortens for large arrays. A part with
    three axes longer than 1 is drawn plane by plane, one below the other, with an empty row between them.
    """
    shape = value.shape or ()
    count = prod(shape)
    text = value.text.text
    numbers = _NUMBER.findall(text) if 0 < count <= _SMALL and value.length <= len(text) else []
    if not numbers or len(numbers) != count:
        return {}
    size = max(map(len, numbers))
    return {key: rows for key in grid.holders if (rows := _rows(numbers, shape, _index(key, grid, shape), size))}


def _index(key: tuple[Interval, ...], grid: Grid, shape: Sequence[int]) -> list[Interval]:
    cut = dict(zip(grid.axes, key, strict=True))
    return [cut.get(axis, (0, length)) for axis, length in enumerate(shape)]


def _rows(numbers: Sequence[str], shape: Sequence[int], index: Sequence[Interval], size: int) -> list[str]:
    """Return a part of the array, as one text per row."""
    places = [0]
    for (start, stop), length in zip(index, shape, strict=True):
        places = [place * length + at for place in places for at in range(start, stop)]
    lengths = [stop - start for start, stop in index if stop - start > 1]
    if len(lengths) > 3:
        return []
    across = _across(index)
    texts = [f"{numbers[place]:>{size}}" for place in places]
    rows = [" ".join(texts[at : at + across]) for at in range(0, len(texts), across)]
    if len(lengths) < 3:
        return rows
    height = len(rows) // lengths[0]
    planes = [rows[at : at + height] for at in range(0, len(rows), height)]
    return [row for plane in planes for row in (*plane, "")][:-1]


def _across(index: Sequence[Interval]) -> int:
    """Return the numbers per row: the length of the part's last axis, or 1."""
    return index[-1][1] - index[-1][0] if index else 1
