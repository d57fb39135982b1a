"""Marks in stdout and stderr around the text that Python writes while JAX traces.

The marks travel in the stream itself, since no other channel preserves the text's position in it. The runner writes
each piece and its two marks in one write; the guard removes them. Output that bypasses Python's streams (from C code, a
child, another thread) is never between two marks.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any


def marks(token: str) -> tuple[str, str]:
    """Return the begin and end mark: APC sequences, which a terminal ignores if one reaches it.

    Each runner has its own token, so no other output looks like a mark.
    """
    return f"\x1b_{token}+\x1b\\", f"\x1b_{token}-\x1b\\"


class Marks:
    """Removes the marks with a token from a stream of bytes; without a token there are no marks."""

    def __init__(self, token: str = "") -> None:
        self._begin, self._end = (mark.encode() for mark in marks(token)) if token else (b"", b"")
        self._tracing = False
        self._held = b""
        """The end of the last bytes, if it may be the start of a mark."""

    def split(self, data: bytes) -> Iterator[tuple[bool, bytes]]:
        """Split bytes into pieces, each with whether it was written while tracing."""
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
        """Return the bytes held back, which turned out not to be a mark."""
        held, self._held = self._held, b""
        return self._tracing, held

    def without(self, data: bytes) -> bytes:
        """Return the bytes without marks."""
        return data.replace(self._begin, b"").replace(self._end, b"") if self._begin else data


def _start_of(mark: bytes, data: bytes) -> int:
    """Return the number of bytes at the end of the data that begin the mark."""
    for length in range(min(len(mark) - 1, len(data)), 0, -1):
        if data.endswith(mark[:length]):
            return length
    return 0


class MarkingStream(io.TextIOWrapper):
    """Python's text stream with marks added."""

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
    """Mark all text written to `sys.stdout` and `sys.stderr` while JAX traces, from now on."""
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
