"""The list of names at the editor's cursor: it narrows while the learner types."""

import re
from collections.abc import Sequence

from textual.geometry import Offset
from textual.widgets import TextArea

from jaxtour.engine.wire.messages import Name
from jaxtour.render.text.layout import clip, pad, width_of
from jaxtour.tui.widgets.chooser import Chooser

ROWS = 6
WIDEST = 44
_BEGINNING = re.compile(r"(?:[^\W\d]\w*\.)*(?:[^\W\d]\w*)?$")
_STRING_OR_NUMBER = re.compile(r"[\w\])'\"]\.?$")


def before_cursor(line: str) -> str:
    """Return the dotted name that ends a line: `jnp.li`, `jnp.`; empty if there is none."""
    found = _BEGINNING.search(line)
    text = found[0] if found else ""
    # `x[0].su` begins with a value that is unknown without running it.
    return "" if _STRING_OR_NUMBER.search(line[: len(line) - len(text)]) else text


def words_of(code: str, beginning: str) -> list[str]:
    """Return the names in the code with this prefix, besides the one being typed; none after a dot."""
    if "." in beginning:
        return []
    words = re.findall(r"(?<![.\w])[^\W\d]\w*", code)
    return sorted({word for word in words if word.startswith(beginning)} - {beginning})


class NameList:
    """The list, which is on the screen while it has something to offer; the editor keeps the focus."""

    def __init__(self, editor: TextArea) -> None:
        self._editor = editor
        self._list: Chooser | None = None
        self._all: Sequence[Name] = ()
        self.fitting: list[Name] = []
        self._head = ""

    @property
    def shown(self) -> bool:
        """Whether there is a list."""
        return self._list is not None

    @property
    def chosen(self) -> str:
        """The name under the list's cursor."""
        return self.fitting[self._list.cursor].name if self._list else ""

    async def open(self, beginning: str, names: Sequence[Name]) -> None:
        """Show the names at the cursor; without any, nothing."""
        self.close()
        self._all, self._head = names, beginning.rpartition(".")[0]
        if not names:
            return
        self._list = Chooser("names", ascii_only=self._editor.screen.has_class("-ascii"))
        self._list.can_focus = False
        await self._editor.screen.mount(self._list)
        self.narrow(beginning)

    def narrow(self, beginning: str) -> None:
        """Show only the names with this prefix; close the list if there are none, or if the cursor is elsewhere."""
        head, _, start = beginning.rpartition(".")
        self.fitting = [each for each in self._all if each.name.startswith(start)] if head == self._head else []
        if self._list is None:
            return
        if not self.fitting or (not beginning and not head):
            self.close()
            return
        names = max(width_of(each.name) for each in self.fitting)
        kinds = max(width_of(each.kind) for each in self.fitting)
        width = min(WIDEST, names + kinds + 2)
        column = min(names, width - min(kinds, 16) - 2)
        self._list.fill(
            [((" ", ""), (pad(each.name, column), ""), ("  ", ""), (clip(each.kind, width - column - 2), "muted"))
             for each in self.fitting]
        )  # fmt: skip
        self._place(width + 6, min(ROWS, len(self.fitting)) + 2, width_of(start))

    def _place(self, width: int, height: int, back: int) -> None:
        """Put the list below the cursor's line, or above it if there is no room."""
        assert self._list is not None
        at, room = self._editor.cursor_screen_offset, self._editor.app.size
        y = at.y + 1 if at.y + 1 + height < room.height else max(1, at.y - height)
        x = max(0, min(at.x - back - 3, room.width - width))
        self._list.styles.width, self._list.styles.height = width, height
        self._list.absolute_offset = Offset(x, y)
        self._list.refresh(layout=True)

    def step(self, by: int) -> bool:
        """Go to another name; False without a list."""
        if self._list is None:
            return False
        self._list.highlighted = (self._list.cursor + by) % len(self.fitting)
        return True

    def close(self) -> bool:
        """Take the list away; False if there is none."""
        if self._list is None:
            return False
        self._list.remove()
        self._list, self._all = None, ()
        return True
