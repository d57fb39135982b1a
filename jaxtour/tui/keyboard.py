"""What comes from the terminal, before Textual reads keys in it: bytes that are no UTF-8, and pastes with escapes."""

from codecs import getincrementaldecoder

_START, _END = "\x1b[200~", "\x1b[201~"
_ESCAPE = "\ufdd0"
"""Stands for an ESC on its way through Textual's parser; Unicode keeps it out of all texts."""


class KeyDecoder:
    """An incremental decoder of UTF-8 that fails at nothing, and keeps each paste in one piece.

    Textual's parser (checked with 8.2.8) takes an ESC in a bracketed paste for the start of a key, and what follows it
    for keys that were pressed. `pasted` undoes what is done here against that.
    """

    def __init__(self) -> None:
        self._utf8 = getincrementaldecoder("utf-8")("replace")
        self._pasting = False
        self._recent = ""
        self._held = ""

    def decode(self, data: bytes, final: bool = False) -> str:
        """The text of these bytes; the start of what may end a paste is kept back until it is known."""
        text = self._held + self._utf8.decode(data, final)
        self._held = ""
        told = ""
        while text:
            piece, text = self._paste(text, final) if self._pasting else self._keys(text)
            told += piece
        return told

    def _keys(self, text: str) -> tuple[str, str]:
        """What comes up to the start of a paste, and the rest. A key is not held back: nothing may follow it."""
        seen = self._recent + text
        start = seen.find(_START)
        if start < 0:
            self._recent = seen[1 - len(_START) :]
            return text, ""
        self._recent, self._pasting = "", True
        end = start + len(_START) - (len(seen) - len(text))
        return text[:end], text[end:]

    def _paste(self, text: str, final: bool) -> tuple[str, str]:
        """What comes up to the end of the paste, and the rest."""
        pasted, ended, rest = text.partition(_END)
        if ended:
            self._pasting = False
        elif not final:
            kept = next((size for size in range(len(_END) - 1, 0, -1) if pasted.endswith(_END[:size])), 0)
            pasted, self._held = pasted[: len(pasted) - kept], pasted[len(pasted) - kept :]
        return pasted.replace("\x1b", _ESCAPE) + ended, rest


def pasted(text: str) -> str:
    """The text of a paste as the terminal sent it."""
    return text.replace(_ESCAPE, "\x1b")
