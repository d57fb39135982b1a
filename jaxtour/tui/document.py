"""What a pane shows: lines made on demand, what stands beside them, and the facts in its border."""

from collections.abc import Callable, Mapping, Sequence
from typing import overload

import msgspec
from rich.cells import cell_len

from jaxtour.render.spans import Line, plain
from jaxtour.tui.styling import Mark


class LazyLines(Sequence[Line]):
    """Lines whose colours are worked out when they are looked at."""

    def __init__(self, texts: Sequence[str], highlight: Callable[[str], Line]) -> None:
        self.texts = texts
        self._highlight = highlight

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return LazyLines(self.texts[index], self._highlight)
        return self._highlight(self.texts[index])

    @property
    def width(self) -> int:
        """Cells of the widest line, without making any."""
        return max(map(cell_len, self.texts), default=0)


class Document(msgspec.Struct, frozen=True):
    """Everything that a pane shows at one moment."""

    lines: Sequence[Line] = ()
    gutter: Sequence[Line] = ()
    """What stands left of each line and stays when it is scrolled sideways; empty, or as long as `lines`."""
    marks: Mapping[int, Mark] = {}
    title: Line = ()
    subtitle: Line = ()
    anchor: int | None = None
    """The line to bring into view when the document is first shown."""
    follow: bool = False
    """Whether the end is to stay in view while the document grows."""

    @property
    def width(self) -> int:
        """Cells of the widest line."""
        if isinstance(self.lines, LazyLines):
            return self.lines.width
        return max((cell_len(plain(line)) for line in self.lines), default=0)

    @property
    def gutter_width(self) -> int:
        """Cells of the gutter."""
        return max((cell_len(plain(line)) for line in self.gutter), default=0)

    @property
    def text(self) -> str:
        """What it says, without the gutter."""
        texts = self.lines.texts if isinstance(self.lines, LazyLines) else [plain(line) for line in self.lines]
        return "".join(text.rstrip() + "\n" for text in texts)


EMPTY = Document()


def same_lines(old: Document, new: Document, index: int) -> bool:
    """Whether a line looks alike in both documents."""
    if index >= len(old.lines) or index >= len(new.lines):
        return index >= len(old.lines) and index >= len(new.lines)
    if old.marks.get(index) != new.marks.get(index) or _raw(old, index) != _raw(new, index):
        return False
    return (old.gutter[index] if old.gutter else ()) == (new.gutter[index] if new.gutter else ())


def _raw(document: Document, index: int) -> Line | str:
    """A line in a form that is cheap to compare."""
    lines = document.lines
    return lines.texts[index] if isinstance(lines, LazyLines) else lines[index]
