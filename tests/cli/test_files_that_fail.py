"""`lens` and `time` report a file that does not run to its end, or has nothing to show, in the same way."""

from pathlib import Path

import pytest
from inside import Engines, Recording, command, scripted

from jaxtour.engine.wire.messages import Event, Executed, Failure, Trace, TracebackFrame

FAILED = Executed(run=0, status="error", seconds=0.1)


def told(folder: Path, first: Engines, again: Engines) -> str:
    """Return the one line that both commands print about `bad.py`."""
    lens, time = (
        command("lens", "bad.py", cwd=folder, engine=first),
        command("time", "bad.py", cwd=folder, engine=again),
    )
    assert lens == time
    assert (lens.returncode, lens.stdout) == (1, ""), lens.stderr
    assert lens.stderr.count("\n") == 1
    return lens.stderr


@pytest.mark.parametrize(
    ("code", "place", "words"),
    [
        ("x = 'é'; import wrong\n", "bad.py:1:10: TypeError: ", "(raised in wrong.py:3)"),
        ("import os\nos._exit(3)\n", "bad.py: ", "the worker ended during the step (exit 3)"),
        ("def f(a): return a\n", "no call to show in bad.py: it defines f: name a call", "--call 'f(a)'"),
    ],
)
def test_what_a_worker_says_of_a_file_is_one_line_and_exit_code_1(
    tmp_path: Path, code: str, place: str, words: str
) -> None:
    (tmp_path / "bad.py").write_text(code)
    (tmp_path / "wrong.py").write_text("import jax.numpy as jnp\n\njnp.ones(3) @ jnp.ones(4)\n")
    worker = Recording()
    said = told(tmp_path, worker.first, worker.again)
    assert said.startswith(f"jaxtour: {place}") and words in said


@pytest.mark.parametrize(
    ("events", "line"),
    [
        (
            (Failure(run=0, type="SyntaxError", bases=(), message="'(' was never closed", line=3, column=6), FAILED),
            "bad.py:3:6: SyntaxError: '(' was never closed",
        ),
        (
            (Failure(run=0, type="ZeroDivisionError", bases=(), message="by zero\nand more", line=2, column=1), FAILED),
            "bad.py:2:1: ZeroDivisionError: by zero",
        ),
        (
            (
                Failure(
                    run=0, type="E", bases=(), message="", frames=(TracebackFrame(file="ours.py", line=7, column=2),)
                ),
                FAILED,
            ),
            "ours.py:7:2: E",
        ),
        ((Failure(run=0, type="MemoryError", bases=(), message=""), FAILED), "bad.py: MemoryError"),
        (
            (Executed(run=0, status="ok", seconds=0.1), Trace(run=0, index=0, label="", call="", error="no functions")),
            "no functions",
        ),
    ],
)
def test_what_is_said_has_the_place_as_far_as_it_is_known(tmp_path: Path, events: tuple[Event, ...], line: str) -> None:
    (tmp_path / "bad.py").write_text("bad\n")
    engine = scripted({"bad\n": events})
    assert told(tmp_path, engine, engine) == f"jaxtour: {line}\n"
