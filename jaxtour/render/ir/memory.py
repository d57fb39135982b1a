"""Draws the memory of a compiled call over its schedule, stacked by source line, and lists what holds it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from jaxtour.engine.memory_record import SourceLine, owner_of
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.memory import Block, Held, Memory, held_at, holders
from jaxtour.render.ir.gutter import file_name
from jaxtour.render.text.layout import Line, Style, StyledText, clip_lines, joined, pad, width_of, wrap
from jaxtour.text import bytes_text, grouped

ROWS = 6
"""The height of the picture in rows."""
ABOVE = 1 + ROWS + 2
"""The lines above the table: the total, and the plot with a mark above and one below it."""
LETTERS = "abcdefghij"
_REST = "·"
_SERIES: tuple[Style, ...] = ("series-1", "series-2", "series-3", "series-4", "series-5", "series-6")


class Column(NamedTuple):
    """One column of the plot: the fullest of the places that it represents."""

    place: int
    bytes: Mapping[SourceLine, int]


class MemoryView:
    """One call's memory, ready to be drawn at any place of its schedule."""

    def __init__(self, stage: StageText, memory: Memory, cell: str) -> None:
        self._stage = stage
        self.memory = memory
        self._cell = cell
        peak = self.by_owner(holders(memory, memory.at))
        self._named = [owner for owner, _ in peak.most_common(len(LETTERS))]
        self._columns: dict[int, list[Column]] = {}

    def by_owner(self, held: Iterable[Held]) -> Counter[SourceLine]:
        """Return the bytes that each line of source holds."""
        found: Counter[SourceLine] = Counter()
        for each in held:
            found[self.owner(each.block)] += each.bytes
        return found

    def owner(self, block: Block) -> SourceLine:
        """Return the line of source that a block belongs to."""
        return owner_of(self._stage, block)

    def letter(self, owner: SourceLine) -> StyledText:
        """Return the letter and the style of a line of source; lines that hold little at the peak share one."""
        if owner not in self._named:
            return _REST, "series-rest"
        at = self._named.index(owner)
        return LETTERS[at], _SERIES[at % len(_SERIES)]

    def stacked(self, owners: Iterable[SourceLine]) -> list[SourceLine]:
        """Return source lines in stacking order: by letter, those without one on top."""
        return sorted(owners, key=lambda owner: (owner not in self._named, self.letter(owner)[0]))

    def columns(self, count: int) -> list[Column]:
        """Return the columns of a plot that is `count` cells wide, made once: a key along it only moves a mark."""
        if count not in self._columns:
            self._columns = {count: self._made(count)}
        return self._columns[count]

    def _made(self, count: int) -> list[Column]:
        used = self.memory.used
        edges = [len(used) * at // count for at in range(count + 1)]
        places = [max(range(start, max(end, start + 1)), key=used.__getitem__) for start, end in pairwise(edges)]
        found = zip(places, held_at(self.memory, places), strict=True)
        return [Column(place, self.by_owner(held)) for place, held in found]

    def place(self, place: int | None) -> int:
        """Return a place in the schedule; None means the peak."""
        return self.memory.at if place is None else min(place, len(self.memory.used) - 1)

    def where(self, owner: SourceLine) -> str:
        """Return `line 9`, `layers.py line 3`."""
        if owner is None:
            return "no source"
        name = file_name(self._cell, owner[0])
        return f"{name} line {owner[1]}" if name else f"line {owner[1]}"

    def instruction(self, line: int) -> str:
        """Return the name of an instruction, as `%dot.71`."""
        defined = self._stage.names_of(line)[0] if 0 <= line < len(self._stage.ids) else ()
        return defined[0] if defined else "an instruction"


@lru_cache(maxsize=4)
def view_of(stage: StageText, cell: str) -> MemoryView | None:
    """Return the view of a compiled stage's memory; None if it has none."""
    memory = stage.memory
    return MemoryView(stage, memory, cell) if memory and memory.error is None and memory.used else None


class Drawing(NamedTuple):
    """The memory at one place of the schedule."""

    lines: list[Line]
    instructions: Mapping[int, int]
    """The line of HLO that each line represents."""


def drawing(stage: StageText, cell: str, width: int, place: int | None = None) -> Drawing:
    """Return the total, the plot, what holds memory at a place or the peak, and the sums; or why there is none."""
    view = view_of(stage, cell)
    if view is None:
        why = stage.memory.error if stage.memory and stage.memory.error else "this program needs no memory of its own"
        return Drawing(wrap(((why, "muted"),), width), {})
    needs, *totals = sums(view.memory, width)
    at = view.place(place)
    lines = [needs, *picture(view, width, at), *clip_lines(table(view, at).lines, width), (), *totals]
    return Drawing(lines, instructions(stage, cell, place))


def instructions(stage: StageText, cell: str, place: int | None) -> Mapping[int, int]:
    """Return the line of HLO that each line of a drawing stands for; it does not depend on the width."""
    view = view_of(stage, cell)
    rows = table(view, view.place(place)).instructions if view else {}
    return {ABOVE + row: line for row, line in rows.items()}


def sums(memory: Memory, width: int) -> list[Line]:
    """Return the total, whether it fits, and what the compiler says; a line each, at every width."""
    parts: list[tuple[str, int]] = [
        ("temporaries", memory.temporary_bytes), ("outputs", memory.output_bytes), ("arguments", memory.argument_bytes),
        ("donated", memory.donated_bytes), ("constants", memory.constant_bytes),
    ]  # fmt: skip
    rest = [
        f" + {grouped(count)} B {words}"
        for count, words in (
            (memory.unwritten_bytes, "of outputs not yet written"),
            (memory.gap_bytes, "free or padding"),
        )
        if count
    ]
    lines: list[Line] = [
        _needed(memory.needed_bytes, [(name, size) for name, size in parts if size], width),
        (("peak ", "muted"), (f"{grouped(memory.peak_bytes)} B", "strong"), (f"{''.join(rest)}", "muted")),
        ((f"   = {grouped(memory.compiler_bytes)} B, the compiler's own sum of temporaries and outputs", "muted"),),
    ]
    if memory.limit_bytes is not None:
        share = memory.needed_bytes / memory.limit_bytes
        fits: StyledText = ("does not fit: ", "error") if share > 1 else ("", "")
        lines.append((fits, (f"{share:.0%} of the device's {bytes_text(memory.limit_bytes)}", "muted")))
    if memory.left_out:
        lines.append(((f"{grouped(memory.left_out)} small blocks are not listed", "muted"),))
    return clip_lines(lines, width)


def _needed(total: int, parts: list[tuple[str, int]], width: int) -> Line:
    """Return the total and its parts; those with the fewest bytes are added up where there is no room for all."""
    rest = 0
    while True:
        shown = [*parts, ("more", rest)] if rest else parts
        said: list[StyledText] = [("needs ", "muted"), (bytes_text(total), "strong")]
        for number, (name, size) in enumerate(shown):
            said += [(" + " if number else " = ", "muted"), (bytes_text(size), "number"), (f" {name}", "muted")]
        if width_of(tuple(said)) <= width or len(parts) < 2:
            return tuple(said)
        least = min(parts, key=lambda part: part[1])
        parts = [part for part in parts if part is not least]
        rest += least[1]


def picture(view: MemoryView, width: int, place: int, rows: int = ROWS) -> list[Line]:
    """Plot bytes over the schedule, stacked by source line, with the peak and the cursor marked."""
    memory = view.memory
    label = len(bytes_text(memory.peak_bytes))
    columns = view.columns(max(1, width - label - 2))
    cells = [_stack(view, column, rows, memory.peak_bytes) for column in columns]
    lines: list[Line] = [_marks(columns, memory.at, "▼", " peak", label)]
    for row in range(rows - 1, -1, -1):
        axis = bytes_text(memory.peak_bytes) if row == rows - 1 else "0 B" if row == 0 else ""
        drawn = [cell[row] for cell in cells]
        lines.append(((pad(axis, label, right=True) + " ", "muted"), ("┤" if axis else "│", "faint"), *joined(drawn)))
    said = f" {view.instruction(memory.schedule[place])}, {place + 1} of {len(memory.used)}"
    lines.append(_marks(columns, place, "▲", said, label))
    return clip_lines(lines, width)


def _stack(view: MemoryView, column: Column, rows: int, peak: int) -> list[StyledText]:
    """Return the cells of a column from the bottom; a line's part begins and ends at the nearest row."""
    cells: list[StyledText] = []
    total = 0
    for owner in view.stacked(column.bytes):
        total += column.bytes[owner]
        cells += [view.letter(owner)] * (round(total * rows / peak) - len(cells))
    empty: list[StyledText] = [(" ", "")]
    return cells + empty * (rows - len(cells))


def _marks(columns: Sequence[Column], place: int, mark: str, words: str, label: int) -> Line:
    """Return a mark above or below the middle of a place's columns, with words next to it."""
    reached = [number for number, column in enumerate(columns) if column.place <= place]
    at = [number for number in reached if columns[number].place == columns[reached[-1]].place] if reached else [0]
    before = label + 2 + at[len(at) // 2]
    room = label + 2 + len(columns)
    if before + 1 + width_of(words) > room and before > width_of(words):
        return ((" " * (before - width_of(words)), ""), (words.strip() + " ", "muted"), (mark, "mark"))
    return ((" " * before, ""), (mark, "mark"), (words, "muted"))


@lru_cache(maxsize=4)
def table(view: MemoryView, place: int) -> Drawing:
    """Return the source lines that hold memory at a place, each with its values, the largest first."""
    held = holders(view.memory, place)
    total = sum(each.bytes for each in held) or 1
    lines: list[Line] = []
    found: dict[int, int] = {}
    owners = view.by_owner(held)
    of_owner: dict[SourceLine, list[Held]] = {}
    for each in held:
        of_owner.setdefault(view.owner(each.block), []).append(each)
    sizes = max((len(bytes_text(size)) for size in owners.values()), default=0)
    for owner, size in owners.most_common():
        letter, style = view.letter(owner)
        lines.append((
            (f" {letter} ", style), (f" {pad(bytes_text(size), sizes, right=True)} ", "number"),
            (f"{size / total:4.0%}  ", "muted"), (view.where(owner), "strong"),
        ))  # fmt: skip
        shown, rest = of_owner[owner][:_MOST_VALUES], len(of_owner[owner]) - _MOST_VALUES
        types = max(width_of(each.block.type) for each in shown)
        for each in shown:
            found[len(lines)] = each.block.line
            lines.append(_value(view, each, sizes, types))
        if rest > 0:
            lines.append(((f"{' ' * (sizes + 11)}and {rest} more", "faint"),))
    return Drawing(lines, found)


_MOST_VALUES = 6
"""The most values listed for one source line."""


def _value(view: MemoryView, held: Held, sizes: int, types: int) -> Line:
    """Return `1 MiB  f32[512,512]  saved for backward  %tanh.3  7–27 until %dot.4`."""
    block = held.block
    spans: list[StyledText] = [
        (f"    {pad(bytes_text(held.bytes), sizes, right=True)}       ", "muted"), (pad(block.type, types), "type"),
    ]  # fmt: skip
    if block.saved_for >= 0:
        spans.append(("  saved for backward" + (f" {block.trips}×" if block.trips else ""), "mark"))
    if block.kind == "output":
        spans.append(("  output", "keyword"))
    ends = block.last == len(view.memory.used) - 1 or block.last_use < 0
    until = " to the end" if ends else f" until {view.instruction(block.last_use)}"
    spans += [(f"  {view.instruction(block.line)}", ""), (f"  {block.first + 1}–{block.last + 1}{until}", "muted")]
    return tuple(spans)
