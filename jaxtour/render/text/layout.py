"""Lays out styled text without a toolkit: clipped, padded, wrapped, and in tables; widths are in terminal cells."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal, TypeAlias

from rich.cells import cell_len, get_character_cell_size, set_cell_size

from jaxtour.text import ascii_only

Style: TypeAlias = Literal[
    "", "muted", "faint", "strong", "emphasis", "title", "link", "code",
    "type", "primitive", "keyword", "constant", "name", "number", "string", "comment", "function", "operator",
    "error", "warning", "success", "mark", "bar", "bar-baseline", "bar-muted", "chip", "chip-on", "found",
    "series-1", "series-2", "series-3", "series-4", "series-5", "series-6", "series-rest",
]  # fmt: skip
StyledText: TypeAlias = tuple[str, Style]
Line: TypeAlias = tuple[StyledText, ...]


def plain(line: Line) -> str:
    """Return the line's text without styles."""
    return "".join(text for text, _ in line)


def plain_lines(lines: Iterable[Line]) -> str:
    """Return the lines' text, each ending in a newline."""
    return "".join(plain(line).rstrip() + "\n" for line in lines)


_PIECES = re.compile(r"\s+|\S+")
_JOINT = re.compile(r"""(?<=[\w\])'"])(?=\.[^\W\d]|\[['"])|(?<=\w[/:_-])(?=[\w'"])|(?<=\]:)(?=\w)""")
"""Where a path that does not fit may be broken: at the keys of a pytree, the folders of a file, and between words."""
_WHOLE_CODE = 40
"""The width in cells up to which inline code stays in one row."""


def width_of(line: Line | str) -> int:
    """Return the width in cells."""
    return cell_len(line if isinstance(line, str) else plain(line))


def clip(text: str, width: int) -> str:
    """Return the text in at most `width` cells; `…` replaces what is cut off."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return the text in exactly `width` cells, aligned left or right."""
    text = clip(text, width)
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def clip_line(line: Line, width: int) -> Line:
    """Return the line in at most `width` cells."""
    if width_of(line) <= width:
        return line
    if width <= 0:
        return ()
    kept: list[StyledText] = []
    room = width
    for text, style in line:
        size = cell_len(text)
        if size >= room:
            # Either this text is longer than the room, or more text follows it.
            kept.append((clip(text, room) if size > room else set_cell_size(text, room - 1) + "…", style))
            return tuple(kept)
        kept.append((text, style))
        room -= size
    return tuple(kept)


def clip_lines(lines: Iterable[Line], width: int) -> list[Line]:
    """Return every line in at most `width` cells."""
    return [clip_line(line, width) for line in lines]


def wrap(line: Iterable[StyledText], width: int, *, indent: str = "") -> list[Line]:
    """Break the line at spaces into rows, with `indent` before all but the first.

    Spaces at a break are dropped. A word is broken only if it does not fit in a whole row, at the joints of a path if
    it has any: `params['kernel_` and `weights']:`.
    """
    line = tuple(line)
    if width_of(line) <= width:
        return [_trimmed(line)]
    width, indent = _possible(width, indent)
    whole = width - cell_len(indent)
    rows: list[Line] = []
    row: list[StyledText] = []
    room = width
    for word in _words(line):
        size = width_of(word)
        space = all(text.isspace() for text, _ in word)
        if size > room and (space or room < whole):
            rows.append(_trimmed(row))
            row = [(indent, "")]
            room = whole
            if space:
                continue
        for part in [word] if size <= room else _parts(word):
            size = width_of(part)
            if room < size <= whole and room < whole:
                rows.append(joined(row))
                row, room = [(indent, "")], whole
            if size > room:
                *full, part = _chopped(part, room, width, indent)
                rows += [(*row, *full[0]), *full[1:]]
                row, room, size = [], width, width_of(part)
            row += part
            room -= size
    return [*rows, _trimmed(row)]


def _parts(word: Line) -> list[Line]:
    """Return the word's parts between its joints."""
    cuts = [0, *(match.start() for match in _JOINT.finditer(plain(word)))]
    parts: list[list[StyledText]] = [[] for _ in cuts]
    start = 0
    number = 0
    for text, style in word:
        while number + 1 < len(cuts) and cuts[number + 1] < start + len(text):
            end = cuts[number + 1] - start
            parts[number].append((text[:end], style))
            text, start, number = text[end:], start + end, number + 1
        parts[number].append((text, style))
        start += len(text)
    return [joined(part) for part in parts]


def chop(line: Line, width: int, *, indent: str = "") -> list[Line]:
    """Break the line wherever a row is full, so that no cell is lost."""
    width, indent = _possible(width, indent)
    return _chopped(line, width, width, indent) if width_of(line) > width else [line]


def _possible(width: int, indent: str) -> tuple[int, str]:
    """Return a width and an indent that leave room for at least the widest character."""
    width = max(width, 2)
    return width, indent if cell_len(indent) <= min(width // 2, width - 2) else ""


def _words(line: Iterable[StyledText]) -> Iterator[Line]:
    """Yield runs of spaces and words, which may change style midway; short code counts as a word."""
    word: list[StyledText] = []
    for text, style in line:
        whole = style == "code" and cell_len(text) <= _WHOLE_CODE
        for piece in [text] if whole else _PIECES.findall(text):
            if piece.isspace() and not whole:
                if word:
                    yield tuple(word)
                word = []
                yield ((piece, style),)
            else:
                word.append((piece, style))
    if word:
        yield tuple(word)


def _chopped(line: Line, room: int, width: int, indent: str) -> list[Line]:
    """Return the line in rows: the first has `room` cells, the others `width` cells including `indent`."""
    rows: list[Line] = []
    row: list[StyledText] = []
    for text, style in line:
        # Measuring the whole rest for each row would take quadratic time.
        while len(piece := _fitting(text, room)) < len(text):
            rows.append(joined([*row, (piece, style)]))
            text = text[len(piece) :]
            row = [(indent, "")] if indent else []
            room = width - cell_len(indent)
        row.append((text, style))
        room -= cell_len(text)
    return [*rows, joined(row)]


def _fitting(text: str, room: int) -> str:
    """Return the start of the text that fits."""
    if text.isascii():
        return text[: max(room, 0)]
    for end, character in enumerate(text):
        # The emoji variation selector makes some characters a cell wider.
        room -= 1 if character == "\ufe0f" else get_character_cell_size(character)
        if room < 0:
            return text[:end]
    return text


def joined(row: Iterable[StyledText]) -> Line:
    """Return the row with neighbouring spans of one style joined."""
    joined: list[StyledText] = []
    for text, style in row:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        elif text:
            joined.append((text, style))
    return tuple(joined)


def _trimmed(row: Iterable[StyledText]) -> Line:
    """Return the row without trailing spaces."""
    spans = list(joined(row))
    while spans:
        text, style = spans.pop()
        if text := text.rstrip():
            return (*spans, (text, style))
    return ()


def wrap_text(text: str, width: int, style: Style = "", *, indent: str = "") -> list[Line]:
    """Break clean text of one or more lines at spaces; each line keeps its own indentation."""
    lines: list[Line] = []
    for row in text.split("\n"):
        if cell_len(row) <= width:
            row = row.rstrip(" ")
            lines.append(((row, style),) if row else ())
            continue
        body = row.lstrip(" ")
        own = row[: len(row) - len(body)] + indent
        lines += wrap([(row, style)], width, indent=own)
    return lines


def in_ascii(lines: list[Line], ascii: bool) -> list[Line]:
    """Return the lines in ASCII if `ascii` is true."""
    if not ascii:
        return lines
    return [tuple((ascii_only(text), style) for text, style in line) for line in lines]


def spread(first: Sequence[StyledText], parts: Sequence[StyledText], width: int) -> list[Line]:
    """Return the parts after the first with wide gaps, on further lines where there is no room."""
    lines: list[list[StyledText]] = [[*first]]
    for text, style in parts:
        row = lines[-1]
        used = width_of(tuple(row))
        if not row or used + 3 + width_of(text) <= width:
            row += [("   ", ""), (text, style)] if row else [(text, style)]
        else:
            lines.append([("  ", ""), (text, style)])
    return [fitted for row in lines for fitted in wrap(row, width, indent="  ") if fitted]


_GAP = 2


def table_lines(rows: Sequence[Sequence[Line]], right: Sequence[bool], width: int) -> list[Line]:
    """Return the rows in columns, with a rule below the first row; cells that are too wide are wrapped.

    `right` says for each column whether to align it right. Every row has as many cells as the first.
    """
    needed = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    room = width - _GAP * (len(needed) - 1)
    most = next((size for size in range(max(room, 1), 1, -1) if sum(min(size, need) for need in needed) <= room), 1)
    sizes = [max(1, min(need, most)) for need in needed]
    lines: list[Line] = []
    for number, row in enumerate(rows):
        wrapped = [wrap(cell, size) for cell, size in zip(row, sizes, strict=True)]
        lines += [_row(cells, sizes, right) for cells in zip_longest(*wrapped, fillvalue=())]
        if number == 0:
            lines.append(_row([(("─" * size, "faint"),) for size in sizes], sizes, right))
    return lines


def _row(cells: Sequence[Line], sizes: Sequence[int], right: Sequence[bool]) -> Line:
    spans: list[StyledText] = []
    for cell, size, at_right in zip(cells, sizes, right, strict=True):
        space: StyledText = (" " * (size - width_of(cell)), "")
        spans += [space, *cell] if at_right else [*cell, space]
        spans.append((" " * _GAP, ""))
    while spans and not spans[-1][0].strip():
        spans.pop()
    return joined(spans)
