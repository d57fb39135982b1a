"""Draws which device holds which part of an array, in the array's layout."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from jaxtour.engine.wire.messages import Value
from jaxtour.render.devices.shards import Grid, Interval, grid_of, numbers_of
from jaxtour.render.text.layout import Line, StyledText, clip_lines, in_ascii, pad, width_of, wrap
from jaxtour.render.value import devices_of, type_of

_ROWS_APART = 4
"""The largest number of rows of cells with lines between them."""


@dataclass(frozen=True, slots=True)
class ShardCell:
    """The place where a part of the array is drawn, and the devices that hold it."""

    row: int
    """The first line."""
    start: int
    end: int
    """The column after the last."""
    devices: tuple[int, ...]
    rows: int = 1
    """The number of lines."""


@dataclass(frozen=True, slots=True)
class ShardDrawing:
    """Lines, and the places of the array's parts in them."""

    lines: list[Line]
    cells: tuple[ShardCell, ...] = ()


def spread_arrays(value: Value, width: int) -> list[tuple[list[Line], Value]]:
    """Return the arrays of a value that are spread over devices, each with lines that name it in a pytree."""
    if not value.leaves:
        return [([], value)] if len(value.devices) > 1 and value.shape is not None else []
    found = []
    for number, leaf in enumerate(value.leaves):
        kind = type_of(leaf.value.dtype, leaf.value.shape)
        name = wrap([(leaf.path, "name"), ("  ", ""), (kind, "type")], width, indent="  ")
        found.append(([*([()] if number else []), *name], leaf.value))
    return found


def sharding_lines(value: Value, width: int, ascii: bool = False) -> list[Line]:
    """Return, for each array spread over devices, a grid of the devices, and the shape of the parts below it.

    The grid becomes a list if it does not fit or if more than three axes are split. An array on one device has no grid.
    """
    arrays = spread_arrays(value, width)
    return [line for name, array in arrays for line in (*name, *sharding_drawing(array, width, ascii).lines)]


def sharding_drawing(value: Value, width: int, ascii: bool = False) -> ShardDrawing:
    """Draw one array and return the places of its parts.

    The parts of a small array show its numbers. An array without known parts, such as a deleted one, gets one line.
    """
    if not value.shards:
        return ShardDrawing(in_ascii(wrap([(f"on {devices_of(value.devices)}", "")], width, indent="  "), ascii))
    grid = grid_of(value.shards, value.shape or ())
    axes = _axes(value, grid, width) if grid else []
    drawing = _fitting(value, grid, width) if grid else None
    if drawing is None:
        drawing, axes = _listed(value), _cut(value, width)
    cells = tuple(replace(cell, row=cell.row + len(axes)) for cell in drawing.cells if cell.start < width)
    lines = [*axes, *clip_lines(drawing.lines, width), *_parts(value, grid, width)]
    return ShardDrawing(in_ascii(lines, ascii), cells)


def _fitting(value: Value, grid: Grid, width: int) -> ShardDrawing | None:
    """Return the richest drawing that fits: with the array's numbers, with labels, or bare."""
    shape = value.shape or ()
    numbers = numbers_of(value, grid)
    # The prefix keeps a device's number apart from the array's numbers.
    prefix = f"{_platform(value.devices)}:"
    drawings = [_drawn(grid, len(shape), numbers, prefix, roomy=True)] if numbers else []
    drawings += [_drawn(grid, len(shape), {}, roomy=roomy) for roomy in (True, False)]
    return next((drawing for drawing in drawings if max(map(width_of, drawing.lines)) <= width), None)


def _drawn(
    grid: Grid, rank: int, numbers: dict[tuple[Interval, ...], list[str]], prefix: str = "", *, roomy: bool
) -> ShardDrawing:
    """Draw the grid, slab by slab if three axes are split, and without labels above it unless `roomy`."""
    outer, rows, columns = grid.orientation(rank)
    lines: list[Line] = []
    cells: list[ShardCell] = []
    for slab in grid.intervals(outer):
        if outer is not None and slab is not None:
            lines.append(((_name(grid.axes[outer], slab, rank), "muted"),))
        table: list[list[tuple[int, ...]]] = []
        texts: list[list[list[str]]] = []
        for row in grid.intervals(rows):
            keys = [tuple(cut for cut in (slab, row, column) if cut is not None) for column in grid.intervals(columns)]
            table.append([grid.holders[key] for key in keys])
            texts.append([numbers.get(key, []) for key in keys])
        above = [_interval(cut) for cut in grid.intervals(columns) if cut] if roomy else []
        beside = [_interval(cut) for cut in grid.intervals(rows) if cut]
        drawn = _table(table, texts, above, beside, prefix, space=1 if roomy else 0)
        cells += [replace(cell, row=cell.row + len(lines)) for cell in drawn.cells]
        lines += drawn.lines
    return ShardDrawing(lines, tuple(cells))


def _table(
    table: list[list[tuple[int, ...]]],
    texts: list[list[list[str]]],
    above: list[str],
    beside: list[str],
    prefix: str,
    space: int,
) -> ShardDrawing:
    names = [[prefix + _numbers(devices) for devices in row] for row in table]
    widest = max(len(name) for row in names for name in row)
    inner = max([widest, *(len(text) for row in texts for rows in row for text in rows)])
    size = max([inner + 2 * space, *(len(text) + 1 for text in above)])
    margin = max(map(len, beside), default=0)
    left = " " * (margin + 1 if margin else 0)
    count = len(table[0])
    lines: list[Line] = []
    cells: list[ShardCell] = []
    if above:
        lines.append(((left + "".join(" " + text.center(size) for text in above).rstrip(), "muted"),))
    lines.append(((left + _rule("┌┬┐", size, count), "faint"),))
    for index, row in enumerate(table):
        if index and len(table) <= _ROWS_APART:
            lines.append(((left + _rule("├┼┤", size, count), "faint"),))
        height = 1 + max(len(rows) for rows in texts[index])
        for place, devices in enumerate(row):
            start = len(left) + 1 + place * (size + 1)
            cells.append(ShardCell(len(lines), start, start + size, devices, height))
        spans: list[StyledText] = [(f"{beside[index]:>{margin}} ", "muted")] if margin else []
        for name in names[index]:
            spans += [("│", "faint"), (f"{name:>{widest}}".center(size), "strong")]
        lines.append((*spans, ("│", "faint")))
        for line in range(height - 1):
            spans = [(left, "")] if left else []
            for rows in texts[index]:
                text = rows[line] if line < len(rows) else ""
                spans += [("│", "faint"), (text.center(size), "number")]
            lines.append((*spans, ("│", "faint")))
    lines.append(((left + _rule("└┴┘", size, count), "faint"),))
    return ShardDrawing(lines, tuple(cells))


def _numbers(devices: Sequence[int]) -> str:
    """Return `0,1` or `0-3,8`: three or more consecutive numbers become a range."""
    runs: list[list[int]] = []
    for number in devices:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def _rule(corners: str, size: int, count: int) -> str:
    first, middle, last = tuple(corners)
    return first + middle.join(["─" * size] * count) + last


def _interval(cut: Interval) -> str:
    return f"{cut[0]}:{cut[1]}"


def _name(axis: int, cut: Interval, rank: int) -> str:
    """Return the index of a slab in the array: `[2:4, :, :]`."""
    return "[" + ", ".join(_interval(cut) if axis == other else ":" for other in range(rank)) + "]"


def _axes(value: Value, grid: Grid, width: int) -> list[Line]:
    """Return the mesh axes as they run through the drawing, `↓ x  → y  copies z`; empty without a mesh."""
    directions = dict(zip(grid.orientation(len(value.shape or ())), ("slabs", "↓", "→"), strict=True))
    told = []
    for place, axis in enumerate(grid.axes):
        names = value.spec[axis] if axis < len(value.spec) else ()
        if names:
            told.append((directions[place], ", ".join(names)))
    return _told(value, told, width)


def _cut(value: Value, width: int) -> list[Line]:
    """Return the mesh axes for a list: `axis 0 by x`."""
    told = [(f"axis {axis} by", ", ".join(names)) for axis, names in enumerate(value.spec) if names]
    return _told(value, told, width)


def _told(value: Value, told: list[tuple[str, str]], width: int) -> list[Line]:
    used = {name for names in value.spec for name in names}
    copied = [name for name, size in value.mesh if name not in used and size > 1]
    if copied:
        told = [*told, ("copies along", ", ".join(copied))]
    spans: list[StyledText] = []
    for how, names in told:
        spans += [("   ", "")] if spans else []
        spans += [(f"{how} ", "muted"), (names, "name")]
    return wrap(spans, width, indent="  ") if spans else []


def _listed(value: Value) -> ShardDrawing:
    platform = _platform(value.devices)
    names = [f"{platform}:{shard.device}" for shard in value.shards]
    column = max(map(width_of, names))
    sizes = [[_interval(cut) for cut in shard.index] for shard in value.shards]
    widths = [max(map(len, texts)) for texts in zip(*sizes, strict=True)]
    lines: list[Line] = []
    cells = []
    for shard, name, texts in zip(value.shards, names, sizes, strict=True):
        index = ", ".join(f"{text:>{size}}" for text, size in zip(texts, widths, strict=True))
        cells.append(ShardCell(len(lines), 0, column + len(index) + 4, (shard.device,)))
        lines.append(((pad(name, column), "strong"), (f"  [{index}]", "")))
    return ShardDrawing(lines, tuple(cells))


def _parts(value: Value, grid: Grid | None, width: int) -> list[Line]:
    """Return what each device holds, and how many parts are not shown."""
    shapes = dict.fromkeys(tuple(stop - start for start, stop in shard.index) for shard in value.shards)
    kinds = [type_of(value.dtype, shape) for shape in shapes]
    if grid and not grid.axes:
        text = f"whole, {kinds[0]}, on each of {devices_of(value.devices)}"
    elif len(kinds) == 1:
        text = f"{kinds[0]} on each of {devices_of(value.devices)}"
    else:
        text = f"{' or '.join(kinds[:4])} on {devices_of(value.devices)}"
    lines = wrap([(text, "muted")], width, indent="  ")
    spec = value.sharding or ""
    if spec and len(lines) == 1 and width_of(f"{text}  {spec}") <= width:
        lines = [((f"{text}  {spec}", "muted"),)]
    elif spec:
        lines += wrap([(spec, "muted")], width, indent="  ")
    if len(value.shards) < len(value.devices):
        lines += wrap([(f"{len(value.shards)} of {len(value.devices)} parts shown", "muted")], width)
    return lines


def _platform(devices: Iterable[str]) -> str:
    return next(iter(devices), "").partition(":")[0]
