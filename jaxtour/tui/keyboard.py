"""Decodes the terminal's input before Textual reads keys from it: invalid UTF-8, and pastes with escapes."""

from codecs import getincrementaldecoder
from collections.abc import Callable

_START, _END = "\x1b[200~", "\x1b[201~"
_ESCAPE = "\ufdd0"
"""Replaces an ESC on its way through Textual's parser; a noncharacter of Unicode, so no text has it."""


class KeyDecoder:
    """An incremental UTF-8 decoder that never fails, and keeps each paste in one piece.

    Textual's parser (checked with 8.2.8) takes an ESC in a bracketed paste for the start of a key, and the rest for
    pressed keys. So this decoder replaces an ESC, and `pasted` puts it back.
    """

    def __init__(self, hear: Callable[[str], tuple[str, str]] | None = None) -> None:
        self._hear = hear
        """Takes the terminal's answers out of a text; returns the rest, and what may be the start of an answer."""
        self._utf8 = getincrementaldecoder("utf-8")("replace")
        self._pasting = False
        self._recent = ""
        self._held = ""

    def decode(self, data: bytes, final: bool = False) -> str:
        """Return the text of these bytes; holds back a possible start of a paste's end until the next bytes decide."""
        text = self._held + self._utf8.decode(data, final)
        self._held = ""
        text, begun = self._hear(text) if self._hear and not self._pasting else (text, "")
        decoded = ""
        while text:
            piece, text = self._paste(text, final) if self._pasting else self._keys(text)
            decoded += piece
        self._held += begun
        return decoded

    def _keys(self, text: str) -> tuple[str, str]:
        """Return the text up to the start of a paste, and the rest. Never holds back keys, since nothing may follow."""
        seen = self._recent + text
        start = seen.find(_START)
        if start < 0:
            self._recent = seen[1 - len(_START) :]
            return text, ""
        self._recent, self._pasting = "", True
        end = start + len(_START) - (len(seen) - len(text))
        return text[:end], text[end:]

    def _paste(self, text: str, final: bool) -> tuple[str, str]:
        """Return the text up to the end of the paste, and the rest."""
        pasted, ended, rest = text.partition(_END)
        if ended:
            self._pasting = False
        elif not final:
            kept = next((size for size in range(len(_END) - 1, 0, -1) if pasted.endswith(_END[:size])), 0)
            pasted, self._held = pasted[: len(pasted) - kept], pasted[len(pasted) - kept :]
        return pasted.replace("\x1b", _ESCAPE) + ended, rest


def pasted(text: str) -> str:
    """Return the text of a paste as the terminal sent it."""
    return text.replace(_ESCAPE, "\x1b")
