"""The bytes a program writes to one descriptor: decoded, capped, counted."""

import codecs
import os

from ..marks import Marks

CHUNK = 64 * 1024
HEAD = 256 * 1024
TAIL = 64 * 1024
DRAIN = 4 * 1024 * 1024
RECENT = 8 * 1024

_decoder = codecs.getincrementaldecoder("utf-8")


class Capture:
    """Keeps the first `head` bytes as they arrive, the last `tail` bytes, and the number of bytes dropped between."""

    def __init__(self, head: int = HEAD, tail: int = TAIL, token: str = "") -> None:
        self._room = head
        self._cap = tail
        self._marks = Marks(token)
        self._live: list[tuple[bool, bytearray]] = []
        """Bytes not taken yet, each piece with whether it was written while JAX traced."""
        self._tail = bytearray()
        self._lost = 0
        self._decoder = _decoder("replace")

    @property
    def waiting(self) -> int:
        """The number of bytes that `take` would return."""
        return sum(len(piece) for _, piece in self._live)

    def feed(self, data: bytes) -> None:
        """Add bytes read from the descriptor."""
        for tracing, piece in self._marks.split(data):
            self._add(tracing, piece)

    def _add(self, tracing: bool, data: bytes) -> None:
        head, rest = data[: self._room], data[self._room :]
        if head and self._live and self._live[-1][0] == tracing:
            self._live[-1][1].extend(head)
        elif head:
            self._live.append((tracing, bytearray(head)))
        self._room -= len(head)
        if rest:
            self._tail += rest[-self._cap :]
            over = len(self._tail) - self._cap
            self._lost += max(0, len(rest) - self._cap)
            if over > 0:
                del self._tail[:over]
                self._lost += over

    def take(self) -> list[tuple[bool, str]]:
        """Return the head's new text, in pieces with whether each was written while JAX traced.

        An incomplete UTF-8 character stays until the rest of it arrives.
        """
        live, self._live = self._live, []
        return [(tracing, text) for tracing, piece in live if (text := self._decoder.decode(bytes(piece)))]

    def finish(self) -> list[tuple[int, bool, str]]:
        """Return all remaining text, in pieces with the bytes dropped before each and whether JAX was tracing.

        Text after a gap counts as written outside tracing: the gap may have swallowed a mark.
        """
        tracing, held = self._marks.rest()
        if held:
            self._add(tracing, held)
        pieces = [(0, tracing, text) for tracing, text in self.take()]
        if self._lost:
            # A character cut in two by the gap counts as dropped.
            self._lost += len(self._decoder.getstate()[0])
            self._decoder.reset()
            cut = 0
            while cut < min(3, len(self._tail)) and self._tail[cut] & 0xC0 == 0x80:
                cut += 1
            self._lost += cut
            pieces.append((self._lost, False, self._decoder.decode(bytes(self._tail[cut:]), final=True)))
        elif text := self._decoder.decode(bytes(self._tail), final=True):
            if pieces and not pieces[-1][1]:
                text = pieces.pop()[2] + text
            pieces.append((0, False, text))
        self._tail.clear()
        self._lost = 0
        self._decoder.reset()
        return pieces


class Stream:
    """One pipe from the runner, and the capture that receives its bytes."""

    def __init__(self, name: str, fd: int, token: str = "") -> None:
        self.name = name
        self.fd = fd
        self.capture = Capture(token=token)
        self._token = token
        self._recent = bytearray()
        os.set_blocking(fd, False)

    def renew(self, head: int = HEAD, tail: int = TAIL) -> None:
        """Start a new capture with these caps."""
        self.capture = Capture(head, tail, self._token)

    def read(self) -> int | None:
        """Read once and return the number of bytes: 0 at the end, None when nothing is available."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return None
        self.capture.feed(data)
        self._recent += data[-RECENT:]
        del self._recent[:-RECENT]
        return len(data)

    def drain(self) -> None:
        """Read until the pipe is empty, or `DRAIN` bytes have come: a child may write without end."""
        for _ in range(DRAIN // CHUNK):
            if not self.read():
                return

    @property
    def last_lines(self) -> str:
        """The last 30 lines written, by any run."""
        return "\n".join(Marks(self._token).without(bytes(self._recent)).decode("utf-8", "replace").splitlines()[-30:])
