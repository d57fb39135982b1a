"""The commands fit what they print to a terminal and its width."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from shell import COMMAND, lesson

from jaxtour.commands.common import coloured
from jaxtour.dispatch import terminal_width


def on_terminal(*args: str, columns: int, **env: str) -> str:
    """Return what a command writes to a terminal with that many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        [*COMMAND, *args], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environ | {"TERM": "xterm"} | env
    )
    os.close(theirs)
    data = b""
    try:
        while piece := os.read(ours, 65536):
            data += piece
    except OSError:  # a terminal reports its end in this way
        pass
    os.close(ours)
    assert process.wait(timeout=150) == 0, data
    return data.decode().replace("\r\n", "\n")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    text = "word " * 40
    path.write_text(lesson("own", "code: |\n  x = 1\n  x + 1").replace("text: Read.", f"text: {text}`code`"))
    return path


def test_colours_on_a_terminal_and_none_where_they_are_not_wanted(own: Path) -> None:
    coloured = on_terminal("run", str(own), columns=60)
    assert "\x1b[1;94mAbout own\x1b[0m" in coloured and "\x1b[1mcode\x1b[0m" in coloured
    bare = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert max(map(len, bare.splitlines())) <= 60
    text = on_terminal("run", str(own), columns=60, NO_COLOR="1")
    assert "\x1b" not in text and "`code`" in text and "\n── result\nint\n2\n" in text


@pytest.mark.parametrize(
    ("terminal", "environ", "colours"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_where_there_are_colours(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, environ: dict[str, str], colours: bool
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert coloured() is colours


def test_a_pager_is_given_no_more_than_its_terminal_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {1: None, 2: 72, 0: 60}

    def size(stream: int) -> os.terminal_size:
        if (columns := sizes[stream]) is None:
            raise OSError("no terminal")
        return os.terminal_size((columns, 24))

    monkeypatch.setattr(os, "get_terminal_size", size)
    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal_width() == 72
    monkeypatch.setenv("COLUMNS", "200")
    assert terminal_width() == 100
    monkeypatch.setenv("COLUMNS", "x")
    sizes.update({0: None, 2: None})
    assert terminal_width() == 100
