"""`jaxtour profile` profiles a user's files, with a real worker."""

import json
import math
from pathlib import Path

import pytest
from inside import REAL, command

FILE = """\
import jax
import jax.numpy as jnp


def loss(w, x):
    def body(h, _):
        return jnp.tanh(h @ w), None
    h, _ = jax.lax.scan(body, x, None, length=5)
    return jnp.sort(h).sum()


step = jax.jit(jax.grad(loss))
w = jnp.ones((32, 32)) / 32
x = jnp.ones((64, 32))

if __name__ == "__main__":
    for _ in range(2):
        step(w, x)
"""
BRIEF = ("--patience", "0.1", "--platform", "cpu")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ml.py"
    path.write_text(FILE)
    return path


def test_json_and_text_account_for_all_of_the_call(file: Path) -> None:
    words = ("profile", str(file), "--call", "step(w, x)", *BRIEF)
    done = command(*words, "--json", engine=REAL)
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["version"] == 1 and document["call"] == "step(w, x)"
    assert document["memory"]["peak_bytes"] > 0 and document["memory"]["lines"] and document["memory"]["blocks"]
    lines = math.fsum(line["self_s"] for line in document["lines"])
    assert lines + document["unaccounted_s"] == pytest.approx(document["wall_s"], rel=1e-9)
    hot = {line["line"]: line for line in document["lines"] if line["file"] == str(file)}
    assert {7, 9} <= set(hot) and hot[7]["forward_s"] > 0 and hot[7]["backward_s"] > 0
    dots = [each for each in document["instructions"] if {span["line"] for span in each["spans"]} == {7}]
    assert 5 in {each["count"] for each in dots}
    again = command(*words, engine=REAL)
    assert again.returncode == 0, again.stderr
    text = " ".join(again.stdout.split())
    assert "a call without the profiler" in text and "not accounted for: host, dispatch, gaps" in text
    assert "7 return jnp.tanh(h @ w), None" in text and "forward backward" in text
    assert "\x1b" not in again.stdout + again.stderr


def test_a_program_that_runs_is_profiled_by_the_name_of_its_function(file: Path) -> None:
    done = command("profile", str(file), "--at", "loss", "--json", *BRIEF, engine=REAL)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {7, 9} <= {line["line"] for line in document["lines"]}
    assert 5 in {each["count"] for each in document["instructions"]}


def test_what_fails_is_a_line_each_and_exit_code_1(file: Path) -> None:
    done = command("profile", str(file), "--call", "step(x)", *BRIEF, engine=REAL)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("jaxtour: step(x): TypeError") and done.stderr.count("\n") == 1


def test_json_of_several_calls_asks_for_one(file: Path) -> None:
    calls = ("--call", "step(w, x)", "--call", "loss(w, x)")
    done = command("profile", str(file), *calls, "--json", *BRIEF, engine=REAL)
    assert (done.returncode, done.stdout) == (2, "")
    assert "choose one by --call: step(w, x), loss(w, x)" in done.stderr and done.stderr.count("\n") == 1


def test_a_file_without_calls_says_so(tmp_path: Path) -> None:
    path = tmp_path / "bare.py"
    path.write_text("x = 1\n")
    done = command("profile", str(path), *BRIEF, engine=REAL)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("jaxtour: no call to show in bare.py") and done.stderr.count("\n") == 1


def test_without_a_file_it_names_the_lesson_too():
    done = command("profile")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == (
        "jaxtour: name a Python file, as in profile train.py; jaxtour profile/guess opens the lesson\n"
    )
