"""Runs a program in a pseudo-terminal and parses its screen, for benchmarks and tests."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import pyte

QUERY = re.compile(rb"\x1b\[\??[0-9;]*\$p|\x1b\[>[0-9;]*[a-zA-Z]|\x1b\[[<=?][0-9;]*u")
"""Sequences that pyte does not know and would print."""

ESC = "\x1b[27u"
"""The escape key as a terminal with Kitty's keyboard protocol sends it: nothing that follows can belong to it."""

ASKS, YES = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
"""The question whether a terminal shows nothing of a frame before its end, and the answer of one that does."""
BEGIN, END = b"\x1b[?2026h", b"\x1b[?2026l"

HANGS_S = 150.0
"""What takes longer will not come: no test may depend on how fast the machine is."""

FOLLOWS_S = 0.002
"""A terminal's buffer holds 4 kB; the rest of a larger write follows the first part within this time."""


class ScreenTimeoutError(Exception):
    """The screen did not show the expected text in time; the message contains the screen."""


class Terminal:
    """A child process in its own pseudo-terminal, with its output parsed into a screen of characters."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 120,
        lines: int = 36,
        env: dict[str, str] | None = None,
        before: Callable[[], None] | None = None,
        whole: bool = True,
    ) -> None:
        """Start the child; unless `whole`, its frames are neither marked nor held back until they are complete."""
        self.screen = pyte.Screen(max(1, columns), max(1, lines))
        self.stream = pyte.ByteStream(self.screen)
        self.received = 0
        self.raw = bytearray()
        self.last = 0.0
        """When the last byte was read: drawing it here takes longer than writing it did."""
        self._unanswered = False
        """Whether nothing was written since the last keys."""
        self._whole = whole
        self._held = b""
        """The beginning of a frame."""
        self._asked = 0
        """The place in `raw` where its next question may begin."""
        self.master, slave = os.openpty()
        self.resize(columns, lines, tell=False)

        def attach() -> None:
            os.login_tty(slave)
            if before:
                before()

        environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "", "LINES": ""} | (env or {})
        environment = {name: value for name, value in environment.items() if value != ""}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(argv, preexec_fn=attach, env=environment, pass_fds=(slave,))
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def text(self) -> str:
        """The screen, with a line for each row."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def pump(self, timeout_s: float) -> int:
        """Read and draw output that arrives within `timeout_s`, and what follows at once; returns the byte count."""
        data = self.read(timeout_s)
        while data and len(data) < 1 << 16 and (more := self.read(FOLLOWS_S)):
            data += more
        self.show(data)
        return len(data)

    def read(self, timeout_s: float) -> bytes:
        """Read output that arrives within `timeout_s`, once; `show` draws it later, since drawing takes longer."""
        ready, _, _ = select.select([self.master], [], [], max(timeout_s, 0))
        try:
            data = os.read(self.master, 1 << 16) if ready else b""
        except OSError:
            return b""
        self.received += len(data)
        if data:
            self.last = time.perf_counter()
        self.raw += data
        if self._whole and (place := self.raw.find(ASKS, self._asked)) >= 0:
            os.write(self.master, YES)
            self._asked = place + 1
        self._asked = max(self._asked, len(self.raw) - len(ASKS) + 1)
        return data

    def show(self, data: bytes) -> None:
        """Draw output that was read, up to a frame that is not complete: a part of one says what never was so."""
        self._held += data
        end = self._complete() if self._whole and self.process.poll() is None else len(self._held)
        drawn, self._held = self._held[:end], self._held[end:]
        self._unanswered = self._unanswered and not data
        self.stream.feed(QUERY.sub(b"", drawn))

    def _complete(self) -> int:
        """Return where the frame begins that has not ended yet, or the sequence that may begin one."""
        if (begun := self._held.rfind(BEGIN)) > self._held.rfind(END):
            return begun
        cut = next((size for size in range(len(BEGIN) - 1, 0, -1) if self._held.endswith(BEGIN[:size])), 0)
        return len(self._held) - cut

    def until(self, seen: str | Callable[[str], object], timeout_s: float = HANGS_S) -> float:
        """Wait until the screen shows a text or satisfies a predicate; returns seconds from start to last byte.

        Raises `ValueError` if it did before the keys that were just sent: then it does not tell whether they arrived.
        """
        deadline = time.perf_counter() + timeout_s
        while True:
            if seen in self.text if isinstance(seen, str) else seen(self.text):
                if self._unanswered:
                    raise ValueError(f"{seen!r} was there before the keys; the screen:\n{self.text}")
                return self.last - self.started
            left = deadline - time.perf_counter()
            if left <= 0 or (self.process.poll() is not None and not self._held and not self.pump(0)):
                raise ScreenTimeoutError(f"waited for {seen!r}; exit {self.process.poll()}; the screen:\n{self.text}")
            self.pump(min(left, 0.5))

    def quiet(self, for_s: float, timeout_s: float = HANGS_S) -> None:
        """Read until no output arrives for `for_s` seconds."""
        deadline = time.perf_counter() + timeout_s
        while self.pump(for_s):
            if time.perf_counter() > deadline:
                raise ScreenTimeoutError(f"never quiet for {for_s} s; the screen:\n{self.text}")

    def send(self, keys: str) -> None:
        """Send keys; raises `ValueError` if `ESC` must be sent in place of a byte that begins other keys as well."""
        if keys.endswith("\x1b"):
            raise ValueError("what is sent next may be read as part of this key: send ESC")
        self._unanswered = True
        os.write(self.master, keys.encode())

    def resize(self, columns: int, lines: int, *, tell: bool = True) -> None:
        """Change the size; the kernel sends SIGWINCH to the program."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if tell:
            self.screen.resize(lines, columns)

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self.master)
        self.master = -1

    def ended(self, timeout_s: float = HANGS_S) -> int:
        """Read until the program has ended; returns its exit code. Unread output would hold it up."""
        deadline = time.perf_counter() + timeout_s
        while (code := self.process.poll()) is None:
            if time.perf_counter() > deadline:
                raise ScreenTimeoutError(f"it did not end; the screen:\n{self.text}")
            self.pump(0.02)
        return code

    def end(self) -> None:
        """Close the terminal and wait for the child, killing it after 5 s."""
        if self.master >= 0:
            self.hang_up()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
