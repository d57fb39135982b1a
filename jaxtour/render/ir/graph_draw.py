"""Draws graphs with characters: labels in rows, and between two rows the wires on as many tracks as they need.

At a crossing, the vertical wire is drawn through, `─│─`; characters that join always belong to one wire.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jaxtour.render.ir.graph_layout import LayerItem, Layout, Strand
from jaxtour.render.ir.graph_model import Model
from jaxtour.render.text.layout import Line, StyledText, width_of

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
GLYPHS = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"
"""The character for each set of sides that are joined."""


@dataclass(frozen=True, slots=True)
class GraphDrawing:
    """The rows of a graph, and the places of its nodes."""

    lines: list[Line]
    places: dict[int, tuple[int, int, int]]
    """Row, column and width by the node's place in the model."""


@dataclass(slots=True, eq=False)
class _Track:
    """A wire's part between two rows of labels: a horizontal piece, or a vertical one."""

    wire: int
    ups: list[int]
    """Columns that lead up to the labels above."""
    downs: list[int]
    """Columns that lead down to the labels below."""
    row: int = -1
    after: list["_Track"] = field(default_factory=list)
    """Tracks that must lie above it."""
    link: tuple["_Track", int] | None = None
    """The track below on which the wire continues, and the column that leads there."""
    joined: list[int] = field(default_factory=list)
    """Columns that lead up to the track that this one continues."""

    @property
    def columns(self) -> list[int]:
        """All its columns, sorted."""
        return sorted({*self.ups, *self.downs, *self.joined, *([self.link[1]] if self.link else [])})


def drawn(model: Model, layout: Layout) -> GraphDrawing:
    """Draw a laid-out graph."""
    lines: list[Line] = []
    places: dict[int, tuple[int, int, int]] = {}
    for spots, strands in zip(layout.layers, layout.strands, strict=True):
        for spot in spots:
            if spot.item is not None:
                places[spot.item] = (len(lines), spot.left, spot.width)
        lines.append(_labels(model, spots))
        if strands:
            lines += _channel(_tracks(strands))
    return GraphDrawing(lines, places)


def _labels(model: Model, spots: Sequence[LayerItem]) -> Line:
    spans: list[StyledText] = []
    column = 0
    for spot in spots:
        if spot.left > column:
            spans.append((" " * (spot.left - column), ""))
        if spot.item is None:
            spans.append(("│", "faint"))
        else:
            label = model.items[spot.item].label
            spans += label
            if space := spot.width - width_of(label):
                spans.append((" " * space, ""))
        column = spot.right + 1
    return tuple(spans)


def _tracks(strands: Sequence[Strand]) -> list[_Track]:
    """Return the wires of one channel, with the columns where they begin and end."""
    ups = _pins((strand.above, number, _aim(strand)) for number, strand in enumerate(strands))
    downs = _pins(
        (spot, number, ups[number, strand.above]) for number, strand in enumerate(strands) for spot in strand.below
    )
    return [
        _Track(number, [ups[number, strand.above]], sorted(downs[number, spot] for spot in strand.below))
        for number, strand in enumerate(strands)
    ]


def _aim(strand: Strand) -> int:
    """Return the best column for the wire to start: above its lane, or else above the middle of its users."""
    for spot in strand.below:
        if spot.item is None:
            return spot.left
    middles = sorted(spot.middle for spot in strand.below)
    return middles[len(middles) // 2]


def _pins(wanted: Iterable[tuple[LayerItem, int, int]]) -> dict[tuple[int, LayerItem], int]:
    """Return a separate column for each wire of each spot, as near as possible to the wanted one."""
    by_spot: dict[LayerItem, list[tuple[int, int]]] = {}
    for spot, wire, column in wanted:
        by_spot.setdefault(spot, []).append((column, wire))
    pins: dict[tuple[int, LayerItem], int] = {}
    for spot, wires in by_spot.items():
        wires.sort()
        columns: list[int] = []
        for column, _ in wires:
            least = columns[-1] + 2 if columns else spot.left
            columns.append(max(least, min(column, spot.right)))
        most = spot.right
        for place in reversed(range(len(columns))):
            columns[place] = min(columns[place], most)
            most = columns[place] - 2
        pins |= {(wire, spot): column for (_, wire), column in zip(wires, columns, strict=True)}
    return pins


def _channel(tracks: list[_Track]) -> list[Line]:
    """Return the rows between two rows of labels."""
    bent = _ordered([track for track in tracks if track.ups != track.downs])
    height = max((track.row + 1 for track in bent), default=1)
    cells: dict[tuple[int, int], dict[int, int]] = {}

    def mark(row: int, column: int, wire: int, sides: int) -> None:
        wires = cells.setdefault((row, column), {})
        wires[wire] = wires.get(wire, 0) | sides

    def upright(column: int, wire: int, first: int, last: int) -> None:
        """Mark a vertical line between two rows; rows -1 and `height` are labels."""
        for row in range(max(first, 0), min(last, height - 1) + 1):
            mark(row, column, wire, UP * (row > first) | DOWN * (row < last))

    for track in tracks:
        if track.ups == track.downs:
            upright(track.ups[0], track.wire, -1, height)
    for track in bent:
        columns = track.columns
        for column in range(columns[0], columns[-1] + 1):
            mark(track.row, column, track.wire, LEFT * (column > columns[0]) | RIGHT * (column < columns[-1]))
        for column in track.ups:
            upright(column, track.wire, -1, track.row)
        for column in track.downs:
            upright(column, track.wire, track.row, height)
        if track.link:
            below, column = track.link
            upright(column, track.wire, track.row, below.row)
    width = max((column for _, column in cells), default=-1) + 1
    rows = [[" "] * width for _ in range(height)]
    for (row, column), wires in cells.items():
        sides = next(iter(wires.values())) if len(wires) == 1 else UP | DOWN
        rows[row][column] = GLYPHS[sides]
    return [(("".join(row).rstrip(), "faint"),) for row in rows]


def _ordered(tracks: list[_Track]) -> list[_Track]:
    """Return the tracks with their rows: none overlaps another, or lies above one that it must follow."""
    starts = {column: track for track in tracks for column in track.ups}
    for track in tracks:
        track.after += [starts[column] for column in track.downs if starts.get(column, track) is not track]
    used = {column for track in tracks for column in track.columns}
    waiting = sorted(tracks, key=_turn)
    done: list[_Track] = []
    taken: list[list[tuple[int, int]]] = []
    while waiting:
        ready = next((track for track in waiting if all(other.row >= 0 for other in track.after)), None)
        if ready is None:
            upper = _parted(waiting[0], used)
            for other in waiting:
                other.after = [upper if each is waiting[0] else each for each in other.after]
            waiting[0].after.append(upper)
            waiting.insert(0, upper)
            continue
        waiting.remove(ready)
        done.append(ready)
        first, last = ready.columns[0], ready.columns[-1]
        ready.row = max((other.row + 1 for other in ready.after), default=0)
        while ready.row < len(taken) and any(first <= end and start <= last for start, end in taken[ready.row]):
            ready.row += 1
        taken += [[] for _ in range(ready.row + 1 - len(taken))]
        taken[ready.row].append((first, last))
    return done


def _turn(track: _Track) -> tuple[bool, int]:
    """Return the sort key: tracks that lead right, rightmost first, then those that lead left, leftmost first."""
    columns = track.columns
    rightwards = columns[-1] - track.ups[0] >= track.ups[0] - columns[0]
    return (not rightwards, -track.ups[0] if rightwards else track.ups[0])


def _parted(track: _Track, used: set[int]) -> _Track:
    """Split a track that waits for itself in a cycle; return the upper part. A free column joins both."""
    start = track.ups[0]
    near = (start + far * side for far in range(1, 2 * len(used) + 2) for side in (1, -1))
    column = next(each for each in near if each >= 0 and each not in used)
    used.add(column)
    upper = _Track(track.wire, track.ups, [], link=(track, column))
    track.ups, track.joined = [], [column]
    return upper
