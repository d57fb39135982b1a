"""The terminal of these tests shows whole frames only, and notices a wait that proves nothing."""

import sys

import pytest

from benchmarks.terminal import ScreenTimeoutError, Terminal

pytestmark = pytest.mark.terminal

PIECES = (b"before \x1b[?20", b"26hhalf ", b"a frame\x1b[?2026l after\x1b[?2026hthe last")
FRAMES = f"""
import os, sys, tty
tty.setraw(0)
os.write(1, b"\\x1b[?2026$p")
answer = b""
while not answer.endswith(b"y"):
    answer += os.read(0, 1)
os.write(1, b"answer %s\\r\\n" % answer[1:])
for piece in {PIECES}:
    os.read(0, 1)
    os.write(1, piece)
os.read(0, 1)
"""


@pytest.fixture
def frames() -> list[str]:
    return [sys.executable, "-c", FRAMES]


def write(terminal: Terminal, piece: bytes) -> None:
    """Have the program write its next piece, and wait for all of it."""
    terminal.send("\n")
    while not terminal.raw.endswith(piece):
        terminal.pump(1)


def test_a_frame_is_shown_once_it_is_complete(frames: list[str]) -> None:
    with Terminal(frames) as terminal:
        terminal.until("answer [?2026;2$y")
        write(terminal, PIECES[0])
        write(terminal, PIECES[1])
        assert "before" in terminal.text and "half" not in terminal.text
        write(terminal, PIECES[2])
        assert "before half a frame after" in terminal.text and "the last" not in terminal.text
        terminal.send("\n")
        assert terminal.ended() == 0
        terminal.pump(0)
        assert "the last" in terminal.text, "nobody ends it any more"


def test_what_was_there_before_the_keys_does_not_count(frames: list[str]) -> None:
    with Terminal(frames) as terminal:
        terminal.until("answer")
        terminal.send("\n")
        with pytest.raises(ValueError, match="before the keys"):
            terminal.until("answer")
        terminal.until("before")
        with pytest.raises(ValueError, match="send ESC"):
            terminal.send("\x1b")
        with pytest.raises(ScreenTimeoutError, match="half"):
            terminal.until("half", 0)
