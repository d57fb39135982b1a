"""Opens the real tour on a small lesson in a pseudo-terminal, where it meets a fault, and fills in the table's row."""

import contextlib
import os
import shlex
import signal
import sys
import termios
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from guard_client import alive, descendants, stat
from survival import memory_mib
from table import Row

from benchmarks.terminal import HANGS_S, Terminal

LESSON = """\
format: 1
id: standing
title: Standing
summary: For the tests of faults.
minutes: 1
steps:
  - id: look
    title: Looking
    text: It looks at a file.
    code: |
      open({token!r}).read()
  - id: spin
    title: Spinning
    text: It never ends.
    code: |
      while True:
          {loop}
  - id: last
    title: Nothing
    text: It is the last step.
    code: |
      pass
"""
FLOOD = "print('x' * 100)"
"""What the second step repeats for a flood; a third step would never begin, since the second runs before it."""
LEFT = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[<u")
"""The sequences that give the terminal back: screen, cursor, mouse, paste and keyboard, each by its mode."""


def wait(reached: Callable[[], object]) -> None:
    """Wait until something is true."""
    until = time.monotonic() + HANGS_S
    while not reached():
        assert time.monotonic() < until, f"not reached within {HANGS_S} s"
        time.sleep(0.005)


class Tour:
    """A tour that is open until the end of a `with`; `home` has its state, settings and lesson."""

    def __init__(
        self,
        home: Path,
        *,
        prefix: Sequence[str] = (),
        options: Sequence[str] = (),
        env: dict[str, str] | None = None,
        before: Callable[[], object] | None = None,
        columns: int = 100,
        lines: int = 30,
        loop: str = "pass",
    ) -> None:
        self.home = home
        self._token = home / "token"
        self._token.write_text("")
        self.lesson = home / "standing.yaml"
        self.lesson.write_text(LESSON.format(token=str(self._token), loop=loop))
        dirs = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}
        argv = [*prefix, sys.executable, "-m", "jaxtour", str(self.lesson), *options]
        self.terminal = Terminal(argv, columns=columns, lines=lines, env=dirs | (env or {}), before=before)
        self.process = self.terminal.process
        self.until, self.send = self.terminal.until, self.terminal.send

    def __enter__(self) -> "Tour":
        return self

    def __exit__(self, *_: object) -> None:
        family = self.family()
        self.terminal.end()
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def text(self) -> str:
        return self.terminal.text

    def family(self) -> set[int]:
        """Return the tour, its guard, the runner and its spare, and whatever they started."""
        return {self.process.pid, *descendants(self.process.pid)}

    def guard(self) -> int:
        """Return the guard's process."""
        guards = {pid for pid in self.family() if b"start_guard.py" in _command(pid)}
        # The guard forked the process that represents an isolated runner.
        [pid] = [pid for pid in guards if (found := stat(pid)) and found[1] not in guards]
        return pid

    def shown(self, row: Row, text: str) -> None:
        """Wait for a text, which may leave the screen again, and keep its line as what was seen."""
        self.until(lambda screen: text in screen or text.encode() in self.terminal.raw)
        row.seen = next((line.strip() for line in self.text.splitlines() if text in line), text)

    def look(self, row: Row, keys: str = "r") -> None:
        """Run the first step; it is right if it shows what the file has now."""
        token = uuid.uuid4().hex[:12]
        self._token.write_text(token)
        began = time.monotonic()
        self.send(keys)
        row.next_right = False
        self.until(token)
        row.next_right = True
        row.ready_s = time.monotonic() - began
        row.memory_mib = memory_mib(self.guard())

    def spin(self) -> None:
        """Run the step that never ends."""
        self.until("It looks at a file.")
        self.send("n")
        self.until("It never ends.")
        self.send("r")
        self.until("► running")

    def quit(self, row: Row, keys: str = "q") -> None:
        """Leave the tour; check that no process is left, and that the terminal is as it was before."""
        family = self.family()
        self.send(keys)
        self.ended(row, family, 0)
        self.restored()

    def ended(self, row: Row, family: set[int], *codes: int) -> None:
        """Check that the tour has left with one of these codes, and that none of its processes remains."""
        until = time.monotonic() + HANGS_S
        while self.process.poll() is None and time.monotonic() < until:
            self.terminal.pump(0.02) if self.terminal.master >= 0 else time.sleep(0.005)
        code = self.process.poll()
        row.seen = row.seen or f"exit {code}"
        wait(lambda: not any(map(alive, family)))
        row.left = 0
        assert code in codes, f"exit {code}\n{self.text}"

    def restored(self) -> None:
        """Check that the terminal is as a shell expects it."""
        while self.terminal.pump(0.05):
            pass
        end = bytes(self.terminal.raw[-400:])
        assert not [sequence for sequence in LEFT if sequence not in end], end
        local = termios.tcgetattr(self.terminal.master)[3]
        assert local & termios.ECHO and local & termios.ICANON and local & termios.ISIG


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def mounted(folder: Path, options: str) -> list[str]:
    """Return the start of a command line whose program sees a small, separate file system at this folder; root only."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = f"mount -t tmpfs -o {options} tmpfs {shlex.quote(str(folder))}"
    return ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]
