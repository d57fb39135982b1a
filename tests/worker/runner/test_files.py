"""A runner executes a learner's file as a separate module, under its own name."""

import json
from pathlib import Path

import pytest
from runner_client import RunnerClient

FILE = """\
import sys
import warnings

import jax
import jax.numpy as jnp

import ours

@jax.jit
def scaled(x):
    return ours.twice(x)  # é

print(__name__, __file__, sys.argv, sys.path[0])
if __name__ == "__main__":
    raise SystemExit("trains for hours")
warnings.warn("look here")
x = jnp.ones(3)
y = [scaled(x), (lambda z: z - 1)(x)]
"""
OURS = "def twice(x):\n    return 2 * x\n"


class Files:
    """Files of a folder, each run by a fresh runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("ours.py", OURS)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, text: str, *calls: str, name: str = "file.py", **env: str):
        path = self.write(name, text)
        traces = [{"label": call, "call": call} for call in calls] or None
        client = RunnerClient(**env)
        try:
            client.until("state", state="ready")
            cell = {"name": "file/file", "code": text, "traces": traces, "path": str(path)}
            client.send(verb="run", run=1, cell=cell)
            return client.finish(1)
        finally:
            client.close()


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def spans(stage):
    return {tuple(span) for origin in stage["origins"] for span in origin.get("spans", ())}


def test_a_file_is_a_module_beside_its_own_ones(files):
    ran = files.run(FILE, JAXTOUR_CWD=str(files.folder.parent))
    path = str(files.folder / "file.py")
    assert ran.stdout == f"__jaxtour__ {path} {[path]} {files.folder}\n"
    assert ran.one("executed")["status"] == "ok"
    # Bytecode files would be the only trace of the run.
    assert sorted(each.name for each in files.folder.iterdir()) == ["file.py", "ours.py"]
    warning = ran.one("warning")
    assert (warning["message"], warning["line"]) == ("look here", 16)
    assert [trace["label"] for trace in ran.all("trace")] == ["scaled(x)", "(lambda z: z - 1)(x)"]
    scaled, minus = ran.all("stage")
    assert spans(scaled) == {(path, 18, 6, 18, 15, ""), (str(files.folder / "ours.py"), 2, 12, 2, 17, "twice")}
    assert spans(minus) == {(path, 18, 28, 18, 33, "<lambda>")}


def test_the_file_finds_what_lies_where_the_learner_is(files, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "shapes.json").write_text("[2, 3]")
    code = "import json, pathlib\njson.loads(pathlib.Path('shapes.json').read_text())\n"
    assert files.run(code, JAXTOUR_CWD=str(tmp_path / "there")).text == "[2, 3]"


def test_classes_of_a_file_can_be_pickled(files):
    code = "import pickle\nclass P:\n    x = 3\npickle.loads(pickle.dumps(P())).x\n"
    assert files.run(code).text == "3"


@pytest.mark.parametrize(
    ("code", "kind", "frames"),
    [
        ("x = 1\n\nimport nowhere\n", "ModuleNotFoundError", [("file.py", 3, "")]),
        ("def f(x):\n    return x\n\n  f(1)\n", "IndentationError", [("file.py", 4, "")]),
        ("import jax\ndef f(x):\n    return x + y\nf(1)\n", "NameError", [("file.py", 4, ""), ("file.py", 3, "f")]),
        ("import ours\nx = 2\nours.twice(object())\n", "TypeError", [("file.py", 3, ""), ("ours.py", 2, "twice")]),
        ("import broken\n", "SyntaxError", [("file.py", 1, ""), ("broken.py", 2, "")]),
    ],
)  # fmt: skip
def test_an_error_is_told_at_the_lines_of_the_learners_files(files, code, kind, frames):
    files.write("broken.py", "x = 1\ny = (\n")
    ran = files.run(code)
    error = ran.one("error")
    own = [frame for frame in frames if frame[0] == "file.py"]
    assert error["type"] == kind and error["line"] == own[-1][1]
    assert [(Path(frame["file"]).name, frame["line"], frame["function"]) for frame in error["frames"]] == frames
    assert all(not frame["setup"] and Path(frame["file"]).parent == files.folder for frame in error["frames"])
    assert not ran.all("trace"), "what did not run to its end leaves nothing to look at"


@pytest.mark.parametrize(("status", "good"), [("", True), ("0", True), ("3", False), ("'no data'", False)])
def test_a_file_may_end_itself_as_a_script_does(files, status, good):
    ran = files.run(f"import sys, jax\nf = jax.jit(lambda x: x)\nf(1.0)\nsys.exit({status})\n")
    assert [trace["label"] for trace in ran.all("trace")] == ["f(1.0)"] * good
    assert ran.one("executed")["status"] == ("ok" if good else "error")
    assert [error["type"] for error in ran.all("error")] == ["SystemExit"] * (not good)


def test_a_call_that_does_not_trace_says_so_and_the_others_are_shown(files):
    code = "import jax, jax.numpy as jnp\nf = jax.jit(lambda a, b: a @ b)\ng = jax.jit(lambda a: a + 1)\n"
    ran = files.run(code, "f(jnp.ones(3), np.ones(4))", "g(np.ones(3))", "g(nothing)")
    first, second, third = ran.all("trace")
    assert first["error"].startswith("TypeError: ") and "error" not in second
    assert third["error"].startswith("NameError: ") and "nothing" in third["error"]
    assert [stage["index"] for stage in ran.all("stage")] == [1]


def test_a_function_that_cannot_be_traced_is_left_out_where_nobody_asked_for_it(files):
    code = "import jax.numpy as jnp\ndef plot(x): return list(map(float, x))\ndef f(x): return x * 2\nx = jnp.ones(3)\n"
    ran = files.run(code + "plot(x)\nf(x)\n")
    assert [(trace["index"], trace["label"]) for trace in ran.all("trace")] == [(0, "f(x)")]
    ran = files.run(code + "plot(x)\n")
    assert "ConcretizationTypeError" in ran.one("trace")["error"]


def test_other_stages_are_those_of_the_calls_that_were_found(files):
    path = files.write("file.py", FILE)
    client = RunnerClient()
    try:
        client.until("state", state="ready")
        cell = {"name": "file/file", "code": FILE, "path": str(path)}
        client.send(verb="run", run=1, cell=cell, requests=[{"index": 1, "stage": "stablehlo"}])
        ran = client.finish(1)
    finally:
        client.close()
    stage = ran.all("stage")[-1]
    assert stage["stage"] == "stablehlo" and "stablehlo.subtract" in stage["text"], json.dumps(stage)
    assert (str(path), 18, 28, 18, 33) in {span[:5] for span in spans(stage)}
