"""The guard's end of the link to the engine: commands come in, events go out."""

import os
import platform
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..frames import FrameDecoder, ProtocolError, encode
from .loop import Loop
from .queue import SendQueue

PROTO = 2
PREAMBLE = b"\njaxtour-frames-1\n"
"""Sent once before the first frame; a reader skips everything before it, such as a login shell's greeting."""
CROWDED = 1024 * 1024
FULL = 16 * 1024 * 1024
CHUNK = 64 * 1024


class Link:
    """Reads and writes frames on two descriptors.

    Calls `obey` with every command, which may raise `ProtocolError`; `drained` when the queue is empty again; `ended`
    when the engine has left, with a reason if it left because of an error, or sent nothing for `idle_s` seconds.
    """

    def __init__(
        self,
        loop: Loop,
        stdin: int,
        stdout: int,
        *,
        obey: Callable[[Mapping[str, Any]], None],
        drained: Callable[[], None],
        ended: Callable[[str], None],
        idle_s: float | None = None,
    ) -> None:
        self._loop = loop
        self._stdin = stdin
        self._ended = ended
        self._decoder = FrameDecoder()
        self._queue = SendQueue(loop, stdout, lost=lambda: ended(""), drained=drained)
        self._obey = obey
        self._idle_s = idle_s
        self.state = ("", "")
        """The state last sent, and its detail."""
        os.set_blocking(stdin, False)

    def start(self) -> None:
        """Send the preamble and `hello`, then listen."""
        self._queue.send(PREAMBLE)
        self.say(hello())
        self._loop.reader(self._stdin, self._read)
        if self._idle_s is not None:
            self.expect_silence(self._idle_s)

    def expect_silence(self, seconds: float) -> None:
        """End if the engine sends nothing for that long, unless this link may be silent."""
        if self._idle_s is not None:
            self._loop.at("idle", seconds, lambda: self._ended(f"heard nothing for {seconds:g} s"))

    @property
    def crowded(self) -> bool:
        """Whether text should wait."""
        return self._queue.pending > CROWDED

    @property
    def full(self) -> bool:
        """Whether results should wait, too."""
        return self._queue.pending > FULL

    def say(self, event: dict[str, Any]) -> None:
        """Send an event; raises `ProtocolError` if it cannot be encoded."""
        self._queue.send(encode(event))

    def log(self, text: str) -> None:
        """Send a line for the worker's operator; dropped while the queue is long."""
        if not self.crowded:
            self.say({"event": "log", "text": text})

    def show(self, state: str, detail: str = "", code: str = "") -> None:
        """Send the runner's state if it has changed."""
        if (state, detail) != self.state:
            self.state = (state, detail)
            self.say({"event": "state", "state": state, "detail": detail, **({"code": code} if code else {})})

    def _read(self) -> None:
        try:
            data = os.read(self._stdin, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended("")
            return
        if self._idle_s is not None:
            self.expect_silence(self._idle_s)
        try:
            for command in self._decoder.feed(data):
                self._obey(command)
        except ProtocolError as error:
            self._ended(str(error))


def hello() -> dict[str, Any]:
    """Build the guard's first frame."""
    return {
        "event": "hello",
        "proto": PROTO,
        "jaxtour": _version(),
        "python": platform.python_version(),
        "pid": os.getpid(),
        "host": os.uname().nodename,
    }


def _version() -> str:
    """Return the version of jaxtour, read from its source: an import would need the package on `sys.path`."""
    try:
        text = (Path(__file__).resolve().parents[2] / "__init__.py").read_text()
    except OSError:
        return "unknown"
    found = re.search(r'^__version__ = "(.*)"', text, re.MULTILINE)
    return found[1] if found else "unknown"
