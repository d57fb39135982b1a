"""The real program works in a real pseudo-terminal, with a real worker."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import HANGS_S, Terminal
from jaxtour.course.progress import Progress

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
    setup: import jax.numpy as jnp
    code: |
      x = jnp.arange(3.0)
      print("printed by the step")
      jnp.sin(x) + 40
  - id: escape
    title: Escaping
    text: "Text with [red]markup[/] and a bell\\a."
    code: |
      print("\\x1b]52;c;aGFja2Vk\\x07 \\x1b[2J \\u202e", 6 * 7)
"""


SPIN = """\
  - id: spin
    title: Spinning
    text: It never ends.
    code: |
      while True:
          pass
"""
DIE = """\
  - id: die
    title: Dying
    text: The worker ends.
    code: |
      import os
      os.kill(os.getpid(), 9)
"""


@pytest.fixture
def last() -> str:
    """The lesson's last step; the others are replayed before it."""
    return SPIN


@pytest.fixture
def argv(tmp_path: Path, last: str) -> list[str]:
    path = tmp_path / "real.yaml"
    path.write_text(LESSON + last)
    return [sys.executable, "-m", "jaxtour", str(path)]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def tour(argv: list[str], env: dict[str, str]) -> Iterator[Terminal]:
    with Terminal(argv, env=env) as terminal:
        yield terminal


def family(pid: int) -> set[int]:
    """Return the process and all its descendants."""
    found, todo = set(), [pid]
    while todo:
        one = todo.pop()
        found.add(one)
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                todo += [int(child) for child in children.read_text().split()]
            except FileNotFoundError:
                continue
    return found


def alive(pids: set[int]) -> set[int]:
    """Return the processes that still run; zombies do not count."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            running.add(pid)
    return running


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANGS_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        os.sched_yield()


def test_a_step_is_run_and_shown(tour: Terminal) -> None:
    tour.until("The text of the step.")
    tour.until("x = jnp.arange(3.0)")
    tour.until("r run")
    assert "Adding" in tour.text and "1 of 3" in tour.text
    tour.send("r")
    tour.until(lambda screen: screen.count("printed by the step") == 2)  # the code has it, too
    tour.until("40.841")
    tour.until("float32[3]")
    tour.until("ready")


def test_an_endless_loop_is_interrupted_and_the_tour_goes_on(tour: Terminal) -> None:
    tour.until("ready")
    tour.send("nn")
    tour.until("It never ends.")
    tour.send("r")
    tour.until("► running")
    tour.send("\x03")
    tour.until("nterrupted")
    tour.until("● ready")
    tour.send("pp")
    tour.until("The text of the step.")
    tour.send("r")
    tour.until("40.841")


@pytest.mark.parametrize("last", [DIE])
def test_a_worker_that_dies_is_told_and_replaced(tour: Terminal) -> None:
    tour.until("ready")
    tour.send("nn")
    tour.until("The worker ends.")
    tour.send("r")
    tour.until("SIGKILL")
    tour.until("ready")
    tour.send("pp")
    tour.until("The text of the step.")
    tour.send("r")
    tour.until("40.841")


@pytest.mark.row
def test_what_a_step_prints_cannot_steer_the_terminal(tour: Terminal) -> None:
    tour.until("ready")
    tour.send("n")
    tour.until("[red]markup[/]")
    tour.send("r")
    tour.until(" 42")
    tour.quiet(0.3)
    assert b"aGFja2Vk\x07" not in tour.raw and b"\x1b]52" not in tour.raw
    assert "‮".encode() not in tour.raw
    assert "␛" in tour.text


@pytest.mark.row
def test_a_resize_is_survived_and_undone(tour: Terminal) -> None:
    tour.until("x = jnp.arange(3.0)")
    for size in ((80, 24), (200, 60), (120, 36)):
        tour.resize(20, 5)
        tour.until("too small")
        tour.resize(*size)
        tour.until("x = jnp.arange(3.0)")
    tour.until("The text of the step.")
    tour.resize(80, 24)
    tour.resize(200, 60)
    tour.until(lambda screen: "r run" in screen.split("\n")[59])


@pytest.mark.parametrize("ignored", [False, True], ids=["normal", "SIGHUP ignored"])
def test_a_hang_up_leaves_no_process(tmp_path: Path, argv: list[str], env: dict[str, str], ignored: bool) -> None:
    def before() -> None:
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with Terminal(argv, env=env, before=before) as tour:
        tour.until("ready")
        tour.send("nn")
        tour.until("It never ends.")
        tour.send("r")
        tour.until("► running")
        processes = family(tour.process.pid)
        assert len(processes) >= 3, "the tour, its guard and the runner"
        tour.hang_up()
        wait_for(lambda: tour.process.poll() is not None)
        wait_for(lambda: not alive(processes))
    assert Progress.open(tmp_path / "state" / "jaxtour" / "progress.json").place == ("real", "spin")


def test_quitting_leaves_no_process_and_the_place_is_kept(argv: list[str], env: dict[str, str]) -> None:
    with Terminal(argv, env=env) as tour:
        tour.until("ready")
        tour.send("nn")
        tour.until("It never ends.")
        processes = family(tour.process.pid)
        tour.send("q")
        assert tour.ended() == 0
        wait_for(lambda: not alive(processes))
    with Terminal(argv, env=env) as again:
        again.until("It never ends.")


def test_a_terminal_without_a_second_screen_has_what_comes_next_below_the_picture(
    argv: list[str], env: dict[str, str]
) -> None:
    with Terminal(argv, env=env) as tour:  # as pyte's, and as GNU screen without `altscreen on`
        tour.until("ready")
        tour.send("q")
        assert tour.ended() == 0
        tour.until(lambda screen: "ready" not in screen.splitlines()[0])
        assert (tour.screen.cursor.x, tour.screen.cursor.y) == (0, tour.screen.lines - 1)
        assert not tour.screen.display[-1].strip() and tour.screen.display[-2].strip()


@pytest.mark.row
@pytest.mark.parametrize(
    "extra",
    [{"NO_COLOR": "1", "LC_ALL": "C", "PYTHONUTF8": "0"}, {"TERM": "screen-256color"}],
    ids=["no colour and no UTF-8", "the terminal of screen"],
)
def test_poor_terminals_are_served(argv: list[str], env: dict[str, str], extra: dict[str, str]) -> None:
    with Terminal(argv, env=env | extra, columns=80, lines=24) as tour:
        tour.until("x = jnp.arange(3.0)")
        tour.send("r")
        tour.until("40.841")
        if "LC_ALL" in extra:
            assert tour.text.isascii(), [line for line in tour.text.splitlines() if not line.isascii()]
        if "NO_COLOR" in extra:
            assert not [sequence for sequence in (b"\x1b[38;", b";38;2;", b";48;2;") if sequence in tour.raw]
