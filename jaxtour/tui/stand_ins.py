"""Text in a form that an editor can hold: one plain character for each that it could not show or would break at."""

import re
from collections.abc import Iterator
from itertools import chain

from jaxtour.text.clean import UNCLEAN, stand_in

# Characters for private use are as long in UTF-8 as what is painted for them, so that positions in bytes stay right;
# behind them come planes that Unicode leaves empty.
_POOL = (range(0xE000, 0xF900), range(0x40000, 0xE0000))
_EXCHANGED = re.compile(f"(?!\t){UNCLEAN.pattern}|[\ue000-\uf8ff\U00040000-\U000dffff]")


class StandIns:
    """Exchanges characters one for one, so that each text comes back as it was and no column moves.

    A text may itself have characters of the pool that stand-ins are taken from: those are exchanged too. There are
    more in the pool than different characters in 2.5 MB of text.
    """

    def __init__(self) -> None:
        self._free: Iterator[int] = chain(*_POOL)
        self._held: dict[str, str] = {}
        self._own: dict[int, str] = {}
        self._painted: dict[int, str] = {}

    def hold(self, text: str) -> str:
        """The text to be held: nothing in it is invisible, and newlines are its only line breaks."""
        return _EXCHANGED.sub(self._exchange, text)

    def own(self, held: str) -> str:
        """The text that is held like this."""
        return held.translate(self._own) if self._own else held

    def painted(self, held: str) -> str:
        """What the screen shows of a held text, character for character."""
        return held.translate(self._painted) if self._painted else held

    def _exchange(self, match: re.Match[str]) -> str:
        character = match[0]
        if character not in self._held:
            code = next(self._free)
            self._held[character] = chr(code)
            self._own[code] = character
            self._painted[code] = stand_in(character)
        return self._held[character]
