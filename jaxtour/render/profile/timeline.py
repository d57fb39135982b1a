"""Draws one profiled call with characters: threads as rows, and a letter for each source line."""

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from string import ascii_lowercase
from typing import NamedTuple

from jaxtour.engine.wire.profile import InstructionTime, Profile, TimelineThread, line_times
from jaxtour.render.profile.tables import SourceOf, percent
from jaxtour.render.programs import place
from jaxtour.render.text.layout import Line, Style, StyledText, clip, clip_line, pad
from jaxtour.text import seconds

Place = tuple[str, int]
_STYLES: tuple[Style, ...] = ("primitive", "type", "function", "number", "string", "keyword", "constant", "name")
IDLE = "·"
OTHER = "#"
"""The letter for instructions without a source, and for the lines beyond the alphabet."""
NAME_CELLS = 12
"""The cells for the names of the threads."""
_CLOSEST_NS = 20
"""The shortest time that the whole width shows."""


class Window(NamedTuple):
    """The part of the call in view, and the cursor; nanoseconds since its first event."""

    start: float
    length: float
    at: float
    thread: int = 0

    def moved(self, by: float, whole: float) -> "Window":
        """Return the window with its cursor later by a time, in view."""
        at = max(0.0, min(self.at + by, whole))
        start = min(max(self.start, at - self.length), at)
        return self._replace(at=at, start=max(0.0, min(start, whole - self.length)))

    def zoomed(self, factor: float, whole: float) -> "Window":
        """Return a window of another length, with the cursor in the same column."""
        length = max(min(self.length * factor, whole), min(_CLOSEST_NS, whole))
        start = self.at - (self.at - self.start) * length / self.length
        return self._replace(start=max(0.0, min(start, whole - length)), length=length)


def whole_window(profile: Profile) -> Window:
    """Return a window on all of the call, with the cursor at its start, on the busiest thread."""
    assert profile.timeline is not None
    sizes = [sum(thread.lengths) for thread in profile.timeline.threads]
    busiest = sizes.index(max(sizes)) if sizes else 0
    return Window(0.0, float(max(profile.timeline.length_ns, 1)), 0.0, busiest)


class Piece(NamedTuple):
    """A time in which an instruction itself ran; nanoseconds."""

    start: float
    end: float
    instruction: int


@lru_cache(maxsize=64)
def pieces_of(thread: TimelineThread) -> tuple[Piece, ...]:
    """Return the pieces of a thread's time, in order, each with the innermost instruction."""
    found: list[Piece] = []
    open_: list[list[float]] = []
    """End, instruction, and the time up to which it has been emitted."""

    def tell(until: float) -> None:
        end, number, told = open_[-1]
        if until > told:
            found.append(Piece(told, min(until, end), int(number)))

    def close(until: float) -> None:
        while open_ and open_[-1][0] <= until:
            end = open_[-1][0]
            tell(end)
            open_.pop()
            if open_:
                open_[-1][2] = max(open_[-1][2], end)

    for start, length, number in zip(thread.starts, thread.lengths, thread.instructions, strict=False):
        close(start)
        if open_:
            tell(start)
        open_.append([min(start + length, open_[-1][0]) if open_ else start + length, number, start])
    close(float("inf"))
    return tuple(sorted(found))


def piece_at(thread: TimelineThread, at: float) -> Piece | None:
    """Return what runs at a time; None in a gap."""
    pieces = pieces_of(thread)
    number = bisect_right(pieces, (at, float("inf"), 0)) - 1
    return pieces[number] if number >= 0 and pieces[number].end > at else None


def next_piece(thread: TimelineThread, at: float, by: int) -> Piece | None:
    """Return the piece that begins after a time, or before it; None without one."""
    pieces = pieces_of(thread)
    number = bisect_right(pieces, (at, float("inf"), 0)) - (0 if by > 0 else 2)
    return pieces[number] if 0 <= number < len(pieces) else None


def place_of(profile: Profile, each: InstructionTime) -> Place | None:
    """Return the line that has the most of an instruction's time."""
    best = max(each.parts, key=lambda part: part.share, default=None)
    if best is None or not 0 <= best.span < len(profile.spans):
        return None
    span = profile.spans[best.span]
    return span.file, span.line


@lru_cache(maxsize=8)
def letters(profile: Profile) -> Mapping[Place, str]:
    """Return a letter for each line, the hottest first."""
    hot = [(time.file, time.line) for time in line_times(profile) if time.file and time.line]
    return dict(zip(hot, ascii_lowercase, strict=False))


@lru_cache(maxsize=8)
def _letters(profile: Profile) -> list[str]:
    """Return the letter of each instruction."""
    known = letters(profile)
    places = (place_of(profile, each) for each in profile.instructions)
    return [known.get(found, OTHER) if found else OTHER for found in places]


def style_of(letter: str) -> Style:
    """Return the colour of a letter."""
    return _STYLES[ascii_lowercase.index(letter) % len(_STYLES)] if letter in ascii_lowercase else "muted"


def timeline_lines(profile: Profile, window: Window, width: int, height: int, source: SourceOf, own: str) -> list[Line]:
    """Return the axis, the threads, the cursor and what it is on, and the meaning of the letters, in `height` rows."""
    shown = profile.timeline
    assert shown is not None
    room = max(8, width - NAME_CELLS)
    lines: list[Line] = [_axis(window, room)]
    most = max(1, height - 6)
    first = max(0, min(window.thread - most // 2, len(shown.threads) - most))
    several = len({thread.device for thread in shown.threads}) > 1
    for number, thread in list(enumerate(shown.threads))[first : first + most]:
        here = number == window.thread
        name = f"device {thread.device}" if several else f"thread {number + 1}"
        head: Line = (
            (pad(("> " if here else "  ") + clip(name, NAME_CELLS - 3), NAME_CELLS), "strong" if here else "faint"),
        )
        lines.append((*head, *_row(profile, thread, window, room)))
    column = min(room - 1, max(0, int((window.at - window.start) / window.length * room)))
    lines.append(((" " * (NAME_CELLS + column) + "^", "mark"),))
    lines += _under(profile, window, source, own)
    rest = max(0, height - len(lines) - 1)
    lines += [(), *_legend(profile, source, own)[:rest]] if rest else []
    return [clip_line(line, width) for line in lines]


def _axis(window: Window, room: int) -> Line:
    ends = seconds(window.start / 1e9), seconds((window.start + window.length) / 1e9)
    text = ends[0] + ends[1].rjust(max(1, room - len(ends[0])))
    return ((" " * NAME_CELLS, ""), (text, "faint"))


def _row(profile: Profile, thread: TimelineThread, window: Window, room: int) -> Line:
    """Return a cell for each moment, with the letter of what ran for most of it."""
    step = window.length / room
    covered: list[dict[str, float]] = [{} for _ in range(room)]
    pieces, named = pieces_of(thread), _letters(profile)
    begin = max(0, bisect_right(pieces, (window.start, float("inf"), 0)) - 1)
    end = window.start + window.length
    for piece in pieces[begin:]:
        if piece.start >= end:
            break
        if piece.end <= window.start:
            continue
        letter = named[piece.instruction] if piece.instruction < len(named) else OTHER
        first = max(0, int((piece.start - window.start) / step))
        last = min(room - 1, int((piece.end - window.start) / step))
        for column in range(first, last + 1):
            left = window.start + column * step
            part = min(piece.end, left + step) - max(piece.start, left)
            if part > 0:
                covered[column][letter] = covered[column].get(letter, 0.0) + part
    spans: list[StyledText] = []
    for each in covered:
        letter = max(each, key=lambda key: each[key]) if each else IDLE
        faint = sum(each.values()) < step / 2
        spans.append((letter, "faint" if faint else style_of(letter)))
    return tuple(spans)


def _under(profile: Profile, window: Window, source: SourceOf, own: str) -> list[Line]:
    """Return the instruction under the cursor, with its line."""
    assert profile.timeline is not None
    threads = profile.timeline.threads
    thread = threads[min(window.thread, len(threads) - 1)]
    piece = piece_at(thread, window.at)
    when = f"at {seconds(window.at / 1e9)}: "
    if piece is None:
        after = next_piece(thread, window.at, 1)
        idle = f", {seconds((after.start - window.at) / 1e9)} until the next" if after else ""
        return [((when, "muted"), (f"nothing runs on this thread{idle}", "")), ()]
    each = profile.instructions[piece.instruction]
    took = seconds((piece.end - piece.start) / 1e9)
    of_all = percent(each.self_s / profile.wall_s)
    named: Line = (
        (when, "muted"),
        (each.name, "primitive"),
        (f" {each.opcode}, {took}, {of_all} of the call", "muted"),
    )
    found = place_of(profile, each)
    if found is None:
        return [named, (("it has no source: the compiler made it", "muted"),)]
    return [named, _said(profile, found, source, own)]


def _said(profile: Profile, found: Place, source: SourceOf, own: str) -> Line:
    letter = letters(profile).get(found, OTHER)
    at = f"line {found[1]}" if found[0] == own else place(*found)
    return ((letter, style_of(letter)), (" ", ""), (at, "link"), (f"  {source(*found).strip()}", ""))


def _legend(profile: Profile, source: SourceOf, own: str) -> list[Line]:
    known = letters(profile)
    times = {(time.file, time.line): time.self_s for time in line_times(profile)}
    lines: list[Line] = [
        ((f"{percent(times[found] / profile.wall_s):>6} ", "number"), *_said(profile, found, source, own))
        for found in known
    ]
    return [*lines, ((f"{OTHER:>8} no line, or one of the rest; {IDLE} nothing ran", "muted"),)]
