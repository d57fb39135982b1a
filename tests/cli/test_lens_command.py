"""`jaxtour lens` prints the stages of a user's files: once as a shell runs it, otherwise in the test's own process."""

import json
from pathlib import Path
from typing import Any

import pytest
from inside import REAL, Recording, command
from shell import jaxtour

FILE = """\
import functools

import jax
import jax.numpy as jnp

from ours import squashed


def noted(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)

    return inner


@noted
@jax.jit
def predict(w, x):
    return squashed(x @ w) + (lambda z: z * 2)(w.sum())


print("its own output")
w, x = jnp.zeros(3), jnp.ones((8, 3))
pair = predict(w, x), jax.grad(lambda w: predict(w, x).sum())(w)

if __name__ == "__main__":
    raise SystemExit("would train for hours")
"""
OURS = "import jax.numpy as jnp\n\n\ndef squashed(y):\n    return jnp.tanh(y)\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "ours.py").write_text(OURS)
    path = tmp_path / "ml.py"
    path.write_text(FILE)
    return path


def cut(source: Path, span: dict[str, object]) -> str:
    """Return the text of an expression."""
    lines = source.read_text().splitlines()
    assert span["line"] == span["end_line"]
    return lines[int(span["line"]) - 1][int(span["column"]) - 1 : int(span["end_column"]) - 1]


def is_linked(document: dict[str, Any], stage: str) -> None:
    """Assert that a call of `predict` has a row for each line, and that its rows cover all its expressions."""
    assert set(document) == {"call", "label", "error", "stages", "arguments"}
    assert (document["call"], document["error"]) == ("predict(w, x)", None)
    (document,) = document["stages"]
    assert set(document) == {"stage", "text", "lines", "cost", "memory"} and document["stage"] == stage
    assert len(document["lines"]) == len(document["text"].split("\n"))
    for row in document["lines"]:
        assert set(row) == {"kind", "name", "spans", "transforms", "unlinked"}
        assert row["kind"] == "other" or row["spans"] or row["unlinked"]
    found = {
        (Path(span["file"]).name, span["function"], cut(Path(span["file"]), span))
        for row in document["lines"]
        for span in row["spans"]
    }
    assert found >= {
        ("ours.py", "squashed", "jnp.tanh(y)"),
        ("ml.py", "predict", "x @ w"),
        ("ml.py", "predict", "w.sum()"),
        ("ml.py", "predict.<locals>.<lambda>", "z * 2"),
    }
    assert bool(document["cost"]) == bool(document["memory"]) == (stage == "hlo")


def calls_of(output: str) -> list[dict[str, Any]]:
    """Return what `--json` says about each call."""
    whole = json.loads(output)
    assert set(whole) == {"version", "calls"} and whole["version"] == 1
    return list(whole["calls"])


def test_json_has_a_row_for_each_line(file: Path) -> None:
    done = jaxtour("lens", str(file), "--call", "predict(w, x)", "--stage", "hlo", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (call,) = calls_of(done.stdout)
    is_linked(call, "hlo")


def test_several_calls_have_the_same_json(file: Path) -> None:
    done = command("lens", "ml.py", "--json", cwd=file.parent, engine=REAL)
    assert (done.returncode, done.stderr) == (0, "")
    documents = calls_of(done.stdout)
    calls = ["predict(w, x)", "jax.grad(lambda w: predict(w, x).sum())(w)"]
    assert [document["call"] for document in documents] == calls
    is_linked(documents[0], "jaxpr")
    assert {"jvp", "transpose"} <= {each for row in documents[1]["stages"][0]["lines"] for each in row["transforms"]}


def test_links_stand_beside_the_lines(file: Path) -> None:
    words, worker = ("lens", "ml.py::predict", "--stage", "stablehlo"), Recording()
    done = command(*words, "--links", cwd=file.parent, engine=worker.first)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and "its own output" not in done.stdout
    rows = [line for line in done.stdout.splitlines() if "stablehlo.tanh" in line]
    assert rows and all(row.split()[:2] == ["ours.py", "5:12"] for row in rows)
    plain = command(*words, cwd=file.parent, engine=worker.again)
    assert [row.split() for row in plain.stdout.splitlines() if "tanh" in row] == [row.split()[2:] for row in rows]


def test_calls_that_fail_are_a_line_each_and_do_not_keep_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def f(a, b): return a @ b\n")
    calls = ("f(nothing, 1)", "f(", "f(np.ones(3), np.ones(4))", "f(jnp.ones(2), np.ones(2))")
    words = [word for call in calls for word in ("--call", call)]
    done = command("lens", "bad.py", *words, "--json", cwd=tmp_path, engine=REAL)
    assert done.returncode == 1
    told = calls_of(done.stdout)
    assert [call["call"] for call in told] == list(calls)
    assert [call["error"] is None for call in told] == [False, False, False, True]
    assert told[0]["error"].startswith("NameError") and told[0]["stages"] == []
    nothing, syntax, shapes = done.stderr.splitlines()
    assert nothing.startswith("jaxtour: f(nothing, 1): NameError")
    assert syntax.startswith("jaxtour: f(: SyntaxError: ") and "never closed" in syntax
    assert shapes.startswith(f"jaxtour: bad.py:1:21: {calls[2]}: TypeErr") and "(4,)" in shapes


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("lens", "nowhere.py"), "nowhere.py: no such file"),
        (("lens", "."), "a folder"),
        (("lens", "my.yaml"), "jaxtour FILE"),
        (("lens", "latin.py"), "latin.py:2:6: byte 0xe9 is not UTF-8"),
        (("lens", "null.py"), "null.py:3:3: a null character"),
        (("lens", "ok.py::f(x)"), "--call 'f(x)'"),
        (("lens", "ok.py", "--stage", "llvm"), "'llvm'"),
        (("lens",), "name a Python file, or a module as in -m package.train"),
        (("explore", "nowhere.py"), "nowhere.py: no such file"),
        (("explore", "ok.py"), "explore needs a terminal"),
        (("run", "ok.py"), "jaxtour explore ok.py"),
    ],
)
def test_what_the_user_got_wrong_is_one_line_and_exit_code_2(tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    (tmp_path / "ok.py").write_text("x = 1\n")
    (tmp_path / "my.yaml").write_text("format: 1\n")
    (tmp_path / "latin.py").write_bytes(b'x = 1\ny = "\xe9"\n')
    (tmp_path / "null.py").write_bytes(b"\xef\xbb\xbfx = 1\r\n\r\ny \0= 2\n")
    done = command(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("jaxtour: ") and words in done.stderr


PROGRAM = """\
import sys
import jax
import jax.numpy as jnp


def main(steps):
    @jax.jit
    def step(w):
        return jnp.sin(w) * 2

    @jax.jit
    def other(w):
        return w - 1

    for _ in range(steps):
        other(step(jnp.ones(3)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
"""


def test_a_recorded_program_by_its_functions_name_in_all_stages(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(PROGRAM)
    done = command("lens", "own.py", "--at", "step", "--stage", "all", "--json", "--", "2", cwd=tmp_path, engine=REAL)
    assert done.returncode == 0, done.stderr
    (call,) = calls_of(done.stdout)
    assert call["label"] == "step(w)"
    texts = {stage["stage"]: stage["text"] for stage in call["stages"]}
    assert list(texts) == ["jaxpr", "stablehlo", "hlo"]
    assert "sin" in texts["jaxpr"] and "stablehlo.sine" in texts["stablehlo"] and "ENTRY" in texts["hlo"]
    linked = {span["line"] for stage in call["stages"] for row in stage["lines"] for span in row["spans"]}
    assert 9 in linked


def test_a_recorded_program_by_the_line_that_calls_it(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(PROGRAM)
    done = command("lens", "own.py", "--at", "own.py:11", "--json", "--", "1", cwd=tmp_path, engine=REAL)
    assert [call["label"] for call in calls_of(done.stdout)] == ["other(w)"]
    done = command("lens", "own.py", "--at", "nothing", "--", "1", cwd=tmp_path, engine=REAL)
    assert done.returncode == 2
    assert (
        "--at nothing: JAX compiled " in done.stderr
        and "step (own.py:7)" in done.stderr
        and ", and nothing of this name or line" in done.stderr
    )


def test_a_call_of_shapes_without_data(tmp_path: Path) -> None:
    (tmp_path / "big.py").write_text("def f(w, x):\n    return x @ w\n")
    call = "f(S((1000000, 1000000), 'bf16'), S((8, 1000000), 'bf16'))"
    done = command("lens", "big.py", "--call", call, cwd=tmp_path, engine=REAL)
    assert done.returncode == 0, done.stderr
    assert "bf16[1000000,1000000]" in done.stdout


STATIC = """\
from functools import partial

import jax
import jax.numpy as jnp


@partial(jax.jit, static_argnames="train")
def step(params, x, *, train):
    y = x @ params["dense"]["kernel"]
    return {"y": y * 2 if train else y}


params = {"dense": {"kernel": jnp.ones((3, 2))}, "unused": jnp.ones(4)}
step(params, jnp.ones((5, 3)), train=True)
"""


@pytest.mark.parametrize("args", [(), ("--at", "step")])
def test_arguments_are_a_tree(tmp_path: Path, args: tuple[str, ...]) -> None:
    (tmp_path / "own.py").write_text(STATIC)
    done = command("lens", "own.py", *args, "--stage", "arguments", cwd=tmp_path, engine=REAL)
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["arguments", "3", "arrays", "100", "B"],
        ["params", "2", "arrays", "40", "B"],
        ["['dense']", "1", "array", "24", "B"],
        ["['kernel']", "f32[3,2]", "24", "B"],
        ["['unused']", "f32[4]", "16", "B"],
        ["x", "f32[5,3]", "60", "B"],
        ["static", "1", "value"],
        ["train", "True"],
        ["results", "1", "array", "40", "B"],
        ["['y']", "f32[5,2]", "40", "B"],
    ]


def test_json_has_the_arguments_beside_every_stage(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(STATIC)
    (call,) = calls_of(command("lens", "own.py", "--json", cwd=tmp_path, engine=REAL).stdout)
    told = call["arguments"]
    assert told["inputs"][0] == {
        "path": "params['dense']['kernel']",
        "keys": ["params", "['dense']", "['kernel']"],
        "type": "f32[3,2]",
        "shape": [3, 2],
        "dtype": "float32",
        "bytes": 24,
        "sharding": None,
    }
    assert [leaf["path"] for leaf in told["outputs"]] == ["result['y']"]
    assert told["static"] == {"train": "True"} and told["left_out"] == 0


@pytest.mark.parametrize("name", ["lens", "values", "profile", "time"])
def test_a_program_that_raises_before_it_compiles_what_is_asked_for_says_what_it_raised(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "own.py").write_text("import jax\n@jax.jit\ndef step(x):\n    return x.nope\nstep(1.0)\n")
    done = command(name, "own.py", "--at", "step", cwd=tmp_path, engine=REAL)
    assert done.returncode == 1
    assert done.stderr.startswith("jaxtour: own.py:4:12: AttributeError: ") and len(done.stderr.splitlines()) == 1


def test_a_program_that_is_not_there_because_another_line_raised_says_so(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import jax\n@jax.jit\ndef init(x):\n    return x\ninit(1.0)\n1 / 0\n")
    done = command("lens", "own.py", "--at", "step", cwd=tmp_path, engine=REAL)
    assert done.returncode == 2
    told = "JAX compiled init (own.py:2), and nothing of this name or line; then it raised ZeroDivisionError in line 6"
    assert done.stderr.strip().endswith(told)
