"""Keeps the cells that a terminal shows, so that an update writes only the cells that changed."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.style import Style as RichStyle
from textual.strip import Strip

FEW, MANY = 512, 4096
"""Cells up to which both orders are tried. More are shorter by look; grouping many takes longer than sending."""
GAP = 4
"""Unchanged cells that are cheaper to write again than to jump over."""


class CellStyle(NamedTuple):
    """A cell's colours and attributes, as SGR parameters; empty ones are the terminal's defaults."""

    attributes: frozenset[str] = frozenset()
    front: str = ""
    back: str = ""


SEEN = frozenset(("4", "5", "6", "7", "9", "21", "51", "52", "53"))
"""Attributes that are visible in a blank: lines, boxes and reversed colours."""
ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}
"""The parameter that ends each attribute alone."""
PARAMETER = re.compile(r"([34]8);(?:2;\d+;\d+;\d+|5;\d+)|\d+")
StyledCell: TypeAlias = tuple[str, CellStyle]
PLAIN = CellStyle()
STYLE_OF = itemgetter(1)
"""The style of a cell."""
PlacedStrip: TypeAlias = tuple[int, int, Strip]
"""Column, row, and the cells from there on."""


class CellRun(NamedTuple):
    """Adjacent cells that are written in one style, from a column and a row on."""

    x: int
    y: int
    style: CellStyle
    text: str


class Cells:
    """What a terminal shows, and the shortest output that changes it to something else."""

    def __init__(self) -> None:
        self._rows: list[list[StyledCell | None]] = []
        """The cells of each row; None for a cell that must be written in any case."""
        self._strips: list[dict[int, Strip]] = []
        """The strips that each row shows, by column: most come again unchanged, and cells take longer to compare."""

    def forget(self, width: int, height: int) -> None:
        """Forget what the terminal shows, after another size, screen or program."""
        self._rows = [[None] * width for _ in range(height)]
        self._strips = [{} for _ in range(height)]

    def update(self, pieces: Iterable[PlacedStrip], colours: ColorSystem) -> str:
        """Return the text that makes the terminal show these cells; the rest stays."""
        runs: list[CellRun] = []
        others: list[PlacedStrip] = []
        for x, y, strip in pieces:
            if not 0 <= y < len(self._rows) or self._strips[y].get(x) == strip:
                continue
            room = max(0, len(self._rows[y]) - x)
            strip = strip.crop(0, room)
            cells = cells_of(strip, colours)
            self._keep(x, y, strip, simple=cells is not None)
            if cells is None:
                others.append((x, y, strip))
            else:
                # Textual draws both corners of a box of one column, and counts one cell.
                runs += self._changed(x, y, cells[:room])
        count = sum(len(run.text) for run in runs)
        orders = [runs] if count <= FEW or count > MANY else []
        if 1 < count <= MANY:
            orders.append(by_look(runs))
        written = min(map(self._written, orders), key=len)
        written += "".join(self._as_it_is(x, y, strip, colours) for x, y, strip in others)
        if any(segment.control for _, _, strip in others for segment in strip):
            # A picture covers cells of other rows, too, and only the terminal knows which.
            self.forget(max(map(len, self._rows)), len(self._rows))
        return written

    def _keep(self, x: int, y: int, strip: Strip, *, simple: bool) -> None:
        """Note that the terminal will show a strip in place of those that it covers."""
        shown, end = self._strips[y], x + strip.cell_length
        for start in [start for start, other in shown.items() if start < end and start + other.cell_length > x]:
            del shown[start]
        if simple:
            shown[x] = strip

    def _changed(self, x: int, y: int, cells: list[StyledCell]) -> Iterator[CellRun]:
        """Yield the runs of cells that the terminal does not show yet; marks them as shown."""
        row = self._rows[y]
        old = row[x : x + len(cells)]
        if old == cells:
            return
        row[x : x + len(cells)] = cells
        pairs = enumerate(zip(old, cells, strict=True))
        changed = [place for place, (was, now) in pairs if was is not now and was != now]
        start = changed[0]
        for place, following in zip(changed, [*changed[1:], len(cells) + GAP + 1], strict=True):
            if following - place > GAP + 1:
                yield from runs_of(x + start, y, cells[start : place + 1])
                start = following

    def _as_it_is(self, x: int, y: int, strip: Strip, colours: ColorSystem) -> str:
        """Write a whole strip with a link, picture or wide characters, since terminals disagree about their width."""
        self._rows[y][x : x + strip.cell_length] = [None] * strip.cell_length
        texts = (
            text if control or not style else Strip.render_style(style, text, colours) for text, style, control in strip
        )
        return f"\x1b[{y + 1};{x + 1}H" + "".join(texts)

    def _written(self, runs: Iterable[CellRun]) -> str:
        """Return the text for these runs, in this order."""
        out: list[str] = []
        style, at_x, at_y = PLAIN, -1, -1
        for x, y, wanted, text in runs:
            if x != at_x or y != at_y:
                out.append(_move(at_x, at_y, x, y))
            if wanted is not style and wanted != style and not _serves(style, wanted, text):
                out.append(f"\x1b[{parameters(style, wanted)}m")
                style = wanted
            out.append(text)
            # Terminals differ about where the cursor is after the last column.
            at_x, at_y = (x + len(text), y) if x + len(text) < len(self._rows[y]) else (-1, -1)
        if style != PLAIN:
            out.append(f"\x1b[{parameters(style, PLAIN)}m")
        return "".join(out)


def _move(at_x: int, at_y: int, x: int, y: int) -> str:
    """Return the shortest sequence that every terminal knows to move its cursor; -1, -1 stands for an unknown place."""
    there = f"\x1b[{y + 1};{x + 1}H"
    if at_y < 0 or not 0 <= y - at_y <= 1:
        return there
    down = "\x1b[B" if y > at_y else ""
    if x == 0:
        return f"\r{down}"
    # A count of 0 would move by one.
    along = "" if x == at_x else f"\x1b[{x - at_x}C" if x > at_x else f"\x1b[{at_x - x}D"
    return along + down if len(along) + len(down) <= len(there) else there


def runs_of(x: int, y: int, cells: Sequence[StyledCell]) -> Iterator[CellRun]:
    """Yield adjacent cells, parted where the style has to change."""
    current, text = cells[0][1], ""
    for style, group in groupby(cells, key=STYLE_OF):
        following = "".join([character for character, _ in group])
        if style is not current and style != current and not _serves(current, style, following):
            yield CellRun(x, y, current, text)
            x, current, text = x + len(text), style, ""
        text += following
    yield CellRun(x, y, current, text)


def by_look(runs: Iterable[CellRun]) -> list[CellRun]:
    """Return the runs grouped by style: switching colours takes up to 20 bytes, moving the cursor 5."""
    alike: dict[CellStyle, list[CellRun]] = {}
    for run in runs:
        alike.setdefault(run.style, []).append(run)
    return [run for each in alike.values() for run in each]


def _serves(now: CellStyle, wanted: CellStyle, text: str) -> bool:
    """Return whether a text may be written in the current style: blanks have no visible foreground."""
    return (
        text.isspace()
        and wanted.back == now.back
        and SEEN.isdisjoint(now.attributes)
        and SEEN.isdisjoint(wanted.attributes)
    )


def cells_of(strip: Strip, colours: ColorSystem) -> list[StyledCell] | None:
    """Return a strip's cells; None unless each character takes exactly one cell."""
    found: list[StyledCell] = []
    for text, style, control in strip:
        cells = None if control else _cells_of(text, style, colours)
        if cells is None:
            return None
        found += cells
    return found


@lru_cache(maxsize=1024)
def _cells_of(text: str, style: RichStyle | None, colours: ColorSystem) -> list[StyledCell] | None:
    """Return a segment's cells: borders, numbers and blanks come again and again."""
    styles = _styles(style, colours)
    if styles is None or not _is_simple(text):
        return None
    glyph, blank = styles
    return [(character, blank if character == " " else glyph) for character in text]


@lru_cache(maxsize=4096)
def parameters(now: CellStyle, then: CellStyle) -> str:
    """Return the fewest SGR parameters that change one style to another."""
    afresh = ";".join(("0", *sorted(then.attributes), *filter(None, (then.front, then.back))))
    ended, begun = now.attributes - then.attributes, then.attributes - now.attributes
    if then == PLAIN or not ended <= ENDS.keys():
        return afresh
    if ended & {"1", "2"}:
        begun |= then.attributes & {"1", "2"}
    front = "" if then.front == now.front else then.front or "39"
    back = "" if then.back == now.back else then.back or "49"
    step = ";".join(filter(None, (*sorted({ENDS[each] for each in ended}), *sorted(begun), front, back)))
    return min(step, afresh, key=len)


@lru_cache(maxsize=4096)
def _styles(style: RichStyle | None, colours: ColorSystem) -> tuple[CellStyle, CellStyle] | None:
    """Return the cell styles of a character and of a blank; None for a link."""
    if style is None:
        return PLAIN, PLAIN
    before, _, after = Strip.render_style(style, "\0", colours).partition("\0")
    if not before:
        return PLAIN, PLAIN
    if after != "\x1b[0m":
        return None
    attributes, front, back = [], "", ""
    for found in PARAMETER.finditer(before):
        match (found[1] or found[0])[:-1]:
            case "3" | "9":
                front = found[0]
            case "4" | "10":
                back = found[0]
            case _:
                attributes.append(found[0])
    glyph = CellStyle(frozenset(attributes), front, back)
    return glyph, glyph if SEEN.intersection(attributes) else CellStyle(back=back)


@lru_cache(maxsize=4096)
def _is_simple(text: str) -> bool:
    """Return whether each character takes one cell."""
    return text.isascii() or all(character.isascii() or get_character_cell_size(character) == 1 for character in text)
