"""Shows the calls behind a line of the source: the library functions through which its equations arose."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import PurePath
from typing import NamedTuple

from jaxtour.engine.stage import StageText
from jaxtour.render.text.layout import Line, StyledText, clip, clip_line, pad, width_of
from jaxtour.text import grouped, plural

_INSTALLED = ("site-packages", "dist-packages")
_LEAST_NAME = 8
"""The fewest cells of a function's name."""
_NAMED = 4
"""The most primitives named in a row."""


class LibraryCall(NamedTuple):
    """A place in code that called something."""

    file: str
    line: int
    function: str
    library: bool
    """Whether it is a library's code, not the user's."""

    @property
    def place(self) -> str:
        """`diffrax/_integrate.py:853`; only the name for the user's own file."""
        path = PurePath(self.file)
        installed = [at for at, part in enumerate(path.parts) if part in _INSTALLED]
        parts = path.parts[installed[-1] + 1 :] if installed else path.parts[-2 if self.library else -1 :]
        return f"{PurePath(*parts)}:{self.line}"


@dataclass
class CallNode:
    """A frame, with the equations that come from it and from what it calls."""

    frame: LibraryCall
    own: list[int] = field(default_factory=list)
    """Lines of equations that it makes directly."""
    calls: dict[LibraryCall, "CallNode"] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[int]:
        """The lines of all equations, in order; fixed when it is first asked for."""
        return sorted([*self.own, *(line for call in self.calls.values() for line in call.lines)])


class CallRow(NamedTuple):
    """A row of the tree: a frame, or the equations that it makes directly."""

    depth: int
    node: CallNode
    lines: Sequence[int]
    own: bool = False
    below: int = 0
    """The rows of what it calls."""


class CallsOf(NamedTuple):
    """The calls behind one line of the source."""

    rows: list[CallRow]
    total: int
    """The equations of the line."""


@lru_cache(maxsize=4)
def _frames(stage: StageText) -> list[tuple[int, LibraryCall]]:
    """Return the frame around each frame, counted from 1, and itself; the first one is no frame."""
    found = [(0, LibraryCall("", 0, "", False))]
    for row in stage.frames:
        inside, file, line, function, *library = row.split()
        names = [stage.words[int(place)] if int(place) < len(stage.words) else "" for place in (file, function)]
        around = int(inside) if int(inside) < len(found) else 0
        found.append((around, LibraryCall(names[0], int(line), names[1], bool(library))))
    return found


@lru_cache(maxsize=4)
def unfolding(stage: StageText) -> frozenset[tuple[str, int]]:
    """Return the user's lines, by file and number, that have a library function behind them."""
    frames = _frames(stage)
    found: set[tuple[str, int]] = set()
    for around, frame in frames:
        while frame.library and around:
            around, outer = frames[around]
            if not outer.library:
                found.add((outer.file, outer.line))
                break
    return frozenset(found)


def calls_of(stage: StageText, file: str, line: int, equations: Iterable[int]) -> CallsOf | None:
    """Return the calls behind a line of the source, for the lines of its equations; None if no library is behind it."""
    frames = _frames(stage)
    root = CallNode(LibraryCall(file, line, "", False))
    known: dict[int, CallNode] = {}
    count = 0
    for number in equations:
        if number >= len(stage.equations) or not stage.equations[number]:
            continue
        count += 1
        place = stage.calls[number] if number < len(stage.calls) else 0
        if place not in known:
            known[place] = _within(root, list(_path(frames, place)))
        known[place].own.append(number)
    rows = list(_rows(root, 0))
    return CallsOf(rows, count) if any(row.node.frame.library for row in rows) else None


def _path(frames: list[tuple[int, LibraryCall]], place: int) -> Iterator[LibraryCall]:
    """Yield the frames from an innermost one outwards."""
    while place:
        place, frame = frames[place]
        yield frame


def _within(root: CallNode, path: list[LibraryCall]) -> CallNode:
    """Return the node of a path, innermost first, inside the line of the root."""
    here = [place for place, frame in enumerate(path) if (frame.file, frame.line) == root.frame[:2]]
    libraries = [place for place, frame in enumerate(path) if frame.library]
    # A function that JAX traced for another line has that line's frames.
    inner = path[: here[-1]] if here else path[: libraries[-1] + 1] if libraries else []
    node = root
    for frame in reversed(inner):
        node = node.calls.setdefault(frame, CallNode(frame))
    return node


def _rows(node: CallNode, depth: int) -> Iterator[CallRow]:
    """Yield the rows below a node, the largest calls first; a chain of single calls is not indented."""
    calls = sorted(node.calls.values(), key=lambda call: (-len(call.lines), call.lines[:1]))
    for call in calls:
        inner = list(_rows(call, depth + (len(call.calls) > 1 or bool(call.own and call.calls))))
        yield CallRow(depth, call, call.lines, below=len(inner))
        yield from inner
    if node.own and node.calls:
        yield CallRow(depth, node, node.own, own=True)


def call_lines(stage: StageText, found: CallsOf, every: int, width: int) -> list[Line]:
    """Return a line for each row: equations, their share of all, function, place, and primitives if made there."""
    return [_line(stage, row, every, width) for row in found.rows]


def _line(stage: StageText, row: CallRow, every: int, width: int) -> Line:
    count = len(row.lines)
    head: list[StyledText] = [
        (pad(grouped(count), 6, right=True), "number"),
        (pad(_share(count, every), 6, right=True), "muted"),
        ("  " + "  " * row.depth, ""),
    ]
    if row.own:
        return clip_line((*head, (_primitives(stage, row.lines), "primitive")), width)
    frame = row.node.frame
    room = width - sum(map(width_of, (text for text, _ in head))) - width_of(frame.place) - 2
    name = clip(frame.function.replace(".<locals>", ""), max(room, _LEAST_NAME))
    spans = [*head, (name, "function" if frame.library else "strong")]
    spans += [("  ", ""), (frame.place, "link" if frame.library else "")]
    if not row.node.calls:
        spans.append((f"  {_primitives(stage, row.lines)}", "primitive"))
    return clip_line(tuple(spans), width)


def _share(count: int, every: int) -> str:
    share = round(100 * count / max(every, 1))
    return f"{share}%" if share else "<1%"


def _primitives(stage: StageText, lines: Sequence[int]) -> str:
    counts = Counter(stage.origin_of(line).name for line in lines)
    named = [name if count == 1 else f"{name} {count}" for name, count in counts.most_common(_NAMED)]
    more = len(counts) - _NAMED
    return ", ".join([*named, *([f"{plural(more, 'other')}"] if more > 0 else [])])


def total(stage: StageText) -> int:
    """Return the equations of a jaxpr, each as often as it is printed."""
    return sum(map(bool, stage.equations))
