"""Whatever the learner's own editor does in a real terminal, the tour comes back, and its saves are kept."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import ESC, Terminal

pytestmark = [pytest.mark.terminal]

LESSON = """\
format: 1
id: real
title: Real
summary: For the tests.
minutes: 1
steps:
  - id: add
    title: Adding
    text: The text of the step.
    code: |
      x = 40
      x + 1
"""
READS = """
import os, sys, termios, tty
path = sys.argv[-1]
def say(text):
    os.write(1, text.encode())
def save(code):
    with open(path + ".new", "w") as file:
        file.write(code)
    os.replace(path + ".new", path)
"""
SAVES = READS + "say('EDITING ' + open(path).read().split()[2]); os.read(0, 1); save('x = 40\\nx + 2\\n')"
CRASHES = READS + (
    "tty.setraw(0); say('\\x1b[?1049h\\x1b[?1000h\\x1b[?25l EDITING'); os.read(0, 1); save('x = 40\\nx + 3\\n')\n"
    "os.kill(os.getpid(), 9)"
)
IGNORES = READS + "import signal; signal.signal(2, lambda *_: say('HELD')); say('EDITING'); sys.stdin.readline()"
FAILS = READS + "say('EDITING'); os.read(0, 1); sys.exit(3)"
FORKS = READS + (
    "if os.fork(): os._exit(0)\n"
    "os.setsid(); open(path + '.there', 'w').close()\n"
    "import time\n"
    "while not os.path.exists(path + '.go'): time.sleep(0.05)\n"
    "save('x = 40\\nx + 4\\n')"
)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens the tour with an editor that is a Python script."""
    lesson = tmp_path / "real.yaml"
    lesson.write_text(LESSON)
    opened: list[Terminal] = []

    def started(script: str, columns: int = 80, lines: int = 24) -> Terminal:
        editor = tmp_path / "editor.py"
        editor.write_text(script)
        env = {
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "EDITOR": f"{sys.executable} {editor}",
            **dict.fromkeys(("VISUAL", "TMUX", "ZELLIJ"), ""),
        }
        argv = [sys.executable, "-m", "jaxtour", str(lesson)]
        opened.append(Terminal(argv, env=env, columns=columns, lines=lines))
        opened[-1].until("The text of the step.")
        return opened[-1]

    yield started
    for terminal in opened:
        terminal.end()


def test_what_is_saved_is_the_edit_and_the_tour_is_there_again(start: Callable[..., Terminal]) -> None:
    tour = start(SAVES)
    tour.send("E")
    tour.until("EDITING 40")
    tour.send("\n")
    tour.until("2~x + 2")
    tour.until("add.py was saved")
    tour.until("● ready")
    tour.send("r")
    tour.until("42")
    tour.send("u")
    tour.until("2 x + 1")
    tour.send("q")
    assert tour.ended() == 0


@pytest.mark.parametrize(
    ("script", "said"), [(CRASHES, "ended with SIGKILL"), (FAILS, "ended with exit code 3")], ids=["crashes", "fails"]
)
def test_an_editor_that_fails_leaves_the_terminal_as_it_was(
    start: Callable[..., Terminal], script: str, said: str
) -> None:
    tour = start(script)
    tour.send("E")
    tour.until("EDITING")
    tour.send("\n")
    tour.until(said)
    if script is CRASHES:
        tour.until("2~x + 3")  # what it saved before counts
    before = len(tour.raw)
    tour.send("?")
    tour.until("Esc close")
    tour.send(ESC)
    tour.until(lambda screen: "Esc close" not in screen)
    tour.until("2~x + 3" if script is CRASHES else "2 x + 1")
    assert b"\x1b[M" not in tour.raw[before:], "no key is echoed"
    tour.send("q")
    assert tour.ended() == 0


def test_an_interrupt_is_the_editors_own(start: Callable[..., Terminal]) -> None:
    tour = start(IGNORES)
    tour.send("E")
    tour.until("EDITING")
    tour.send("\x03")
    tour.until("HELD")
    before = len(tour.raw)
    tour.send("\n")
    tour.until(lambda _: b"The text of the step." in tour.raw[before:])
    tour.send("q")
    assert tour.ended() == 0


def test_an_editor_that_goes_on_elsewhere_is_watched(start: Callable[..., Terminal], tmp_path: Path) -> None:
    tour = start(FORKS)
    tour.send("E")
    folder = tmp_path / "state" / "jaxtour" / "edits" / "real"
    tour.until(lambda _: (folder / "add.py.there").exists())
    tour.until("The text of the step.")
    (folder / "add.py.go").touch()
    tour.until("2~x + 4")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux on this machine")
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_in_tmux_it_opens_beside_the_tour(tmp_path: Path, size: tuple[int, int]) -> None:
    lesson, editor = tmp_path / "real.yaml", tmp_path / "editor.py"
    lesson.write_text(LESSON)
    editor.write_text(READS + "say('EDITING'); os.read(0, 1); save('x = 40\\nx + 5\\n'); os.read(0, 1); sys.exit(4)")
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    env = {**state, "EDITOR": f"{sys.executable} {editor}", "VISUAL": "", "TMUX": "", "ZELLIJ": "", "LC_ALL": "C.UTF-8"}
    socket = str(tmp_path / "socket")
    tmux = ["tmux", "-S", socket, "-f", "/dev/null"]
    argv = [*tmux, "new-session", sys.executable, "-m", "jaxtour", str(lesson)]
    with Terminal(argv, env=env, columns=size[0], lines=size[1] + 1) as tour:
        try:
            tour.until("The text of the step.")
            tour.send("E")
            tour.until("EDITING")
            panes = subprocess.run([*tmux, "list-panes"], capture_output=True, text=True, check=True).stdout
            assert len(panes.splitlines()) == 2
            tour.send("\n")
            if size[1] > 36:
                tour.until("2~x + 5")
                assert "EDITING" in tour.text, "both are there"
            tour.send("\n")
            tour.until("ended with exit code 4")
            tour.until("2~x + 5")
        finally:
            subprocess.run([*tmux, "kill-server"], check=False)
