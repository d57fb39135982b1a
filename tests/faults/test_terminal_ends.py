"""Signals, a terminal that disappears or hangs, and a shell's jobs lose nothing and leave nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from guard_client import alive, descendants, stat
from pty_tour import FLOOD, LESSON, Tour, wait
from table import Row

from benchmarks.terminal import ESC
from jaxtour.course.progress import Progress

pytestmark = [pytest.mark.faults, pytest.mark.terminal]
ASLEEP_S = 2.5
"""A time longer than the guard's grace, and than any wait for the next frame."""


def place(home: Path) -> tuple[str, str] | None:
    """Return the place that a tour in this home has kept."""
    return Progress.open(home / "state" / "jaxtour" / "progress.json").place


def put(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        os.kill(pid, number)


def runners(tour: Tour) -> list[int]:
    """Return the runner and its spare."""
    guard = tour.guard()
    return [pid for pid in tour.family() if (found := stat(pid)) and found[1] == guard]


def state(pid: int) -> str:
    found = stat(pid)
    return found[0] if found else "gone"


@pytest.mark.parametrize("ignored", [False, True], ids=["", "ignored by the parent"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal(tmp_path: Path, row: Row, number: signal.Signals, ignored: bool) -> None:
    """A signal ends the step that runs, the place is kept, and the terminal is given back if it still exists."""
    before = (lambda: signal.signal(number, signal.SIG_IGN)) if ignored else None
    with Tour(tmp_path, before=before) as tour:
        tour.spin()
        family = tour.family()
        tour.process.send_signal(number)
        tour.ended(row, family, 128 + number)
        if number != signal.SIGHUP:
            tour.restored()
    assert place(tmp_path) == ("standing", "spin")


def test_a_signal_on_a_slow_machine(tmp_path: Path, row: Row) -> None:
    """A signal reaches a tour that gets no core for a second: the terminal is given back all the same."""
    with Tour(tmp_path) as tour:
        tour.until("ready")
        family, guard, fds = tour.family(), tour.guard(), Path(f"/proc/{tour.process.pid}/fd")
        before = len(list(fds.iterdir()))
        os.kill(guard, signal.SIGSTOP)  # the tour waits for it
        tour.process.send_signal(signal.SIGTERM)
        wait(lambda: len(list(fds.iterdir())) < before)  # it has closed the guard's pipe
        tour.process.send_signal(signal.SIGSTOP)
        time.sleep(1.0)  # the passing of time is what is tested
        put(signal.SIGCONT, [tour.process.pid, guard])
        tour.ended(row, family, 128 + signal.SIGTERM)
        tour.restored()
    assert place(tmp_path) == ("standing", "look")


@pytest.mark.parametrize("how", ["while idle", "while a step runs", "while a step floods", "with SIGHUP blocked"])
def test_a_hang_up(tmp_path: Path, row: Row, how: str) -> None:
    def before() -> None:
        if "blocked" in how:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])

    with Tour(tmp_path, before=before, loop=FLOOD if "floods" in how else "pass") as tour:
        tour.until("ready")
        tour.send("n")
        tour.until("It never ends.")
        if "idle" not in how:
            tour.send("r")
            tour.until("► running")
        if "floods" in how:
            tour.until("xxxxxxxx")
        family = tour.family()
        tour.terminal.hang_up()
        tour.ended(row, family, 128 + signal.SIGHUP)
    assert place(tmp_path) == ("standing", "spin")


def shell(tmp_path: Path, row: Row, keys: str | None) -> None:
    """Stop the tour in a shell with job control, look at the terminal, and continue it."""
    prefix = ["bash", "--norc", "--noprofile", "-i", "-c", 'set -m; "$@"; echo "the shell is back"; fg; echo over', "-"]
    with Tour(tmp_path, prefix=prefix) as tour:
        tour.until("ready")
        [ui] = [pid for pid in descendants(tour.process.pid) if stat(pid) == (state(pid), tour.process.pid)]
        before = len(tour.terminal.raw)
        if keys:
            tour.send(keys)
        else:
            os.kill(ui, signal.SIGTSTP)
        raw = tour.terminal.raw
        # The parsed screen has one buffer only, so the raw bytes tell.
        tour.until(lambda _: b"the shell is back" in raw)
        assert b"\x1b[?1049l" in tour.terminal.raw[before:], "the shell has its own screen"
        tour.until(lambda _: raw.rindex(b"It looks at a file") > raw.index(b"the shell is back"))
        tour.look(row)
        family = tour.family()
        tour.send("q")
        tour.until("over")
        tour.ended(row, family, 0)


def test_ctrl_z_and_fg(tmp_path: Path, row: Row) -> None:
    shell(tmp_path, row, "\x1a")


def test_sigtstp_and_fg(tmp_path: Path, row: Row) -> None:
    shell(tmp_path, row, None)


def test_ctrl_z_where_no_shell_waits(tmp_path: Path, row: Row) -> None:
    with Tour(tmp_path) as tour:
        tour.until("ready")
        tour.send("\x1a")
        tour.shown(row, "no shell")
        tour.look(row)
        tour.quit(row)


def test_a_laptop_asleep(tmp_path: Path, row: Row) -> None:
    """A laptop sleeps: all processes stop and continue, including a step."""
    with Tour(tmp_path) as tour:
        tour.spin()
        family = tour.family()
        put(signal.SIGSTOP, family)
        time.sleep(ASLEEP_S)  # the passing of time is what is tested
        put(signal.SIGCONT, family)
        tour.until("► running")
        tour.send("\x03")
        tour.until("nterrupted")
        tour.until("● ready")
        tour.look(row, "pr")
        tour.quit(row)


@pytest.mark.parametrize("who", ["the guard", "the runner"])
def test_one_process_asleep(tmp_path: Path, row: Row, who: str) -> None:
    """One process sleeps: keys work meanwhile, and the step is correct once it continues."""
    with Tour(tmp_path) as tour:
        tour.until("ready")
        one = [tour.guard()] if who == "the guard" else runners(tour)
        put(signal.SIGSTOP, one)
        tour.send("n")
        tour.until("It never ends.")
        tour.send("p")
        tour.until("It looks at a file.")
        put(signal.SIGCONT, one)
        tour.look(row)
        tour.quit(row)


def test_the_guard_is_killed(tmp_path: Path, row: Row) -> None:
    with Tour(tmp_path) as tour:
        tour.until("ready")
        family = tour.family() - {tour.process.pid}
        os.kill(tour.guard(), signal.SIGKILL)
        wait(lambda: not any(map(alive, family)))
        tour.until("worker dead")
        tour.send("R")
        tour.until("● ready")
        tour.look(row)
        tour.quit(row)


def test_a_terminal_that_reads_nothing(tmp_path: Path, row: Row) -> None:
    """A terminal reads nothing: its buffers are full for a while, as with Ctrl-S, or a link that is down."""
    with Tour(tmp_path) as tour:
        tour.until("ready")
        for key in [*"npnpnpnpnpnpnpnpnp?", ESC] * 20:
            tour.send(key)
        wait(lambda: "n_tty_write" in blocked_in(tour.process.pid) or tty_is_full(tour))
        tour.look(row)
        tour.quit(row)


def blocked_in(pid: int) -> str:
    return " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/wchan"))


def tty_is_full(tour: Tour) -> bool:
    import fcntl
    import struct
    import termios

    count = fcntl.ioctl(tour.terminal.master, termios.FIONREAD, bytes(4))
    return struct.unpack("i", count)[0] >= 4000


def test_the_terminal_is_closed_to_a_step(tmp_path: Path, row: Row) -> None:
    """The terminal is closed to a step: one that opens /dev/tty gets ENXIO, and writes nothing on the screen."""
    with Tour(tmp_path) as tour:
        tour.until("ready")
        tour.send("e")
        tour.until("editing")
        tour.send("\x1b[200~open('/dev/tty', 'w').write('stray') #\x1b[201~")
        tour.until("stray")
        tour.send("\x1b[15~")
        tour.shown(row, "OSError")
        tour.terminal.quiet(0.2)
        tour.send(ESC)
        tour.until("edited")
        tour.send("u")
        tour.until("redo edit")
        tour.look(row)
        tour.quit(row)


def test_a_python_that_disappears(tmp_path: Path, row: Row) -> None:
    """The worker's Python disappears while the tour is open, as when an environment is made again."""
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    home = Path(sys.prefix) / "pyvenv.cfg"
    (tmp_path / "pyvenv.cfg").write_text(home.read_text())
    env = {"PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), *map(str, packages())])}
    with Tour(tmp_path, options=["--python", str(python)], env=env) as tour:
        tour.spin()
        python.unlink()
        # The runner ends, and its spare, which may have been started in time.
        put(signal.SIGKILL, runners(tour))
        tour.until("worker dead")
        tour.shown(row, "cannot run")
        python.symlink_to(sys.executable)
        tour.send("R")
        tour.until("● ready")
        tour.look(row, "pr")
        tour.quit(row)


def packages() -> list[Path]:
    import jax

    return [Path(jax.__file__).parent.parent]


def test_two_tours_on_one_file(tmp_path: Path, row: Row) -> None:
    with Tour(tmp_path) as one, Tour(tmp_path) as other:
        for tour in (one, other):
            tour.until("ready")
        one.look(row)
        one.send("n")
        one.until("It never ends.")
        other.send("nn")
        other.until("It is the last step.")
        one.quit(row)
        other.quit(row)
    kept = Progress.open(tmp_path / "state" / "jaxtour" / "progress.json")
    assert kept.is_done("standing", "look") and kept.place == ("standing", "last")


needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")


class Tmux:
    """A separate tmux server."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *words], capture_output=True, text=True, timeout=150
        )
        return done.stdout

    def until(self, text: str) -> None:
        wait(lambda: text in self("capture-pane", "-p"))


@needs_tmux
@pytest.mark.parametrize("how", ["kill-server", "kill-pane", "kill-session"])
def test_tmux_ends(tmp_path: Path, row: Row, how: str) -> None:
    tmux, lesson, token = Tmux(tmp_path), tmp_path / "standing.yaml", tmp_path / "token"
    token.write_text("seen in tmux")
    lesson.write_text(LESSON.format(token=str(token), loop="pass"))
    env = [f"XDG_{name}_HOME={tmp_path / name.lower()}" for name in ("STATE", "CONFIG")]
    command = ["env", *env, sys.executable, "-m", "jaxtour", str(lesson)]
    tmux("new-session", "-d", "-x", "80", "-y", "24", *command)
    try:
        tmux.until("It looks at a file.")
        tmux("send-keys", "r")
        tmux.until("seen in tmux")
        row.next_right = True
        tmux("send-keys", "n")
        tmux.until("It never ends.")
        tmux("send-keys", "r")
        tmux.until("► running")
        pane = int(tmux("list-panes", "-F", "#{pane_pid}"))
        family = {pane, *descendants(pane)}
        tmux(how)
        wait(lambda: not any(map(alive, family)))
        row.left, row.seen = 0, "all of it is gone"
    finally:
        tmux("kill-server")
    assert place(tmp_path) == ("standing", "spin")


def test_sigcont_without_a_stop(tmp_path: Path, row: Row) -> None:
    with Tour(tmp_path) as tour:
        tour.until("ready")
        for _ in range(20):
            tour.process.send_signal(signal.SIGCONT)
        tour.look(row)
        tour.quit(row)
