"""Which device holds which part of an array, drawn as the array lies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jaxtour.engine.messages import Shard, Value
from jaxtour.render.clean import clean
from jaxtour.render.layout import clip_lines, in_ascii, pad, width_of, wrap
from jaxtour.render.spans import Line, Span
from jaxtour.render.value import devices_of, type_of

Interval = tuple[int, int]
_ROWS_APART = 4
"""Up to so many rows of cells have lines between them."""


@dataclass(frozen=True)
class _Grid:
    """An array cut along at most three axes: what lies in each cell, by interval of each of those axes."""

    axes: tuple[int, ...]
    cuts: tuple[tuple[Interval, ...], ...]
    holders: dict[tuple[Interval, ...], str]


def sharding_lines(value: Value, width: int, ascii: bool = False) -> list[Line]:  # noqa: A002 - the callers' word
    """A grid with the numbers of the devices that hold each part, and the shape of the parts under it.

    One line for an array that is whole on one device, a list where there is no room for a grid or more than three
    axes are cut, nothing for what lives on no device.
    """
    if not value.devices:
        return []
    if not value.shards or value.shape is None:
        whole = "whole on" if len(value.devices) == 1 else "on"
        return in_ascii(wrap([(f"{whole} {devices_of(value.devices)}", "")], width, indent="  "), ascii)
    grid = _grid(value.shards, value.shape)
    drawings = [_drawn(grid, len(value.shape), roomy=roomy) for roomy in (True, False)] if grid else []
    fitting = (lines for lines in drawings if max(map(width_of, lines)) <= width)
    lines = next(fitting, None) or _listed(value)
    return in_ascii([*clip_lines(lines, width), *_parts(value, grid, width)], ascii)


def _grid(shards: Sequence[Shard], shape: Sequence[int]) -> _Grid | None:
    """None when more than three axes are cut or the parts do not make a full grid."""
    axes = tuple(axis for axis in range(len(shape)) if len({shard.index[axis] for shard in shards}) > 1)
    if len(axes) > 3:
        return None
    holders: dict[tuple[Interval, ...], list[int]] = {}
    for shard in shards:
        holders.setdefault(tuple(shard.index[axis] for axis in axes), []).append(shard.device)
    cuts = tuple(tuple(sorted({shard.index[axis] for shard in shards})) for axis in axes)
    size = 1
    for cut in cuts:
        size *= len(cut)
    if size != len(holders):
        return None
    return _Grid(axes, cuts, {key: ",".join(map(str, sorted(numbers))) for key, numbers in holders.items()})


def _drawn(grid: _Grid, rank: int, *, roomy: bool) -> list[Line]:
    """The grid, slab by slab if three axes are cut; without labels across it where it is not `roomy`."""
    outer, rows, columns = _orientation(grid, rank)
    lines: list[Line] = []
    for slab in _cuts(grid, outer):
        if outer is not None and slab is not None:
            lines.append(((_name(grid.axes[outer], slab, rank), "muted"),))
        table = []
        for row in _cuts(grid, rows):
            keys = [tuple(cut for cut in (slab, row, column) if cut is not None) for column in _cuts(grid, columns)]
            table.append([grid.holders[key] for key in keys])
        above = [_interval(cut) for cut in _cuts(grid, columns) if cut] if roomy else []
        beside = [_interval(cut) for cut in _cuts(grid, rows) if cut]
        lines += _table(table, above, beside, space=1 if roomy else 0)
    return lines


def _cuts(grid: _Grid, axis: int | None) -> Sequence[Interval | None]:
    """The intervals along an axis; for one that is not cut, a single nothing."""
    return grid.cuts[axis] if axis is not None else (None,)


def _orientation(grid: _Grid, rank: int) -> tuple[int | None, int | None, int | None]:
    """Which of the cut axes makes slabs, which runs down and which across."""
    count = len(grid.axes)
    if count == 3:
        return 0, 1, 2
    if count == 2:
        return None, 0, 1
    if count == 1:
        # A vector lies flat, and so does what is cut along its last axis.
        return (None, None, 0) if grid.axes[0] == rank - 1 else (None, 0, None)
    return None, None, None


def _table(table: Sequence[Sequence[str]], above: Sequence[str], beside: Sequence[str], space: int) -> list[Line]:
    numbers = max(len(cell) for row in table for cell in row)
    size = max([numbers + 2 * space, *(len(text) + 1 for text in above)])
    margin = max(map(len, beside), default=0)
    left = " " * (margin + 1 if margin else 0)
    count = len(table[0])
    lines: list[Line] = []
    if above:
        lines.append(((left + "".join(" " + text.center(size) for text in above).rstrip(), "muted"),))
    lines.append(((left + _rule("┌┬┐", size, count), "faint"),))
    for index, row in enumerate(table):
        if index and len(table) <= _ROWS_APART:
            lines.append(((left + _rule("├┼┤", size, count), "faint"),))
        spans: list[Span] = [(f"{beside[index]:>{margin}} ", "muted")] if margin else []
        for cell in row:
            spans += [("│", "faint"), (f"{cell:>{numbers}}".center(size), "strong")]
        lines.append((*spans, ("│", "faint")))
    lines.append(((left + _rule("└┴┘", size, count), "faint"),))
    return lines


def _rule(corners: str, size: int, count: int) -> str:
    first, middle, last = tuple(corners)
    return first + middle.join(["─" * size] * count) + last


def _interval(cut: Interval) -> str:
    return f"{cut[0]}:{cut[1]}"


def _name(axis: int, cut: Interval, rank: int) -> str:
    """The part of the array that a slab is: `[2:4, :, :]`."""
    return "[" + ", ".join(_interval(cut) if axis == other else ":" for other in range(rank)) + "]"


def _listed(value: Value) -> list[Line]:
    platform = _platform(value.devices)
    names = [f"{platform}:{shard.device}" for shard in value.shards]
    column = max(map(width_of, names))
    sizes = [[_interval(cut) for cut in shard.index] for shard in value.shards]
    widths = [max(map(len, texts)) for texts in zip(*sizes, strict=True)]
    lines: list[Line] = []
    for name, texts in zip(names, sizes, strict=True):
        index = ", ".join(f"{text:>{size}}" for text, size in zip(texts, widths, strict=True))
        lines.append(((pad(name, column), "strong"), (f"  [{index}]", "")))
    return lines


def _parts(value: Value, grid: _Grid | None, width: int) -> list[Line]:
    """What each device holds, and what was not drawn."""
    shapes = dict.fromkeys(tuple(stop - start for start, stop in shard.index) for shard in value.shards)
    kinds = [type_of(value.dtype, shape) for shape in shapes]
    if grid and not grid.axes:
        text = f"whole, {kinds[0]}, on each of {devices_of(value.devices)}"
    elif len(kinds) == 1:
        text = f"{kinds[0]} on each of {devices_of(value.devices)}"
    else:
        text = f"{' or '.join(kinds[:4])} on {devices_of(value.devices)}"
    lines = wrap([(text, "muted")], width, indent="  ")
    spec = clean(value.sharding or "", keep_newlines=False)
    if spec and len(lines) == 1 and width_of(f"{text}  {spec}") <= width:
        lines = [((f"{text}  {spec}", "muted"),)]
    elif spec:
        lines += wrap([(spec, "muted")], width, indent="  ")
    if len(value.shards) < len(value.devices):
        lines += wrap([(f"{len(value.shards)} of {len(value.devices)} parts shown", "muted")], width)
    return lines


def _platform(devices: Iterable[str]) -> str:
    return clean(next(iter(devices), "").partition(":")[0], keep_newlines=False)
