"""`jaxtour lens` as a user's shell runs it, on files of the user's."""

import json
from pathlib import Path

import pytest
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
    """The text of an expression."""
    lines = source.read_text().splitlines()
    assert span["line"] == span["end_line"]
    return lines[int(span["line"]) - 1][int(span["column"]) - 1 : int(span["end_column"]) - 1]


@pytest.mark.parametrize("stage", ["jaxpr", "hlo"])
def test_one_call_is_one_json_object_with_a_row_for_each_line(file: Path, stage: str) -> None:
    done = jaxtour("lens", str(file), "--call", "predict(w, x)", "--stage", stage, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    document = json.loads(done.stdout)
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
    }
    assert ("ml.py", "predict.<locals>.<lambda>", "z * 2") in found
    assert bool(document["cost"]) == (stage == "hlo")


def test_several_calls_are_a_line_of_json_each(file: Path) -> None:
    done = jaxtour("lens", "ml.py", "--json", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    calls = ["predict(w, x)", "jax.grad(lambda w: predict(w, x).sum())(w)"]
    assert [document["call"] for document in documents] == calls
    assert {"jvp", "transpose"} <= {each for row in documents[1]["lines"] for each in row["transforms"]}


def test_links_stand_beside_the_lines(file: Path) -> None:
    done = jaxtour("lens", "ml.py::predict", "--stage", "stablehlo", "--links", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and "its own output" not in done.stdout
    rows = [line for line in done.stdout.splitlines() if "stablehlo.tanh" in line]
    assert rows and all(row.split()[:2] == ["ours.py", "5:12"] for row in rows)
    plain = jaxtour("lens", "ml.py::predict", "--stage", "stablehlo", cwd=file.parent)
    assert [row.split() for row in plain.stdout.splitlines() if "tanh" in row] == [row.split()[2:] for row in rows]


@pytest.mark.parametrize(
    ("code", "calls", "place", "words"),
    [
        ("import jax\n\ndef f(x:\n    return x\n", (), "bad.py:3:6: SyntaxError: ", "never closed"),
        ("import jax\nx = 1\n1 / 0\n", (), "bad.py:3:1: ZeroDivisionError: ", "division by zero"),
        ("x = 'é'; undefined\n", (), "bad.py:1:10: NameError: ", "undefined"),
        ("import wrong\n", (), "bad.py:1:1: TypeError: ", "(raised in wrong.py:3)"),
        ("import os\nos._exit(3)\n", (), "bad.py: ", "exit 3"),
        ("def f(a, b): return a @ b\n", ("f(np.ones(3), np.ones(4))",),
         "bad.py:1:21: f(np.ones(3), np.ones(4)): TypeErr", "(4,)"),
        ("def f(a): return a\n", ("f(",), "f(: SyntaxError: ", "never closed"),
        ("def f(a): return a\n", (), "no call to show in bad.py: ", "--call 'f(a)'"),
        ("", (), "no call to show in bad.py: ", "no functions"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_one_line_and_exit_code_1(
    tmp_path: Path, code: str, calls: tuple[str, ...], place: str, words: str
) -> None:
    (tmp_path / "bad.py").write_text(code)
    (tmp_path / "wrong.py").write_text("import jax.numpy as jnp\n\njnp.ones(3) @ jnp.ones(4)\n")
    done = jaxtour("lens", "bad.py", *(word for call in calls for word in ("--call", call)), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith(f"jaxtour: {place}"), done.stderr
    assert words in done.stderr


def test_one_call_that_fails_does_not_keep_the_others(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text("def f(x): return x + 1\n")
    done = jaxtour("lens", "two.py", "--call", "f(nothing)", "--call", "f(jnp.ones(2))", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["call"] == "f(jnp.ones(2))" and done.stdout.count("\n") == 1
    assert done.stderr.startswith("jaxtour: f(nothing): NameError") and done.stderr.count("\n") == 1


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
    done = jaxtour(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("jaxtour: ") and words in done.stderr
