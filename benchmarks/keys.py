"""Measures the latency of a key while a step runs, the bytes that a key sends, and bytes and CPU of an idle screen."""

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, at_most, in_turns, ratio, told
from benchmarks.quiet import while_quiet
from benchmarks.terminal import Terminal

IDLE_S = 5.0
SENT = {"Tab": "\t" * 6, "n": "nnnnnn", "j and k": "jjkk"}
"""Keys to press, to count the bytes that each sends."""
SIZES = {(160, 45): (1_024, 4_096, 1_024), (80, 24): (2_560, 4_096, 1_024)}
"""Columns and lines, and the most bytes to send for each of these keys, in the median.

Tab recolours the upper lines of two frames; in a narrow terminal it may also switch to another pane.
"""
TIMED = {"Tab": "\t", "n": "np", "j and k": "jk", "r": "r"}
"""Keys to time, pressed in turn."""


ECHO = """
import os, tty
tty.setraw(0)
os.write(1, b"ready")
while key := os.read(0, 1):
    os.write(1, key)
"""
"""What a terminal and the scheduler take without a program that draws."""


def home(state: str) -> dict[str, str]:
    """Return the environment of a tour with its state in a folder."""
    return {"XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


SILENCE_S = 0.03
"""After this many seconds without a byte, a repaint is complete, and the next key cannot undo it unseen."""


ON_THEIR_OWN = re.compile(r"host +[━─]+ .*load|► running +\d+ s")
"""The rows that change without a key: the host's memory and load, and the clock of the running step."""


def drawn_elsewhere(terminal: Terminal, data: bytes) -> bool:
    """Draw output; return whether it changed anything but the rows that change without a key."""
    terminal.screen.dirty.clear()
    terminal.show(data)
    return not all(ON_THEIR_OWN.search(terminal.screen.display[row]) for row in terminal.screen.dirty)


def key_to_bytes(terminal: Terminal, key: str) -> float:
    """Return the seconds from a key to the last byte of its repaint."""
    terminal.quiet(SILENCE_S)
    started = time.perf_counter()
    terminal.send(key)
    ends: list[float] = []
    while not ends:
        parts = [(terminal.read(5), time.perf_counter())]
        if not parts[0][0]:
            raise AssertionError(f"{key} repainted nothing:\n{terminal.text}")
        while more := terminal.read(SILENCE_S):
            parts.append((more, time.perf_counter()))
        # Drawing comes last, since it takes longer than reading.
        ends = [end for data, end in parts if drawn_elsewhere(terminal, data)]
    return ends[-1] - started


def pressed(terminal: Terminal, keys: str, number: int) -> float:
    """Return the seconds from the next of these keys to the last byte of its repaint."""
    terminal.quiet(0.2 if keys == "r" else SILENCE_S)
    return key_to_bytes(terminal, keys[number % len(keys)])


def p99(seconds: Sequence[float]) -> float:
    """Return the time that one in a hundred exceeds, in milliseconds."""
    return statistics.quantiles(seconds, n=100)[98] * 1e3


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Measure at 120x36, in a lesson with an endless step."""
    del compare
    with tempfile.TemporaryDirectory() as state:
        path = Path(state) / "busy.yaml"
        lines = "".join(f"      x{i} = {i}\n" for i in range(200))
        steps = "".join(f"  - {{id: s{i}, title: Step {i}, text: Read this., code: {i} + 1}}\n" for i in range(30))
        path.write_text(
            "format: 1\nid: busy\ntitle: Busy\nsummary: For the benchmark.\nminutes: 1\nsteps:\n"
            f"  - id: spin\n    title: Spin\n    text: Endless.\n    code: |\n      while True: pass\n{lines}"
            f"{steps}"
        )
        argv = [sys.executable, "-m", "jaxtour", str(path)]
        with Terminal(argv, env=home(state), whole=False) as terminal:
            terminal.until("ready", 60)
            terminal.quiet(0.5)
            burnt, sent_idle, until = cpu_seconds(terminal.process.pid), 0, time.perf_counter() + IDLE_S
            while (left := until - time.perf_counter()) > 0:
                data = terminal.read(left)
                sent_idle += len(data) if data and drawn_elsewhere(terminal, data) else 0
            yield at_most(f"bytes sent in {IDLE_S:g} idle seconds", sent_idle, 0, "but for the host's load")
            share = (cpu_seconds(terminal.process.pid) - burnt) / IDLE_S
            yield at_most("CPU while idle, share of a core", share, 0.01, "the terminal process")
            terminal.send("r")
            terminal.until("running", 30)
            while "while True" in terminal.text:  # until the source has the focus, where every key scrolls
                terminal.send("\t" + "j" * 20)
                terminal.quiet(0.3)
            times = while_quiet(partial(pressed, terminal, "jk"), rounds * 30, 12)
            with Terminal([sys.executable, "-c", ECHO], whole=False) as echo:
                echo.until("ready", 10)
                echoed = while_quiet(partial(pressed, echo, "jk"), rounds * 30, 12).quiet
            words = f"median {statistics.median(times.quiet) * 1e3:.1f} ms; of an echo alone {p99(echoed):.1f}"
            yield times.at_most("key to repaint while a step runs, p99, ms", p99(times.quiet), 16, words)
            terminal.send("\x03")
            terminal.until("ready", 30)
            terminal.quiet(0.5)
    for (columns, lines), most in SIZES.items():
        yield from sent(columns, lines, most)
    yield from timed(rounds * 12)
    yield from beside_bare_panels(rounds * 12)


def sent(columns: int, lines: int, goals: Sequence[int]) -> Iterator[Figure]:
    """Measure the bytes sent for keys in the first steps of the vmap lesson."""
    with tempfile.TemporaryDirectory() as state:
        env = home(state) | {"COLORTERM": "truecolor"}
        argv = [sys.executable, "-m", "jaxtour", "vmap"]
        with Terminal(argv, columns=columns, lines=lines, env=env, whole=False) as terminal:
            terminal.until("ready", 60)
            for (name, keys), most in zip(SENT.items(), goals, strict=True):
                if name == "j and k":
                    terminal.send("p" * 6 + "\t")  # the first step's source is long enough
                sizes = []
                for key in keys:
                    terminal.quiet(0.3)
                    before = terminal.received
                    terminal.send(key)
                    terminal.quiet(0.3)
                    sizes.append(terminal.received - before)
                words = f"{min(sizes)} to {max(sizes)} at {columns}x{lines}"
                yield at_most(f"bytes of {name}, median", statistics.median(sizes), most, words)


def timed(count: int) -> Iterator[Figure]:
    """Measure the time from a key to the last byte of its repaint, in the first steps of the vmap lesson.

    Twelve presses end where they began: Tab at the first pane, `n` and `p` at the first step.
    """
    with tempfile.TemporaryDirectory() as state:
        argv = [sys.executable, "-m", "jaxtour", "vmap"]
        with Terminal(argv, columns=160, lines=45, env=home(state), whole=False) as terminal:
            terminal.until("ready", 60)
            terminal.send("r")
            terminal.quiet(1.0)
            for name, keys in TIMED.items():
                if name == "j and k":
                    terminal.send("\t")  # from the lesson to the source
                times = while_quiet(partial(pressed, terminal, keys), count, 12)
                words = f"median {statistics.median(times.quiet) * 1e3:.1f} ms, at 160x45"
                what, worst = f"{name} to the last byte of its repaint, p99, ms", p99(times.quiet)
                # What `r` repaints comes from the worker too.
                yield told(what, worst, words) if name == "r" else times.at_most(what, worst, 16, words)


def beside_bare_panels(count: int) -> Iterator[Figure]:
    """Measure time and CPU time of Tab in the tour, against Tab in a bare Textual app with as many panels."""
    with tempfile.TemporaryDirectory() as state, ExitStack() as stack:
        env = home(state) | {"COLORTERM": "truecolor"}
        apps = []
        for module in (["jaxtour", "vmap"], ["benchmarks.bare_panels"]):
            argv = [sys.executable, "-m", *module]
            apps.append(stack.enter_context(Terminal(argv, columns=160, lines=45, env=env, whole=False)))
            apps[-1].until("ready", 60)
            apps[-1].quiet(1.0)
        before = [cpu_seconds(app.process.pid) for app in apps]
        mine, other = in_turns(count, *(partial(key_to_bytes, app, "\t") for app in apps))
        burnt = [cpu_seconds(app.process.pid) - start for app, start in zip(apps, before, strict=True)]
        versus = "bare Textual, as many panels"
        yield ratio("Tab to the last byte / bare Textual", mine, other, 1.0, versus)
        detail = f"{burnt[0] / count * 1e3:.1f} ms / {burnt[1] / count * 1e3:.1f} ms ({versus})"
        yield at_most("CPU time of Tab / bare Textual", burnt[0] / burnt[1], 1.0, detail)
