"""`jaxtour solve` checks an exercise of the user's own, with a real worker where it runs at all."""

import json
from pathlib import Path

import msgspec
import pytest
from inside import REAL, command

from jaxtour.course.model import Exercise, Step
from jaxtour.course.trust import EVERYTHING
from jaxtour.engine.cells import EXERCISE_S, limit_of
from jaxtour.text import Raw

LESSON = """\
format: 1
id: own
title: Own
summary: x
minutes: 1
steps:
  - {id: read, title: Read, text: x, code: "import jax.numpy as jnp"}
  - id: write
    title: Write
    text: x
    exercise:
      starter: ...
      check:
        - {value: double(x), given: [{x: "jnp.ones(2)"}, {x: "jnp.array([3.0])"}], say: "Say \\x1b[31mthis."}
        - {leaks: double(1.0)}
      solution: "def double(x): return x + x"
      hints: [a, b]
  - id: soon
    title: Soon
    text: x
    timeout: 1
    exercise: {starter: ..., check: [{value: two}], solution: two = 2, hints: [a]}
  - {id: broken, title: Broken, text: x}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.yaml").write_text(LESSON)
    (tmp_path / "right.py").write_text("def double(x):\n    return 2 * x\n")
    (tmp_path / "wrong.py").write_text("def double(x):\n    return x * x + 1\n")
    (tmp_path / "loops.py").write_text("two = 2\nwhile True:\n    pass\n")
    (tmp_path / "raises.py").write_text("def double(x):\n    return 2 * x\n1 / 0\n")
    return tmp_path


def test_a_right_solution_is_right(folder: Path) -> None:
    done = command("solve", "own.yaml/write", "right.py", cwd=folder, engine=REAL)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("✓ double(x) agrees with the solution\n✓ double(1.0) leaks no tracer\n✓ right\n")


def test_a_wrong_one_gets_what_came_and_on_which_input(folder: Path) -> None:
    done = command("solve", "own.yaml/write", "wrong.py", cwd=folder, engine=REAL)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "✗ double(x) agrees with the solution\n"
        "  Say ␛[31mthis.\n"
        "  expected  [6]\n"
        "  got       [10]\n"
        "  for       x = jnp.array([3.0])\n"
        "  line 1\n"
        "· double(1.0) leaks no tracer: not checked yet\n"
        "✗ not yet: 0 of 2 checks passed\n"
        "2 hints: jaxtour own.yaml/write, key h\n"
    )


def test_code_that_raises_is_no_solution(folder: Path) -> None:
    done = command("solve", "own.yaml/write", "raises.py", "--json", cwd=folder, engine=REAL)
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["right"], verdict["hints"]) == (1, False, 2)
    assert verdict["failure"]["type"] == "ZeroDivisionError" and verdict["failure"]["line"] == 3
    assert verdict["message"] == "the code raised ZeroDivisionError: division by zero"
    assert [outcome["passed"] for outcome in verdict["outcomes"]] == [None, None]


def test_a_loop_without_end_is_answered_at_the_limit(folder: Path) -> None:
    done = command("solve", "own.yaml/soon", "loops.py", cwd=folder, engine=REAL)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("timed out: the run took longer than 1 s\n✗ not yet\n")


def test_the_limit_of_an_attempt() -> None:
    """An attempt has a limit for its code and one for each call that it times, unless the lesson's author sets one."""
    attempt = Exercise(starter=Raw("..."), check=Raw("f"), solution=Raw("f = abs"))
    step = Step(id="one", title="One", text="", exercise=attempt)
    timed = msgspec.structs.replace(step, time=(Raw("f(1)"), Raw("f(2)")))
    assert (limit_of(step), limit_of(timed)) == (EXERCISE_S, 3 * EXERCISE_S)
    assert limit_of(msgspec.structs.replace(timed, timeout=7.0)) == 7.0
    assert limit_of(msgspec.structs.replace(timed, exercise=None)) is None


def test_it_runs_nothing_that_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EVERYTHING)
    done = command("solve", "own.yaml/write", "right.py", cwd=folder)
    assert done.returncode == 2 and "none of it runs" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("own.yaml/read", "right.py"), "own.yaml/read is not an exercise: choose from own.yaml/write, own.yaml/soon"),
        (("own.yaml", "right.py"), "own.yaml: name one of its exercises: choose from own.yaml/write, own.yaml/soon"),
        ((".", "right.py"), ".: name one of its exercises: choose from ./own/write, ./own/soon"),
        (("own.yaml/none", "right.py"), "lesson own has no step 'none'"),
        (("own.yaml/broken", "right.py"), "own.yaml/broken does not load: "),
        (("own.yaml/write", "none.py"), "none.py: no such file: name a Python file"),
        (("own.yaml/write", "."), "this is a folder"),
        (("own.yaml/write",), "missing argument 'FILE.py'"),
        (("devices", "right.py"), "unknown lesson 'devices'"),
    ],
)
def test_what_cannot_be_checked_costs_one_line(folder: Path, words: tuple[str, ...], message: str) -> None:
    done = command("solve", *words, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr and done.stderr.count("\n") == 1
