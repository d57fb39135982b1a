import sys

import jax
import jax.numpy as jnp
import pytest
from jaxprs import HEAD, executed, registered, seen

from jaxtour.worker import compat
from jaxtour.worker.ir.spans import SpanFinder, learner_folder, span
from jaxtour.worker.runner import learners


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(learners, "_folders", [])
    learners.wire_file.cache_clear()
    learner_folder(str(tmp_path))
    yield tmp_path
    learners.wire_file.cache_clear()


PIECES = """\
def helper(z):
    return jnp.tanh(z) * 2.0

def f(x):
    a, b = helper(x), helper(x + 1); s = '日本'; c = jnp.sin(a) if s else b
    parts = [jnp.exp(part) for part in (b, c)]
    g = lambda y: jnp.cos(y) + y.sum()
    return (parts[0].var()
            + g(parts[1]))

def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) / 3
    return wrapper

@logged
@jax.jit
def decorated(x):
    return jnp.log(x)
"""


def test_expressions_are_exact():
    found = seen(PIECES, "f(jnp.ones(3))")
    assert found.sources("tanh") == ["jnp.tanh(z)"] * 2
    assert found.sources("sin") == ["jnp.sin(a)"]
    assert found.sources("exp") == ["jnp.exp(part)"]
    assert found.sources("cos") == ["jnp.cos(y)"]
    assert "y.sum()" in found.sources("reduce_sum")
    assert "parts[0].var()\n            + g(parts[1])" in found.sources("add")


def test_two_calls_on_one_line_are_told_apart_by_their_callers():
    found = seen(PIECES, "f(jnp.ones(3))")
    callers = [[found.says(span) for span in origin["callers"]] for origin in found.origins("tanh")]
    assert callers == [["helper(x)"], ["helper(x + 1)"]]


def test_what_a_library_function_computes_belongs_to_the_call_of_it():
    found = seen(PIECES, "f(jnp.ones(3))")
    assert set(found.sources("square")) == {"parts[0].var()"}
    assert {"parts[0].var()"} == set(found.sources("div"))


def test_functions_are_told(monkeypatch):
    found = seen(PIECES, "f(jnp.ones(3))")
    functions = {name: found.origins(name)[0]["spans"][0][5] for name in ("tanh", "sin", "cos")}
    assert functions == {"tanh": "helper", "sin": "f", "cos": "f.<locals>.<lambda>"}


def test_decorated_functions_lead_through_their_wrapper():
    found = seen(PIECES, "decorated(jnp.ones(3))")
    assert found.sources("log") == ["jnp.log(x)"]
    assert found.sources("div") == ["function(*args) / 3"]
    (log,) = found.origins("log")
    assert found.says(log["callers"][0]) == "function(*args)"


def test_columns_of_bytes_become_characters():
    registered("é = '日本'; f(x)\n")
    assert span("<jaxtour:a/b>", 1, 14, 1, 18) == ("a/b", 1, 10, 1, 14, "")


def test_an_end_that_is_not_known_is_that_of_the_line():
    registered("y = f(x)  \n")
    assert span("<jaxtour:a/b>", 1, 4, 1, 4, "<module>") == ("a/b", 1, 5, 1, 9, "")
    assert span("/usr/lib/python3/abc.py", 1, 4, 1, 8) is None


def test_without_frames_the_places_that_jax_tells_are_taken(monkeypatch):
    whole = HEAD + "def f(x):\n    return jnp.sin(x) + 1\n"
    jaxpr = jax.make_jaxpr(executed(whole)["f"])(1.0)
    monkeypatch.setattr(compat, "raw_frames", lambda *_, **__: None)
    own, *callers = SpanFinder().of(jaxpr.eqns[0].source_info)
    assert own == ("a/b", 3, 12, 3, 26, "f")
    assert callers == []


def test_an_equation_of_no_code_of_the_learners_has_no_span():
    jaxpr = jax.make_jaxpr(jnp.sin)(1.0)
    assert SpanFinder().of(jaxpr.eqns[0].source_info) == ()


def test_files_under_a_registered_folder_are_the_learners(folder, monkeypatch):
    (folder / "own_layers.py").write_text("import jax.numpy as jnp\ndef scaled(x):\n    return jnp.sin(x) * 2\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "own_layers", raising=False)
    import own_layers

    main = folder / "model.py"
    main.write_text("import own_layers\ndef f(x):\n    return own_layers.scaled(x)\n")
    space = {}
    exec(compile(main.read_text(), str(main), "exec"), space)
    jaxpr = jax.make_jaxpr(space["f"])(1.0)
    own, *callers = SpanFinder().of(jaxpr.eqns[0].source_info)
    assert own == (str(folder / "own_layers.py"), 3, 12, 3, 22, "scaled")
    assert callers == [(str(main), 3, 12, 3, 32, "f")]
    assert own_layers.__file__


@pytest.mark.parametrize("inside", ["site-packages", "env/lib/python3/x", "lib/dist-packages"])
def test_installed_packages_in_the_folder_are_not(folder, inside):
    (folder / inside).mkdir(parents=True)
    (folder / "env").mkdir(exist_ok=True)
    (folder / "env" / "pyvenv.cfg").touch()
    assert learners.wire_file(str(folder / inside / "module.py")) is None
    assert learners.wire_file(str(folder / "module.py")) == str(folder / "module.py")


def test_equal_functions_of_different_files_are_not_mixed_up():
    source = HEAD + "def f(x):\n    return jnp.sin(x)\n"
    frames = SpanFinder()
    files = []
    for name in ("a/one", "a/two"):
        jaxpr = jax.make_jaxpr(executed(source, f"<jaxtour:{name}>")["f"])(1.0)
        files.append(frames.of(jaxpr.eqns[0].source_info)[0][0])
    assert files == ["a/one", "a/two"]
