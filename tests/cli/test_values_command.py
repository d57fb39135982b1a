"""`jaxtour values` evaluates the calls of a user's files."""

import json
from pathlib import Path

import pytest
from inside import REAL, command

FILE = """\
import jax
import jax.numpy as jnp


def f(x):
    return jnp.where(x > 0, jnp.sqrt(x), 0.0).sum()


def looped(x):
    return jax.lax.scan(lambda c, row: (c + 1.0 / row, c), 0.0, x)


x = jnp.array([0.0, 4.0])

if __name__ == "__main__":
    raise SystemExit("would train for hours")
"""
KEYS = {"primitive", "spans", "shape", "dtype", "min", "max", "mean", "nan", "inf", "zeros"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ml.py"
    path.write_text(FILE)
    return path


def values(file: Path, call: str, *options: str):
    """Return what the command gives for a call."""
    words = ("values", file.name, "--call", call, "--platform", "cpu", *options)
    return command(*words, cwd=file.parent, engine=REAL)


def test_json_names_the_equation_that_made_the_first_inf(file: Path) -> None:
    done = values(file, "jax.grad(f)(x)", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) == {"version", "equations", "first_bad"} and document["version"] == 1
    assert all(set(each) == KEYS for each in document["equations"])
    root = next(each for each in document["equations"] if each["primitive"] == "sqrt")
    assert (root["shape"], root["dtype"]) == ([2], "float32")
    assert [root[key] for key in ("min", "max", "mean", "nan", "inf", "zeros")] == [0.0, 2.0, 1.0, 0, 0, 0.5]
    bad = document["first_bad"]
    assert set(bad) == {"primitive", "kind", "spans", "direction", "iteration", "operands"}
    found = [bad[key] for key in ("primitive", "kind", "direction", "iteration")]
    assert found == ["div", "inf", "backward", None]
    [span] = bad["spans"]
    line = FILE.splitlines()[span["line"] - 1]
    assert line[span["column"] - 1 : span["end_column"] - 1] == "jnp.sqrt(x)" and span["file"] == str(file)
    assert [(each["value"], each["index"]) for each in bad["operands"]] == [(0.5, None), (0.0, [0])]


def test_json_gives_the_first_bad_iteration_of_a_loop(file: Path) -> None:
    document = json.loads(values(file, "looped(jnp.array([1.0, 2.0, 0.0, 3.0]))", "--json").stdout)
    bad = document["first_bad"]
    assert [bad[key] for key in ("primitive", "kind", "direction", "iteration")] == ["div", "inf", None, 2]


def test_json_without_anything_bad(file: Path) -> None:
    document = json.loads(values(file, "f(x)", "--json").stdout)
    assert document["first_bad"] is None and {each["nan"] for each in document["equations"]} == {0}


def test_text_says_it_above_the_jaxpr_with_its_figures(file: Path) -> None:
    done = values(file, "jax.grad(f)(x)")
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[:4] == [
        "✗ inf made by div, backward pass: jnp.sqrt(x)",
        "  6:29  of 0.5 and 0, at [0]",
        "✗ then nan in mul, backward pass: jnp.sqrt(x)",
        "  6:29  of 0 and inf, at [0]",
    ]
    assert lines[4].split() == ["min", "mean", "max", "zeros"]
    [row] = [line.split() for line in lines if " sqrt " in line]
    assert row[:5] == ["6:29", "0", "1", "2", "50%"]
    [row] = [line.split() for line in lines if " div " in line]
    assert row[:6] == ["6:29", "0.25", "0.25", "0.25", "inf", "1"]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("f(S(3))", "f(S(3)): its arguments are shapes without data: write arrays, such as jnp.ones(3)"),
        ("jax.make_jaxpr(f)", "jax.make_jaxpr(f): it returns a function: call that too"),
        ("f(missing)", "f(missing): NameError: name 'missing' is not defined"),
    ],
)
def test_a_call_without_values_says_why(file: Path, call: str, why: str) -> None:
    done = values(file, call)
    assert done.returncode == 1 and why in done.stderr and "Traceback" not in done.stderr


def test_several_calls_are_printed_one_after_the_other_and_json_takes_one(file: Path) -> None:
    file.write_text(f"{FILE}f(x)\nlooped(x + 1.0)\n")
    words = ("values", file.name, "--platform", "cpu")
    done = command(*words, cwd=file.parent, engine=REAL)
    assert done.returncode == 0
    assert "f(x)" in done.stdout and "looped(x + 1.0)" in done.stdout and done.stdout.count("✓ no nan") == 2
    done = command(*words, "--json", cwd=file.parent, engine=REAL)
    assert done.returncode == 2
    assert done.stderr == "jaxtour: --json has room for one call: choose one by --call: f(x), looped(x + 1.0)\n"


def test_a_recorded_program_is_evaluated_with_the_inputs_of_its_first_run(file: Path) -> None:
    file.write_text(
        f"{FILE[: FILE.index('if __name__')]}step = jax.jit(lambda w, unused: jax.grad(f)(w) * 2.0)\n"
        "w = jnp.array([0.0, 1.0, 4.0])\nfor _ in range(3):\n    w = step(w, x)\n"
    )
    words = ("values", file.name, "--at", "<lambda>", "--platform", "cpu", "--json")
    done = command(*words, cwd=file.parent, engine=REAL)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["first_bad"]["operands"][1]["value"] == 0.0
    root = next(each for each in document["equations"] if each["primitive"] == "sqrt")
    assert (root["max"], root["nan"]) == (2.0, 0), "as in the first round: the second one has nan"


def test_a_file_that_fails_says_where(file: Path) -> None:
    file.write_text("import jax\n1 / 0\n")
    done = values(file, "f(x)")
    assert (done.returncode, done.stderr) == (1, "jaxtour: ml.py:2:1: ZeroDivisionError: division by zero\n")
