"""A terminal, an environment or a machine lacks something: the tour opens, its step is right, it leaves."""

import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pty_tour import Tour, mounted
from table import Row

pytestmark = [pytest.mark.faults, pytest.mark.terminal]
NOWHERE = "/proc/nowhere"
"""A place where nobody, not even root, can create a file."""
SCREEN = (100, 30)
OPENED = b"\x1b[?1049h"
"""What the tour writes first, once it knows the size."""


def no_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))


def blocked() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def ignored() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)


def opened(path: str, *numbers: int) -> Callable[[], None]:
    def before() -> None:
        descriptor = os.open(path, os.O_RDWR)
        for number in numbers:
            os.dup2(descriptor, number)

    return before


def closed(*numbers: int) -> Callable[[], object]:
    return lambda: [os.close(number) for number in numbers]


def not_waiting() -> None:
    """Leave the terminal as a program does that read from it without waiting."""
    for number in (0, 1, 2):
        os.set_blocking(number, False)


def without_folder() -> None:
    Path("gone").mkdir(exist_ok=True)
    os.chdir("gone")
    Path("../gone").rmdir()


@dataclass(frozen=True)
class Start:
    """How the tour is started, and what it says about that."""

    env: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] | None = None
    size: tuple[int, int] = SCREEN
    says: str = ""
    runs: bool = True
    """Whether a step is run; where the worker cannot notice the fault, the time is saved."""


NO_HOME = {"HOME": NOWHERE, "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
STARTS = {
    "TERM unset": Start({"TERM": ""}, runs=False),
    "TERM of no terminal": Start({"TERM": "\x1b]0;x\x07/../../etc"}, runs=False),
    "COLUMNS=0 and LINES=0": Start({"COLUMNS": "0", "LINES": "0"}, runs=False),
    "COLUMNS and LINES that are no numbers": Start({"COLUMNS": "many", "LINES": "-5"}, runs=False),
    "a window of 10x3": Start(size=(10, 3), runs=False),
    "a window of 1x1": Start(size=(1, 1), runs=False),
    "a window of 0x0": Start(size=(0, 0), runs=False),
    "a locale that does not exist": Start({"LC_ALL": "xx_YY.UTF-8", "LANG": "zz"}),
    "HOME unset": Start({"HOME": ""}, runs=False),
    "no home to write in": Start(NO_HOME, says="cannot save progress:"),
    "TMPDIR that does not exist": Start({"TMPDIR": NOWHERE}),
    "PATH unset": Start({"PATH": ""}),
    "a time zone that does not exist": Start({"TZ": "Mars/Olympus:../../x"}, runs=False),
    "PYTHONOPTIMIZE=2": Start({"PYTHONOPTIMIZE": "2"}),
    "PYTHONWARNINGS=default": Start({"PYTHONWARNINGS": "default"}, runs=False),
    "20 descriptors": Start(before=no_descriptors),
    "all signals blocked": Start(before=blocked),
    "all signals ignored": Start(before=ignored),
    "stdin is /dev/null": Start(before=opened("/dev/null", 0), runs=False),
    "stdin is closed": Start(before=closed(0), runs=False),
    "stderr is /dev/full": Start(before=opened("/dev/full", 2), runs=False),
    "stderr is closed": Start(before=closed(2), runs=False),
    "a terminal that does not wait": Start(before=not_waiting),
    "the folder is gone": Start(before=without_folder),
}


@pytest.mark.parametrize("name", STARTS)
def test_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: Row, name: str) -> None:
    start = STARTS[name]
    monkeypatch.chdir(tmp_path)
    columns, lines = start.size
    with Tour(tmp_path, env=start.env, before=start.before, columns=columns, lines=lines) as tour:
        if start.size != SCREEN:
            tour.until(lambda _: OPENED in tour.terminal.raw)
            tour.terminal.quiet(0.3)
            tour.terminal.resize(*SCREEN)
        tour.until("It looks at a file.")
        if start.says:
            tour.shown(row, start.says)
        if start.runs:
            tour.look(row)
        tour.quit(row)


def test_a_window_that_is_resized_while_the_tour_starts(tmp_path: Path, row: Row) -> None:
    """A window may be resized while the tour starts, as by a window manager that puts a new window in its place."""
    with Tour(tmp_path, columns=80, lines=24) as tour:
        tour.until(lambda _: OPENED in tour.terminal.raw)
        tour.terminal.resize(*SCREEN)
        tour.until("It looks at a file.")
        tour.terminal.quiet(0.3)
        tour.look(row)
        tour.quit(row)


@pytest.mark.parametrize("name", ["dumb", "unknown"], ids="TERM={}".format)
def test_a_terminal_that_cannot_draw(tmp_path: Path, row: Row, name: str) -> None:
    with Tour(tmp_path, env={"TERM": name}) as tour:
        tour.shown(row, f"jaxtour: TERM={name} cannot show the tour: set TERM")
        tour.ended(row, {tour.process.pid}, os.EX_USAGE)
        assert b"\x1b" not in tour.terminal.raw


def test_keys_typed_during_the_start(tmp_path: Path, row: Row) -> None:
    with Tour(tmp_path) as tour:
        tour.send("nnpp\x1b[A\x1b[200~pasted\x1b[201~j")
        tour.until("It looks at a file.")
        tour.look(row)
        tour.quit(row)


@pytest.mark.skipif(os.getuid() != 0, reason="only root mounts a full disk")
def test_tmp_is_full(tmp_path: Path, row: Row) -> None:
    full = tmp_path / "full"
    with Tour(tmp_path, prefix=mounted(full, "size=4k,nr_inodes=2"), env={"TMPDIR": str(full)}) as tour:
        tour.until("It looks at a file.")
        tour.look(row)
        tour.quit(row)
