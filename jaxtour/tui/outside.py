"""Runs the learner's own editor: which program it is, where it opens, and what it saves."""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from jaxtour.files import read_bytes

SET_EDITOR = "set EDITOR, for example: export EDITOR=nano"
FALLBACKS = ("nano", "vi")
MOST_BYTES = 1 << 20
"""A step's code is far shorter."""
SETTLED_S = 0.05
"""How long a saved file must stay unchanged: editors empty a file before they write it."""
WIDE, TALL = 160, 36
"""Columns from which two programs fit side by side, and rows from which they fit one above the other."""
OPENS_S = 5.0
"""A multiplexer that takes longer hangs."""
RESET = b"\x1b[?1049l\x1b[?1000;1002;1003;1006;2004l\x1b[!p\x1b[?25h\x1b[?7h\x1b[0m"
"""Resets what a crashed editor may have left: the alternate screen, mouse, paste, colours."""


class NoEditorError(Exception):
    """There is no editor to start; the message is one line that says what to do."""


def editor_command(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the program and arguments of `$VISUAL` or `$EDITOR`, or else nano or vi; raises `NoEditorError`."""
    path = environ.get("PATH")
    for name in ("VISUAL", "EDITOR"):
        said = environ.get(name, "").strip()
        if not said:
            continue
        try:
            argv = shlex.split(said)
        except ValueError as error:
            raise NoEditorError(f"{name} is {said!r} ({error}): {SET_EDITOR}") from error
        program = shutil.which(argv[0], path=path)
        if program is None:
            raise NoEditorError(f"{name} is {said!r}, and there is no program {argv[0]}: {SET_EDITOR}")
        return [program, *argv[1:]]
    found = next((program for name in FALLBACKS if (program := shutil.which(name, path=path))), None)
    if found is None:
        raise NoEditorError(f"there is no editor: {SET_EDITOR}")
    return [found]


def beside(argv: Sequence[str], columns: int, rows: int, environ: Mapping[str, str] = os.environ) -> list[str] | None:
    """Return the command that opens a program next to a terminal of this size; None without tmux or Zellij.

    If there is no room for both, the program covers the terminal until it ends.
    """
    place = "wide" if columns >= WIDE else "tall" if rows >= TALL else "over"
    if environ.get("TMUX") and (tmux := shutil.which("tmux", path=environ.get("PATH"))):
        split = {"wide": ["-h"], "tall": ["-v"], "over": ["-v", "-Z"]}[place]
        pane = environ.get("TMUX_PANE")
        return [tmux, "split-window", *split, *(("-t", pane) if pane else ()), "-c", str(Path.cwd()), *argv]
    if "ZELLIJ" in environ and (zellij := shutil.which("zellij", path=environ.get("PATH"))):
        split = {"wide": ["--direction", "right"], "tall": ["--direction", "down"], "over": ["--floating"]}[place]
        return [zellij, "run", *split, "--close-on-exit", "--", *argv]
    return None


def telling(argv: Sequence[str], ended: Path) -> list[str]:
    """Return the command that runs a program, and writes its exit code into a file when it has ended."""
    return ["/bin/sh", "-c", '"$@"; echo $? > "$0"', str(ended), *argv]


async def opened_beside(argv: Sequence[str]) -> bool:
    """Run such a command; return whether it opened anything."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(OPENS_S):
            return await process.wait() == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        return False


def in_foreground(app: App[Any], argv: Sequence[str]) -> tuple[str, float] | None:
    """Give the terminal to an editor until it ends; None where it cannot be given away.

    Returns why it failed, empty if it did not, and how long it ran in seconds. The app is suspended meanwhile.
    """
    start = time.monotonic()
    failed = ""
    try:
        with app.suspend():
            # Nothing may be raised here, or the app stays suspended.
            try:
                with _terminal_kept():
                    code = subprocess.run(argv, check=False).returncode
                failed = f"the editor ended with {_ending(code)}" if code else ""
            except (OSError, termios.error) as error:
                failed = f"{argv[0]} does not run: {error}; {SET_EDITOR}"
    except SuspendNotSupported:
        return None
    return failed, time.monotonic() - start


def _ending(code: int) -> str:
    return f"exit code {code}" if code > 0 else signal.Signals(-code).name


@contextlib.contextmanager
def _terminal_kept() -> Iterator[None]:
    """Leave the keys that interrupt to the editor, and restore the terminal's modes whatever it leaves."""
    # A handler, since a program would inherit an ignored signal.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    terminal = next((each for each in (0, 1, 2) if os.isatty(each)), None)
    modes = termios.tcgetattr(terminal) if terminal is not None else None
    try:
        yield
    finally:
        if terminal is not None and modes is not None:
            # An editor with its own jobs may have kept the foreground, which alone may set modes.
            stopping = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            with contextlib.suppress(OSError):
                os.tcsetpgrp(terminal, os.getpgrp())
            termios.tcsetattr(terminal, termios.TCSAFLUSH, modes)
            signal.signal(signal.SIGTTOU, stopping)
            os.write(terminal, RESET)
        for number, handler in before.items():
            signal.signal(number, handler)


class Saves:
    """Notices what an editor saves into a file, by its content: network file systems update times late."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._known = text

    def new(self) -> str | None:
        """Return the text of the file if it changed and has settled; None for the same, a missing or too large file."""
        found = self._read()
        if found is None or found == self._known:
            return None
        time.sleep(SETTLED_S)
        if self._read() != found:
            return None  # it is being written
        self._known = found
        return found

    def _read(self) -> str | None:
        try:
            data = read_bytes(self._path, MOST_BYTES)  # reopened, so that NFS asks the server
        except OSError:
            return None
        return data.decode("utf-8", "replace") if len(data) <= MOST_BYTES else None
