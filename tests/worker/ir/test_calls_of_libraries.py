"""Equations have the frames of the libraries that they come from."""

import importlib.util
import sys

import jax
import jax.numpy as jnp
import pytest

from jaxtour.worker.ir import lens, origins
from jaxtour.worker.ir.spans import learner_folder
from jaxtour.worker.runner import learners

LIBRARY = """\
import jax
import jax.numpy as jnp


def norm(x):
    return jnp.sqrt(jnp.sum(x * x))


def iterate(function, x, steps):
    def body(carry, _):
        return function(carry) / norm(carry), None

    return jax.lax.scan(body, x, length=steps)[0]
"""
OWN = """\
import jax
import jax.numpy as jnp
from solverlib.core import iterate, norm


def pull(x):
    return jnp.sin(x)


@jax.jit
def run(x):
    y = iterate(pull, x, 3)
    return y * norm(x)


def plain(x):
    return jax.nn.softmax(x) + jnp.sin(x)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    package = tmp_path / "venv" / "site-packages" / "solverlib"
    package.mkdir(parents=True)
    (package / "core.py").write_text(LIBRARY)
    (package / "__init__.py").write_text("")
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(learners, "_folders", [])
    learner_folder(str(tmp_path))
    spec = importlib.util.spec_from_file_location("own", tmp_path / "own.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in ("solverlib", "solverlib.core"):
        sys.modules.pop(name, None)
    learners.wire_file.cache_clear()


def calls(function, *args, around=None):
    """Return the frames of each equation by its primitive, outermost first: file, line, function, whether a library."""
    (part,) = lens.shown(jax.make_jaxpr(function)(*args), around).pieces({})
    words, rows = part["words"].split("\n"), [row.split() for row in part["frames"].split("\n")]
    found = {}
    for line, place in enumerate(part["calls"]):
        if not part["equations"].split("\n")[line]:
            continue
        path = []
        while place:
            inside, file, number, name, *library = rows[place - 1]
            path.insert(0, (words[int(file)].rpartition("/")[2], int(number), words[int(name)], bool(library)))
            place = int(inside)
        found.setdefault(part["origins"][part["lines"][line]]["name"], []).append(path)
    return found


def test_an_equation_knows_the_calls_from_the_users_line_to_it(own):
    found = calls(own.run, jnp.ones(3))
    run = ("own.py", 12, "run", False)
    iterate = ("core.py", 13, "iterate", True)
    assert found["scan"] == [[run, iterate]]
    body = ("core.py", 11, "iterate.<locals>.body", True)
    assert found["sin"] == [[run, iterate, body, ("own.py", 7, "pull", False)]], "back in the user's own function"
    assert found["sqrt"] == [
        [run, iterate, body, ("core.py", 6, "norm", True)],
        [("own.py", 13, "run", False), ("core.py", 6, "norm", True)],
    ]


def test_the_call_around_is_the_outermost(own, tmp_path):
    around = (str(tmp_path / "own.py"), 20, 1, 20, 9, "")
    found = calls(own.run, jnp.ones(3), around=around)
    assert found["scan"][0][:2] == [("own.py", 20, "<module>", False), ("own.py", 12, "run", False)]


def test_inside_jax_only_what_is_built_of_others_counts(own):
    found = calls(own.plain, jnp.ones(3))
    assert [path[1:] for path in found["sin"]] == [[]], "an operation of jax.numpy is no call of a library"
    assert found["exp"][0][0] == ("own.py", 17, "plain", False)
    assert found["exp"][0][-1][0] == "functions.py" and found["exp"][0][-1][3]


def test_a_tree_of_too_many_calls_is_cut(own, monkeypatch):
    monkeypatch.setattr(origins, "MOST_CALLS", 2)
    found = calls(own.run, jnp.ones(3))
    assert found["sin"] == [[("own.py", 12, "run", False), ("core.py", 13, "iterate", True)]]
