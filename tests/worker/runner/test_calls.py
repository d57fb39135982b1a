"""Calls are found in files by a workspace, as in a runner, so that the calls found are the calls traced."""

import builtins
import sys
from pathlib import Path

import pytest

from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.ir import lens
from jaxtour.worker.runner import learners
from jaxtour.worker.runner.calls import CAP, calls_of
from jaxtour.worker.runner.execute import CWD, MODULE, Workspace
from jaxtour.worker.runner.failures import attempt

HEAD = "import jax\nimport jax.numpy as jnp\n"
# An annotation `Float[Array, "8 3"]` as jaxtyping creates it.
JAXTYPED = "class F:\n  dtype = type('Float', (), {})\n  dim_str = '8 3'\n"
PREDICT = """\
@jax.jit
def predict(w, x):
    return jnp.tanh(x @ w)

def loss(w, x):
    return (predict(w, x) ** 2).mean()

"""
TRAIN = """\
def main():
    key = jax.random.key(0)
    k1, k2 = jax.random.split(key)
    x, n = jax.random.normal(k1, (8, 3)), 3
    w = jnp.zeros((n,))
    for step in range(10):
        w = w - 0.1 * jax.grad(loss)(w, x)
    print(predict(w, x))

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def workspace(monkeypatch, tmp_path):
    """A workspace that may become a file's module; restores the process's state afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(learners, "_folders", [])
    monkeypatch.setattr(builtins, "input", builtins.input)
    monkeypatch.setenv(CWD, str(Path.cwd()))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setitem(sys.modules, MODULE, sys.modules["__main__"])
    learners.wire_file.cache_clear()
    yield Workspace(CompileEvents())
    learners.wire_file.cache_clear()


def found(workspace, tmp_path: Path, code: str, named=None):
    path = str(tmp_path / "file.py")
    Path(path).write_text(code)
    outcome = workspace.run("file/file", "", code, path)
    assert outcome.error is None, outcome.error
    entries = None if named is None else [{"label": call, "call": call} for call in named]
    return calls_of(workspace, path, code, entries)


def labels(workspace, tmp_path, code, named=None):
    entries = found(workspace, tmp_path, HEAD + code, named)
    assert not any("error" in entry for entry in entries), entries
    return [entry["label"] for entry in entries]


def why_none(workspace, tmp_path, code, named=None):
    (entry,) = found(workspace, tmp_path, HEAD + code, named)
    return entry["error"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = jnp.ones(3)\nf = jax.jit(lambda x: x + 1)\ny = f(x)", ["f(x)"]),
        ("@jax.jit\ndef f(x): return x\nf(1.0); f(2.0)", ["f(1.0)", "f(2.0)"]),
        ("@jax.jit\ndef f(x): return x\nprint(f(1.0), f(1.0))", ["f(1.0)"]),
        ("def f(x): return x * 2\nx = jnp.ones(3)\nf(f(x))", ["f(f(x))", "f(x)"]),
        ("def f(x): return x * 2\njax.vmap(jax.grad(f))(jnp.ones(3))", ["jax.vmap(jax.grad(f))(jnp.ones(3))"]),
        ("f = lambda x: x\nwith jax.disable_jit(False):\n  for x in [1.0]:\n    f(x)", ["f(x)"]),
        ("class M:\n  def __call__(self, x): return x\nm = M()\nm(jnp.ones(3))", ["m(jnp.ones(3))"]),
        ("class M:\n  def go(self, x): return x\nM().go(1.0)\nm = M()\nm.go(2.0)", ["M().go(1.0)", "m.go(2.0)"]),
        ("class M:\n  def go(self, x): return x\njax.jit(M().go)(1.0)", ["jax.jit(M().go)(1.0)"]),
        # An argument made for a training function is not an example for tracing.
        ("class C: pass\ndef f(x): return x\ndef train(c): return 0\nf(1.0)\ntrain(C())", ["f(1.0)"]),
        ("from functools import partial\ndef f(n, x): return x * n\njax.jit(partial(f, 3))(jnp.ones(2))",
         ["jax.jit(partial(f, 3))(jnp.ones(2))"]),
        # A script that does everything in a function, and one that exits.
        ("@jax.jit\ndef f(x): return x\ndef main():\n  x = jnp.ones(3)\n  return f(x)\nmain()", ["f(x)"]),
        ("import sys\n@jax.jit\ndef f(x): return x\ndef main():\n  f(jnp.ones(3))\nsys.exit(main())",
         ["f(jnp.ones(3))"]),
        ("f = jax.jit(lambda x, n: x * n, static_argnums=1)\nf(1.0, 2)", ["f(1.0, 2)"]),
        ("def f(x): return x\ng = [f(x) for x in (1.0, 2.0)]\nh = f(3.0)", ["f(3.0)"]),
        ("def f(x): return x\njax.grad(lambda w: f(w).sum())(1.0)", ["jax.grad(lambda w: f(w).sum())(1.0)"]),
        # A file without its own functions shows calls to JAX's.
        ("x = jnp.arange(3.0)\nif True:\n    y = jnp.sin(x)", ["jnp.sin(x)"]),
        # A method of a value from JAX is as harmless as a function of JAX.
        ("def f(x): return x * 2\nf(jnp.arange(4.0).reshape(2, -1) - 1)", ["f(jnp.arange(4.0).reshape(2, -1) - 1)"]),
        # Functions that read or write files are not traced, whoever wrote them.
        ("def save(path, x): pass\ndef f(x): return x\nx = jnp.ones(3)\nsave('w.npz', x)\nf(x)", ["f(x)"]),
    ],
)  # fmt: skip
def test_calls_outside_of_functions_are_found(workspace, tmp_path, code, expected):
    assert labels(workspace, tmp_path, code) == expected


def test_a_call_that_main_makes_is_written_out(workspace, tmp_path):
    entries = found(workspace, tmp_path, HEAD + PREDICT + TRAIN)
    assert [entry["label"] for entry in entries] == ["jax.grad(loss)(w, x)"]
    (entry,) = entries
    x = "jax.random.normal(jax.random.split(jax.random.key(0))[0], (8, 3))"
    assert entry["call"] == f"jax.grad(loss)(jnp.zeros((3,)), {x})"
    jaxpr = lens.jaxpr_of(workspace, lens.Expression(entry["tree"], str(tmp_path / "file.py")))
    assert [str(aval) for aval in jaxpr.in_avals] == ["float32[3]", "float32[8,3]"]


def test_what_main_would_train_is_not_computed_but_named(workspace, tmp_path):
    # `w` in the last line is the result of a loop.
    said = why_none(workspace, tmp_path, PREDICT + TRAIN, ["predict"])
    assert "predict(w, x) in line 17 needs w" in said
    assert "outside of main()" in said


def test_the_learners_functions_are_not_called_to_make_arguments(workspace, tmp_path):
    code = PREDICT + "def init(n):\n    raise AssertionError('called')\n"
    code += "if __name__ == '__main__':\n    w = init(3)\n    predict(w, jnp.ones((8, 3)))\n"
    said = why_none(workspace, tmp_path, code)
    assert "needs w" in said and "--call 'predict(init(3), jnp.ones((8, 3)))'" in said


@pytest.mark.parametrize("call", ["main()", "main(1000)", "main('config.yaml')"])
def test_nothing_of_main_is_run_to_find_its_calls(workspace, tmp_path, call):
    code = PREDICT + f"def main(*_):\n    raise AssertionError('called')\nif __name__ == '__main__':\n    {call}\n"
    assert "it defines predict, loss, main" in why_none(workspace, tmp_path, code)


def test_the_calls_of_a_function_are_found_by_its_name(workspace, tmp_path):
    code = PREDICT + "w, x = jnp.zeros(3), jnp.ones((8, 3))\nloss(w, x); predict(w, x)\njax.grad(loss)(w, x)\n"
    assert labels(workspace, tmp_path, code, ["loss"]) == ["loss(w, x)", "jax.grad(loss)(w, x)"]
    assert labels(workspace, tmp_path, code, ["predict", "loss(w, x[:1])"]) == ["predict(w, x)", "loss(w, x[:1])"]


def test_the_calls_of_a_method_are_found_by_its_name(workspace, tmp_path):
    code = "class M:\n    @jax.jit\n    def go(self, x): return x\njax.tree_util.register_static(M)\n"
    code += "m, f = M(), jax.jit(lambda x: x)\nf(1.0); m.go(2.0); M().go(3.0)\n"
    assert labels(workspace, tmp_path, code, ["M.go"]) == ["m.go(2.0)", "M().go(3.0)"]


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("def f(x, y=2): return x", "f", "name a call with arguments, as in --call 'f(x)'"),
        ("w = jnp.ones(3)\ndef f(w, *, k=1): return w", "f", "name a call, as in --call 'f(w)'"),
        ("def f(a, *, k): return a", "f", "--call 'f(a, k=k)'"),
        ("def f(): return jnp.ones(3)", "f", "--call 'f()'"),
        ("def forward(x): return x", "foward", "it is not defined in file.py: did you mean forward?"),
        ("x = 3", "x", "it cannot be called in file.py"),
        (JAXTYPED + "def f(x: F): return x", "f", "--call 'f(jnp.zeros((8, 3)))'"),
    ],
)  # fmt: skip
def test_a_function_that_is_not_called_says_how_it_could_be(workspace, tmp_path, code, name, words):
    assert words in why_none(workspace, tmp_path, code, [name])


def test_a_file_without_calls_lists_its_functions(workspace, tmp_path):
    said = why_none(workspace, tmp_path, PREDICT)
    assert "it defines predict, loss" in said and "--call 'predict(w, x)'" in said
    assert "defines no functions" in why_none(workspace, tmp_path, "x = 1")


def test_no_more_calls_than_one_looks_at(workspace, tmp_path):
    code = "@jax.jit\ndef f(x): return x\n" + "".join(f"f({number}.0)\n" for number in range(30))
    assert labels(workspace, tmp_path, code) == [f"f({number}.0)" for number in range(CAP)]


def test_a_call_stands_where_the_file_has_it(workspace, tmp_path):
    entries = found(workspace, tmp_path, HEAD + "f = jax.jit(lambda x: x)\nprint(f(1.0), f(2.0))\n")
    path = str(tmp_path / "file.py")
    spans = [lens.Expression(entry["tree"], path).span for entry in entries]
    assert spans == [(path, 4, 7, 4, 13, ""), (path, 4, 15, 4, 21, "")]


def test_an_expression_may_name_what_the_file_does_not_import(workspace, tmp_path):
    found(workspace, tmp_path, "def f(x):\n    return x + 1\n", [])
    value, error = attempt(workspace.evaluate, "[f(each) for each in (jnp.ones(2), np.ones(2), jax.numpy.ones(2))]")
    assert error is None and len(value) == 3
    assert "jnp" not in workspace.namespace
    workspace.namespace["np"] = "the file's own"
    assert workspace.evaluate("np") == "the file's own"


def test_an_argument_that_was_donated_is_still_one(workspace, tmp_path):
    code = "f = jax.jit(lambda x: x + 1, donate_argnums=0)\nx = jnp.ones(3)\ny = f(x)\n"
    (entry,) = found(workspace, tmp_path, HEAD + code)
    assert lens.jaxpr_of(workspace, entry["call"]).jaxpr.eqns
