"""Measures the time until there is something to read, against an empty Textual app and a notebook in the terminal."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import notebook
from benchmarks.figures import Figure, in_turns, ratio
from benchmarks.terminal import Terminal
from jaxtour.course.catalogue import bundled
from jaxtour.course.model import Step

LESSON = "vmap"


def first_code_line() -> str:
    """Return the text that must become readable: the first line of code of the lesson's first step."""
    lesson = bundled().find(LESSON)[0]
    first = lesson.steps[0]
    assert isinstance(first, Step)
    return next(line for line in first.shown_code.text.splitlines() if line.strip()).rstrip()[:40]


def until(argv: list[str], text: str, state: str) -> float:
    """Return the seconds from starting a program until its screen shows a text."""
    with Terminal(argv, env={"XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}, whole=False) as terminal:
        return terminal.until(text, 60)


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Measure first frames, with a cold worker and warm file caches."""
    with tempfile.TemporaryDirectory() as state:
        line = first_code_line()

        def ours() -> float:
            return until(
                [sys.executable, "-m", "jaxtour", f"{LESSON}/{bundled().find(LESSON)[0].steps[0].id}"], line, state
            )

        def empty() -> float:
            return until([sys.executable, "-m", "benchmarks.empty_app"], "first frame", state)

        ours(), empty()
        mine, floor = in_turns(rounds, ours, empty)
        yield ratio("first frame with the first line of code / empty Textual app", mine, floor, 1.3, "empty app")
        if compare is None:
            return
        notebook.write(Path(state))
        path = str(Path(state) / f"{LESSON}.ipynb")
        # euporie finds the kernel by name, in the environment that it runs in.
        binary = str(compare.absolute() / "euporie-notebook")

        def theirs() -> float:
            return until([binary, path], line[:20], state)

        theirs()
        mine, other = in_turns(max(rounds // 2, 3), ours, theirs)
        yield ratio("first line of code readable / euporie-notebook", mine, other, 0.45, "euporie-notebook")
