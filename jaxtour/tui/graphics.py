"""Finds the terminal's graphics beyond characters: queried once, when the first figure appears."""

import fcntl
import os
import re
import struct
import termios
from collections.abc import Callable
from typing import ClassVar, Literal, TypeAlias

GraphicsWay: TypeAlias = Literal["blocks", "sixel", "kitty"]
_QUESTION = "\x1b[c"
"""Primary Device Attributes, which every terminal answers or ignores: some print kitty's own query as text."""
_ANSWER = re.compile(r"\x1b\[\?([\d;]*)c")
_BEGUN = re.compile(r"\x1b\[\?[\d;]*\Z")
_SIXEL = "4"
_KITTY = ("xterm-kitty", "xterm-ghostty")
"""Terminals with kitty's placeholders, by the name that ssh passes on.

https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
"""


class Graphics:
    """How a terminal shows pictures: in half blocks, until it reports more."""

    USUAL: ClassVar[tuple[int, int]] = (10, 20)
    """Width and height of a cell in pixels, if the terminal does not report them."""

    def __init__(self, write: Callable[[str], object], changed: Callable[[], object]) -> None:
        self.write = write
        self._changed = changed
        """Called from the thread that reads keys."""
        self.way: GraphicsWay = "kitty" if os.environ.get("TERM") in _KITTY else "blocks"
        self._asked = self.way != "blocks"
        self._awaited = False

    def flush(self) -> None:
        """Do nothing: writes go through Textual's own queue."""

    def ask(self) -> None:
        """Ask the terminal, the first time."""
        if not self._asked:
            self._asked = self._awaited = True
            self.write(_QUESTION)

    def heard(self, text: str) -> tuple[str, str]:
        """Take the answer out of the terminal's input; return the rest, and the beginning of an answer at its end."""
        if not self._awaited:
            return text, ""
        if answer := _ANSWER.search(text):
            self._awaited = False
            if _SIXEL in answer[1].split(";"):
                self.way = "sixel"
                self._changed()
            return text[: answer.start()] + text[answer.end() :], ""
        begun = _BEGUN.search(text)
        return (text[: begun.start()], begun[0]) if begun else (text, "")

    def cell_size(self) -> tuple[int, int]:
        """Return width and height of a cell in pixels."""
        try:
            told = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
        except OSError:
            return self.USUAL
        rows, columns, width, height = struct.unpack("HHHH", told)
        return (width // columns, height // rows) if min(rows, columns, width, height) else self.USUAL
