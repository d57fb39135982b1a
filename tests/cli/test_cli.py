"""Each command runs once as a user's shell runs it; what the commands print is tested in the test's own process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fake_engine import FACTS
from inside import REAL, Recording, command, scripted
from shell import jaxtour
from shell import lesson as written

LESSON = """\
format: 1
id: small
title: A small lesson
summary: For the tests.
minutes: 1
steps:
  - id: one
    title: One
    text: The first step.
    setup: import jax.numpy as jnp
    code: |
      x = jnp.arange(3.0)
      print("hello [red]world")
      jnp.sin(x)
    time: ["jnp.sin(x)"]
    expect: {shape: [3], dtype: float32, stdout: "hello ... world", primitives: {has: [sin]}}
  - id: two
    title: Two
    text: An error that is expected.
    code: jnp.dot(x, jnp.ones(2))
    raises: TypeError
"""
FAILING = """\
format: 1
id: failing
title: Failing
summary: Nothing is as it says.
minutes: 1
steps:
  - id: shape
    title: Shape
    text: Wrong shape.
    code: |
      import numpy as np
      np.zeros(3)
    expect: {shape: [4]}
  - id: raises
    title: Raises
    text: Does not raise.
    code: "1"
    raises: ValueError
  - id: line
    title: Line
    text: Fails in a line.
    code: |
      here = 1

      gone

  - id: setup
    title: Setup
    text: Fails before the code.
    setup: 1 / 0
    code: "1"
  - id: asks
    title: Asks
    text: Cannot be asked.
    code: "1"
    ask: {question: Q?, value: equations of gone(1)}
"""


PROBED = """\
format: 1
id: probed
title: Probed
summary: What follows a step's code is checked too.
minutes: 1
steps:
  - id: times
    title: Times
    text: A call that cannot be made.
    code: x = 1
    time: ["missing(x)"]
    expect: {stdout: ""}
  - id: solves
    title: Solves
    text: A solution that is none.
    exercise: {starter: "y = 0", check: "assert y == 2, 'y is not 2'", solution: "y = 1"}
  - id: counts
    title: Counts
    text: Compiles once, whatever was timed before.
    code: |
      import jax
      f = jax.jit(lambda x: x + 1)
      f(1.0)
    time: ["f(1.0)"]
    expect: {compiles: 1, hlo: {has: [add]}}
  - id: changes
    title: Changes
    text: Rebinds what was timed.
    code: |
      f = None
      print(x)
    expect: {stdout: "1"}
"""


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(LESSON)
    return path


def test_run_prints_json_of_real_results(lesson: Path) -> None:
    done = jaxtour("run", str(lesson), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["lesson"] == "small"
    assert set(document["worker"]) >= {"python", "jax", "jaxlib", "platforms"}
    one, two = document["steps"]
    assert (one["id"], one["status"], one["stdout"], one["stderr"]) == ("one", "ok", "hello [red]world\n", "")
    assert one["result"]["type"] == "Array" and one["result"]["shape"] == [3] and one["result"]["dtype"] == "float32"
    assert "0.84147" in one["result"]["text"] and one["result"]["devices"] == ["cpu:0"]
    [trace] = one["traces"]
    assert trace["label"] == "jnp.sin(x)" and trace["jaxpr"].startswith("{ lambda") and "= sin " in trace["jaxpr"]
    [timing] = one["timings"]
    assert timing["platform"] == "cpu" and timing["runs"] >= 3 and 0 < timing["median_s"] < timing["first_s"]
    assert two["status"] == "raised" and two["error"]["type"] == "TypeError" and "TypeError" in two["error"]["bases"]
    assert two["error"]["line"] == 1 and "(3,)" in two["error"]["message"]


def test_a_lesson_is_printed_as_text_also_by_a_tour_that_has_no_terminal(lesson: Path) -> None:
    worker = Recording()
    tour = command(str(lesson), engine=worker.first)
    assert tour.returncode == 0, tour.stderr
    assert "The first step." in tour.stdout and "TypeError" in tour.stdout
    assert command("run", str(lesson), engine=worker.again) == tour
    # A locale without UTF-8.
    bare = command("run", str(lesson), engine=worker.again, charset="ascii")
    assert bare.returncode == 0 and bare.stdout.isascii() and "float32[3]" in bare.stdout
    one = command("run", f"{lesson}/one", engine=worker.again)
    assert one.returncode == 0, one.stderr
    assert command(f"{lesson}/one", engine=worker.again) == one
    assert "hello [red]world" in one.stdout and "float32[3]" in one.stdout and "\x1b" not in one.stdout
    assert "{ lambda" in one.stdout and "= sin " in one.stdout
    assert "An error that is expected" in tour.stdout and "An error that is expected" not in one.stdout


def test_check_says_where_lessons_are_wrong_in_what_they_run_time_and_solve(tmp_path: Path, lesson: Path) -> None:
    (tmp_path / "failing.yaml").write_text(FAILING)
    (tmp_path / "probed.yaml").write_text(PROBED)
    done = jaxtour("check", str(tmp_path), "--json")
    verdict = json.loads(done.stdout)
    assert done.returncode == 1 and not verdict["ok"] and (verdict["lessons"], verdict["steps"]) == (3, 11)
    problems = [(Path(p["file"]).name, p["line"], p["step"], p["message"]) for p in verdict["problems"]]
    assert [problem[:3] for problem in problems] == [
        ("failing.yaml", 13, "shape"),
        ("failing.yaml", 18, "raises"),
        ("failing.yaml", 25, "line"),
        ("failing.yaml", 30, "setup"),
        ("failing.yaml", 36, "asks"),
        ("probed.yaml", 11, "times"),
        ("probed.yaml", 16, "solves"),
    ], problems
    shape, _, line, setup, asks, times, solves = (problem[3] for problem in problems)
    assert shape == "shape: expected [4], got [3]"
    assert line == "raised NameError: name 'gone' is not defined (line 3)"
    assert setup == "raised ZeroDivisionError: division by zero (line 1 of the setup)"
    assert asks == "ask: `equations of gone(1)` has no answer: NameError: name 'gone' is not defined"
    assert "missing" in times and "y is not 2" in solves
    columns = [problem["column"] for problem in verdict["problems"]]
    assert columns == [21, 13, 7, 12, 32, 11, 41], columns


def test_check_says_that_a_step_ran_without_one_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "half.yaml"
    path.write_text(written("half", "cod: x = 1", "code: x"))
    done = jaxtour("check", str(path))
    assert done.returncode == 1
    assert (
        "raised NameError: name 'x' is not defined (line 1); it ran without `s1`, which cannot be read" in done.stdout
    )


def test_a_lesson_that_is_right_is_ok(tmp_path: Path) -> None:
    path = tmp_path / "right.yaml"
    path.write_text(written("right", "code: x = 1", "code: x"))
    done = command("check", str(path), "--json", engine=scripted({}))
    verdict = json.loads(done.stdout)
    assert done.returncode == 0 and verdict["ok"] and (verdict["lessons"], verdict["steps"]) == (1, 2)


def test_a_lesson_that_does_not_load_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(written("bad", "code: x = 1", "cod: x"))
    done = command("check", str(path), engine=scripted({}))
    assert done.returncode == 1 and done.stdout.count("\n") == 2
    assert "bad.yaml:14:5: " in done.stdout and "code" in done.stdout and "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("run", "vmpa"), ("vmpa", "vmap")),
        (("run", "vmap/nothing-like-it"), ("nothing-like-it",)),
        (("run", "no/such/file.yaml"), ("no/such/file.yaml",)),
        (("check", "no-such-file.yaml"), ("no-such-file.yaml",)),
        (("devices", "--python", "/no/such/python"), ("/no/such/python",)),
    ],
)
def test_what_the_user_got_wrong_is_one_line_and_exit_code_2(args: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = command(*args)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("jaxtour: ")
    assert all(word in done.stderr for word in words)


def test_a_python_without_jax_is_told_what_to_install(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    done = command("devices", "--python", python, engine=REAL)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "no jax" in done.stderr.lower() and "pip install" in done.stderr


def test_devices_are_told_as_json_and_as_a_table() -> None:
    done = jaxtour("devices", "--json", "--devices", "4")
    document = json.loads(done.stdout)
    assert [device["id"] for device in document["devices"]] == [0, 1, 2, 3]
    assert all(device["simulated"] and device["platform"] == "cpu" for device in document["devices"])
    assert document["host"]["cores"] >= 1 and document["host"]["memory_bytes"] > 2**20 and document["jax"]
    assert document["flags"] == {"simulated": "4 devices"} and document["default_device"] == "cpu:0"
    assert document["host"]["load"] >= 0 and document["findings"] == []
    table = command("devices", engine=scripted({}))
    assert table.returncode == 0 and "cpu" in table.stdout and FACTS.jax in table.stdout


def test_list_knows_the_lessons_and_the_progress() -> None:
    done = jaxtour("list", "--json")
    lessons = json.loads(done.stdout)["lessons"]
    assert [lesson["id"] for lesson in lessons] == [
        "numpy", "transformations", "grad", "jit", "vmap", "pmap", "compose", "state", "timing", "nan",
        "profile", "memory", "processes",
    ]  # fmt: skip
    assert 60 <= sum(len(lesson["steps"]) for lesson in lessons) <= 170
    assert lessons[5]["requires"]["devices"] == 8 and not lessons[0]["steps"][0]["done"]
    assert "vmap" in command("list").stdout


def test_the_schema_is_json() -> None:
    assert json.loads(command("schema").stdout)["$defs"]


def test_help_and_version() -> None:
    from jaxtour import __version__

    assert command("--version").stdout == f"jaxtour {__version__}\n"
    text = command("--help").stdout
    assert all(word in text for word in ("--python", "--platform", "--no-mouse", "run", "check", "snapshot", "schema"))


def test_a_snapshot_says_nothing_beside_its_picture() -> None:
    done = jaxtour("snapshot", "numpy", "--platform", "cpu", "--size", "80x24")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" jaxtour  numpy")
