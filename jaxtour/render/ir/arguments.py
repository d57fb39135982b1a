"""Shows the arguments and results of a traced call as a tree of their pytree paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jaxtour.engine.wire.messages import Argument, Arguments
from jaxtour.render.text.layout import Line, Style, StyledText, clip, clip_line, pad, width_of
from jaxtour.text import bytes_text, plural

ROOT = "result"
"""JAX's name for what a function returns."""
OPENED = 40
"""A tree with more rows opens with folded branches."""
_LONGEST_PATH = 0.5
"""The largest share of the width for the paths."""
_GAP = "  "
_BYTES = 8


@dataclass
class TreeRow:
    """A leaf, or a branch with all leaves below it."""

    depth: int
    key: str
    leaves: range = range(0)
    """The places of its leaves among the inputs, or among the outputs."""
    output: bool = False
    leaf: Argument | None = None
    value: str | None = None
    """The value of a static argument."""
    size: int = 0
    last: int = 0
    """The last row below it."""


class ArgumentTree:
    """The tree of a call, with a row for each line."""

    def __init__(self, told: Arguments) -> None:
        rows = [*_side("arguments", told.inputs, told.more[0]), *_static(told)]
        rows += _side("results", told.outputs, told.more[1], output=True)
        for place, row in enumerate(rows):
            row.last = next((at for at in range(place + 1, len(rows)) if rows[at].depth <= row.depth), len(rows)) - 1
        self.rows = rows

    @property
    def folds(self) -> list[tuple[int, int]]:
        """First and last line of each branch."""
        return [(place, row.last) for place, row in enumerate(self.rows) if row.last > place]

    @property
    def closed(self) -> list[int]:
        """The branches that are folded at first: the deepest, until few rows are left, but never a whole side."""
        depth = max((row.depth for row in self.rows), default=0)
        while depth > 1 and sum(row.depth <= depth for row in self.rows) > OPENED:
            depth -= 1
        return [place for place, row in enumerate(self.rows) if row.last > place and row.depth >= depth]

    def lines(self, width: int) -> list[Line]:
        """Return the rows in at most `width` cells: paths, types, shardings and bytes, with totals for branches."""
        return _lines(self.rows, width)


def _side(name: str, leaves: Sequence[Argument], more: int, *, output: bool = False) -> Iterator[TreeRow]:
    """Yield a row for one side, and for each of its branches and leaves."""

    def row(depth: int, key: str, places: range, leaf: Argument | None = None) -> TreeRow:
        return TreeRow(depth, key, places, output, leaf, size=sum(leaves[at].bytes for at in places))

    yield row(0, name, range(len(leaves)))
    paths = [leaf.keys[1:] if leaf.keys[0] == ROOT and len(leaf.keys) > 1 else leaf.keys for leaf in leaves]
    above: tuple[str, ...] = ()
    for place, (leaf, keys) in enumerate(zip(leaves, paths, strict=True)):
        pairs = enumerate(zip(above, keys[:-1], strict=False))
        shared = next((at for at, (one, other) in pairs if one != other), min(len(above), len(keys) - 1))
        for depth in range(shared, len(keys) - 1):
            branch = keys[: depth + 1]
            outside = (at for at in range(place, len(paths)) if paths[at][: depth + 1] != branch)
            yield row(depth + 1, branch[-1], range(place, next(outside, len(paths))))
        yield row(len(keys), keys[-1], range(place, place + 1), leaf)
        above = keys[:-1]
    if more:
        yield TreeRow(1, f"… {more} more")


def _static(told: Arguments) -> Iterator[TreeRow]:
    if told.static:
        yield TreeRow(0, "static", value=plural(len(told.static) + told.more[2], "value"))
        yield from (TreeRow(1, name, value=value) for name, value in told.static.items())
    if told.more[2]:
        yield TreeRow(1, f"… {told.more[2]} more")


def _lines(rows: Sequence[TreeRow], width: int) -> list[Line]:
    paths = min(max(2 * row.depth + width_of(row.key) for row in rows), int(width * _LONGEST_PATH))
    leaves = [row.leaf for row in rows if row.leaf is not None]
    types = max((width_of(leaf.type) for leaf in leaves), default=0)
    shardings = max((width_of(short(leaf.sharding)) for leaf in leaves), default=0)
    middle = max(min(types, width - paths - _BYTES - 2 * len(_GAP)), 9)
    shardings = max(0, min(shardings, width - paths - middle - _BYTES - 3 * len(_GAP)))
    return [clip_line(_line(row, paths, middle, shardings), width) for row in rows]


def _line(row: TreeRow, paths: int, types: int, shardings: int) -> Line:
    text = pad(_GAP * row.depth + row.key, paths)
    if row.value is not None:
        styles: tuple[Style, Style] = ("name", "constant") if row.depth else ("title", "muted")
        return ((text, styles[0]), (_GAP, ""), (row.value, styles[1]))
    if not row.leaves and row.depth:
        return ((text.rstrip(), "muted"),)
    name: StyledText = (text, "title" if row.depth == 0 else "name" if row.leaf else "strong")
    said: StyledText = (plural(len(row.leaves), "array"), "muted") if row.leaf is None else (row.leaf.type, "type")
    line: Line = (name, (_GAP, ""), (pad(said[0], types), said[1]))
    if shardings:
        line = (*line, (_GAP, ""), (pad(short(row.leaf.sharding if row.leaf else None), shardings), "function"))
    return (*line, (_GAP, ""), (pad(bytes_text(row.size), _BYTES, right=True), "number"))


def short(sharding: str | None) -> str:
    """Return the partition alone: `P('x', None)`."""
    return clip((sharding or "").partition(" on the mesh")[0], 30)
