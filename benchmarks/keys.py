"""Measures the latency of a key while a step runs, the bytes that a key sends, and bytes and CPU of an idle screen."""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, at_most, in_turns, ratio, told
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


def home(state: str) -> dict[str, str]:
    """Return the environment of a tour with its state in a folder."""
    return {"XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


SILENCE_S = 0.03
"""After this many seconds without a byte, a repaint is complete, and the next key cannot undo it unseen."""


def key_to_bytes(terminal: Terminal, key: str) -> float:
    """Return the seconds from a key to the last byte of its repaint."""
    terminal.quiet(SILENCE_S)
    started = time.perf_counter()
    terminal.send(key)
    drawn = terminal.read(5)
    if not drawn:
        raise AssertionError(f"{key} repainted nothing:\n{terminal.text}")
    last = time.perf_counter()
    while more := terminal.read(SILENCE_S):
        last = time.perf_counter()
        drawn += more
    terminal.show(drawn)
    return last - started


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
        with Terminal(argv, env=home(state)) as terminal:
            terminal.until("ready", 60)
            terminal.quiet(0.5)
            before, burnt = terminal.received, cpu_seconds(terminal.process.pid)
            terminal.pump(IDLE_S)
            yield at_most(f"bytes sent in {IDLE_S:g} idle seconds", terminal.received - before, 0, "after ready")
            share = (cpu_seconds(terminal.process.pid) - burnt) / IDLE_S
            yield at_most("CPU while idle, share of a core", share, 0.01, "the terminal process")
            terminal.send("r")
            terminal.until("running", 30)
            while "while True" in terminal.text:  # until the source has the focus, where every key scrolls
                terminal.send("\t" + "j" * 20)
                terminal.quiet(0.3)
            taken = [key_to_bytes(terminal, "jk"[count % 2]) for count in range(rounds * 30)]
            p99 = statistics.quantiles(taken, n=100)[98]
            yield at_most(
                "key to repaint while a step runs, p99, ms",
                p99 * 1e3,
                16,
                f"median {statistics.median(taken) * 1e3:.1f} ms",
            )
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
        with Terminal(argv, columns=columns, lines=lines, env=env) as terminal:
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

    `count` is a multiple of 12, so that Tab ends at the first pane, and `n` and `p` at the first step.
    """
    with tempfile.TemporaryDirectory() as state:
        argv = [sys.executable, "-m", "jaxtour", "vmap"]
        with Terminal(argv, columns=160, lines=45, env=home(state)) as terminal:
            terminal.until("ready", 60)
            terminal.send("r")
            terminal.quiet(1.0)
            for name, keys in TIMED.items():
                if name == "j and k":
                    terminal.send("\t")  # from the lesson to the source
                taken = []
                for number in range(count):
                    terminal.quiet(0.2 if name == "r" else SILENCE_S)
                    taken.append(key_to_bytes(terminal, keys[number % len(keys)]) * 1e3)
                p99 = statistics.quantiles(taken, n=100)[98]
                words = f"median {statistics.median(taken):.1f} ms, at 160x45"
                what = f"{name} to the last byte of its repaint, p99, ms"
                # What `r` repaints comes from the worker too.
                yield told(what, p99, words) if name == "r" else at_most(what, p99, 16, words)


def beside_bare_panels(count: int) -> Iterator[Figure]:
    """Measure time and CPU time of Tab in the tour, against Tab in a bare Textual app with as many panels."""
    with tempfile.TemporaryDirectory() as state, ExitStack() as stack:
        env = home(state) | {"COLORTERM": "truecolor"}
        apps = []
        for module in (["jaxtour", "vmap"], ["benchmarks.bare_panels"]):
            argv = [sys.executable, "-m", *module]
            apps.append(stack.enter_context(Terminal(argv, columns=160, lines=45, env=env)))
            apps[-1].until("ready", 60)
            apps[-1].quiet(1.0)
        before = [cpu_seconds(app.process.pid) for app in apps]
        mine, other = in_turns(count, *(partial(key_to_bytes, app, "\t") for app in apps))
        burnt = [cpu_seconds(app.process.pid) - start for app, start in zip(apps, before, strict=True)]
        versus = "bare Textual, as many panels"
        yield ratio("Tab to the last byte / bare Textual", mine, other, 1.0, versus)
        detail = f"{burnt[0] / count * 1e3:.1f} ms / {burnt[1] / count * 1e3:.1f} ms ({versus})"
        yield at_most("CPU time of Tab / bare Textual", burnt[0] / burnt[1], 1.0, detail)
