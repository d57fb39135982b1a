"""What Python writes while JAX traces, marked in the stream itself: only there its place among the rest is kept.

The runner writes a mark before and one behind each piece, in one go, if the thread that writes it is tracing; the
guard takes them out again. What is written past Python's own streams (by C code, a child, another thread) is never
between two marks, and so never taken for it.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any


def marks(token: str) -> tuple[str, str]:
    """What stands before and behind: application commands, which a terminal leaves out, should they get to one.

    The token is of one runner, so that nothing else that is written is taken for them.
    """
    return f"\x1b_{token}+\x1b\\", f"\x1b_{token}-\x1b\\"


class Marks:
    """Takes the marks with a token out of a stream of bytes; without a token there are none."""

    def __init__(self, token: str = "") -> None:
        self._begin, self._end = (mark.encode() for mark in marks(token)) if token else (b"", b"")
        self._tracing = False
        self._held = b""
        """The end of what came, if it may be the start of a mark."""

    def split(self, data: bytes) -> Iterator[tuple[bool, bytes]]:
        """The pieces of what came, each with whether it was written while tracing."""
        if not self._begin:
            yield False, data
            return
        data = self._held + data
        self._held = b""
        while data:
            mark = self._end if self._tracing else self._begin
            piece, found, rest = data.partition(mark)
            if not found:
                keep = _start_of(mark, piece)
                piece, self._held = piece[: len(piece) - keep], piece[len(piece) - keep :]
            if piece:
                yield self._tracing, piece
            if not found:
                return
            self._tracing = not self._tracing
            data = rest

    def rest(self) -> tuple[bool, bytes]:
        """What was held back: it is no mark after all."""
        held, self._held = self._held, b""
        return self._tracing, held

    def without(self, data: bytes) -> bytes:
        """Bytes without the marks in them."""
        return data.replace(self._begin, b"").replace(self._end, b"") if self._begin else data


def _start_of(mark: bytes, data: bytes) -> int:
    """How many bytes at the end of the data are the start of the mark."""
    for length in range(min(len(mark) - 1, len(data)), 0, -1):
        if data.endswith(mark[:length]):
            return length
    return 0


class MarkingStream(io.TextIOWrapper):
    """Python's own text stream, but for the marks."""

    is_tracing: Callable[[], bool] = staticmethod(lambda: False)
    marks: tuple[str, str] = ("", "")

    def write(self, text: str) -> int:
        """Write the text, between marks while JAX traces."""
        if text and self.is_tracing():
            begin, end = self.marks
            super().write(f"{begin}{text}{end}")
            return len(text)
        return super().write(text)

    def writelines(self, lines: Any) -> None:
        """Write every line."""
        for line in lines:
            self.write(line)


def mark_streams(token: str, is_tracing: Callable[[], bool]) -> None:
    """From now on mark what is written to `sys.stdout` and `sys.stderr` while JAX traces."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        with contextlib.suppress(OSError):
            stream.flush()
        marking = _marking(stream)
        marking.is_tracing, marking.marks = is_tracing, marks(token)
        setattr(sys, name, marking)
        setattr(sys, f"__{name}__", marking)


def _marking(stream: io.TextIOWrapper) -> MarkingStream:
    encoding, errors = stream.encoding, stream.errors
    buffered, through = stream.line_buffering, stream.write_through
    return MarkingStream(stream.detach(), encoding, errors, "\n", buffered, through)
