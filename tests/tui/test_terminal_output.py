"""What is written reaches a real terminal at once, in order, and whole."""

import os
import pty
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jaxtour.tui.output import WAITING, TerminalOutput

LONG = "".join(f"{number};" for number in range(40_000))
"""A text longer than a terminal takes while nobody reads."""


@contextmanager
def terminal(encoding: str = "utf-8") -> Iterator[tuple[int, TerminalOutput]]:
    """Yield a terminal's other end, and the output to it, whose thread has not been started."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        with os.fdopen(slave, "w", encoding=encoding, errors="backslashreplace") as file:
            yield master, TerminalOutput(file)
    finally:
        os.close(master)


def read(master: int, count: int) -> str:
    found = b""
    while len(found) < count:
        found += os.read(master, count - len(found))
    return found.decode()


def test_a_short_text_needs_no_thread() -> None:
    with terminal() as (master, output):
        output.write("one ")
        output.write("zwei é")
        assert read(master, 11) == "one zwei é"


def test_what_the_terminal_does_not_take_yet_comes_later_and_in_order() -> None:
    with terminal() as (master, output):
        output.start()
        for text in (LONG, "then this, ", "then that"):
            output.write(text)
        assert read(master, len(LONG) + 20) == f"{LONG}then this, then that"
        output.write(" and this")
        output.stop()
        assert read(master, 9) == " and this"


def test_the_file_decides_about_characters_that_it_cannot_encode() -> None:
    with terminal("ascii") as (master, output):
        output.write("é")
        assert read(master, 4) == r"\xe9"


def test_a_terminal_that_another_program_left_without_waiting() -> None:
    with terminal() as (master, output):
        os.set_blocking(output.fileno(), False)
        output.start()
        output.write(LONG)
        assert read(master, len(LONG)) == LONG
        output.stop()


def test_a_terminal_that_is_gone_holds_nobody_up() -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as file:
        output = TerminalOutput(file)
        output.start()
        os.close(master)
        for _ in range(WAITING * 3):
            output.write("nobody reads this")
        output.stop()


def test_what_is_no_terminal_is_written_by_the_thread(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+", encoding="utf-8") as file:
        output = TerminalOutput(file)
        output.start()
        output.write(LONG)
        output.stop()
    assert (tmp_path / "out").read_text() == LONG
