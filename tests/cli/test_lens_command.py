"""`jaxtour lens` on a user's files: once as a shell runs it, otherwise in the test's own process."""

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
    assert set(document) == {"stage", "call", "text", "lines", "cost"}
    assert (document["stage"], document["call"]) == (stage, "predict(w, x)")
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
    assert bool(document["cost"]) == (stage == "hlo")


def test_one_call_is_one_json_object_with_a_row_for_each_line(file: Path) -> None:
    done = jaxtour("lens", str(file), "--call", "predict(w, x)", "--stage", "hlo", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    is_linked(json.loads(done.stdout), "hlo")


def test_several_calls_are_a_line_of_json_each(file: Path) -> None:
    done = command("lens", "ml.py", "--json", cwd=file.parent, engine=REAL)
    assert (done.returncode, done.stderr) == (0, "")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    calls = ["predict(w, x)", "jax.grad(lambda w: predict(w, x).sum())(w)"]
    assert [document["call"] for document in documents] == calls
    is_linked(documents[0], "jaxpr")
    assert {"jvp", "transpose"} <= {each for row in documents[1]["lines"] for each in row["transforms"]}


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
    assert json.loads(done.stdout)["call"] == calls[-1] and done.stdout.count("\n") == 1
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
        (("lens",), "see jaxtour lens --help"),
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
