"""Counts how many of jaxtour's files a key passes through in the terminal process, or an invalid field of a lesson."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, at_most
from benchmarks.terminal import Terminal

WATCH = """
import os, signal, sys

package, found, recording = os.environ["WAYS_PACKAGE"], {}, False

def called(frame, event, _):
    code = frame.f_code
    # Neither a module nor the body of a class: those run with an import.
    if event == "call" and code.co_flags & 1 and code.co_filename.startswith(package):
        found.setdefault(code.co_filename, code.co_qualname)

def written():
    import json
    path = os.environ["WAYS_OUT"]
    with open(path + ".part", "w") as file:
        json.dump([name.removeprefix(package) for name in found], file)
    os.rename(path + ".part", path)

def toggled(*_):
    global recording
    recording = not recording
    if recording:
        found.clear()
        sys.setprofile(called)
    else:
        sys.setprofile(None)
    written()

signal.signal(signal.SIGUSR1, toggled)
"""
"""Run before the program: the first SIGUSR1 starts noting whose functions run, the next one writes that down."""
TOUR = f"{WATCH}\nfrom jaxtour.cli import main\nmain(prog_name='jaxtour')"
READ = f"""{WATCH}
from pathlib import Path
from jaxtour.course.loader import load

toggled()
assert load(Path(sys.argv[1])).problems
toggled()
"""
WRONG = """\
format: 1
id: wrong
title: Wrong
summary: A field that there is not.
minutes: 1
steps:
  - {id: one, title: One, text: Read this., code: 1 + 1, expct: {value: 2}}
"""
GOALS = {"r": 43, "3, the first": 40, "a cursor key": 20, "t": 38, "a wrong field": 4}
"""The most files that somebody who follows one of these through the code should have to open."""


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Measure the files whose functions run from a key to its last effect, in order of entry."""
    del rounds, compare
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "ways.json"
        package = Path(json.loads(_printed("import json, jaxtour; print(json.dumps(jaxtour.__path__[0]))")))
        env = {"WAYS_PACKAGE": f"{package}{os.sep}", "WAYS_OUT": str(out), "XDG_STATE_HOME": folder}
        env["XDG_CONFIG_HOME"] = folder
        for name, files in {**_of_keys(env, out), "a wrong field": _of_a_wrong_field(env, out)}.items():
            yield at_most(f"files crossed: {name}", len(files), GOALS[name], " ".join(files))


def _of_keys(env: dict[str, str], out: Path) -> dict[str, list[str]]:
    """Return the files that keys pass through in the vmap lesson's step with timings."""
    found = {}
    argv = [sys.executable, "-c", TOUR, "vmap/jit"]
    with Terminal(argv, columns=160, lines=45, env=env, whole=False) as terminal:
        terminal.until("ready", 60)
        terminal.quiet(2.0)
        found["r"] = _crossed(terminal, out, "r", "{ lambda")
        found["3, the first"] = _crossed(terminal, out, "3", "HloModule")
        found["a cursor key"] = _fewest(terminal, out, "jkjkjkjk", "HloModule")
        # Each press comes from the stage, where the first one begins.
        found["t"] = _fewest(terminal, out, "ttt", "ready", after="3")
    return found


def _fewest(terminal: Terminal, out: Path, keys: str, brings: str, after: str = "") -> list[str]:
    """Return what that press passes through which meets the fewest events of the worker, such as the machine's load."""
    found = []
    for key in keys:
        terminal.send(after)
        terminal.quiet(0.5, 60)
        found.append(_crossed(terminal, out, key, brings))
    return min(found, key=len)


def _crossed(terminal: Terminal, out: Path, key: str, brings: str) -> list[str]:
    """Return what a key passes through until the screen shows its effect and nothing more arrives."""
    _toggle(terminal, out)
    terminal.send(key)
    while not terminal.pump(1.0):
        pass
    terminal.quiet(0.3, 60)
    terminal.until(lambda screen: brings in screen and "● ready" in screen, 60)
    terminal.quiet(2.0, 60)
    return _toggle(terminal, out)


def _toggle(terminal: Terminal, out: Path) -> list[str]:
    out.unlink(missing_ok=True)
    terminal.process.send_signal(signal.SIGUSR1)
    while not out.exists():
        terminal.pump(0.05)
    found: list[str] = json.loads(out.read_text())
    return found


def _of_a_wrong_field(env: dict[str, str], out: Path) -> list[str]:
    """Return the files that reading a lesson with an unknown field goes through."""
    path = out.with_name("wrong.yaml")
    path.write_text(WRONG)
    subprocess.run([sys.executable, "-c", READ, str(path)], env=os.environ | env, check=True)
    found: list[str] = json.loads(out.read_text())
    return found


def _printed(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
