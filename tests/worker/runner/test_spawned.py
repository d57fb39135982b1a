"""Processes started by a step find its functions and classes, with every start method."""

from pathlib import Path

import pytest
from runner_client import RunnerClient

DEFINED = """
from __future__ import annotations
import math
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor
import jax.numpy as jnp
print("once")
FACTOR = 3
twice = lambda x: 2 * x
weights = jnp.ones(2)
class Point:
    def __init__(self, x: Unknown): self.x = x
def scaled(x):
    return FACTOR * math.floor(x)
def mirrored(point):
    return Point(twice(-point.x))
def needs(x):
    return weights + x
"""


@pytest.fixture
def runner():
    client = RunnerClient()
    client.until("state", state="ready")
    yield client
    client.close()


@pytest.mark.parametrize("method", ("spawn", "forkserver"))
def test_a_pool_calls_functions_of_this_step_and_of_an_earlier_one(runner, method):
    assert runner.run(DEFINED, name="l/first").stdout == "once\n"
    own = "def more(x): return scaled(x) + 1\n"
    ran = runner.run(f"{own}with mp.get_context({method!r}).Pool(2) as pool: print(pool.map(more, [1, 2.5]))")
    assert ran.stdout == "[4, 7]\n"
    assert ran.one("done")["status"] == "ok"


def test_values_of_a_class_of_the_steps_go_there_and_come_back(runner):
    runner.run(DEFINED, name="l/first")
    start = "with ProcessPoolExecutor(1, mp_context=mp.get_context('spawn')) as pool:"
    ran = runner.run(
        f"{start} found = list(pool.map(mirrored, [Point(1), Point(2)]))\n[type(p) is Point for p in found]"
    )
    assert ran.text == "[True, True]"
    assert runner.run("[p.x for p in found]").text == "[-2, -4]"


def test_what_a_child_cannot_have_is_named_by_python(runner):
    runner.run(DEFINED, name="l/first")
    start = "with ProcessPoolExecutor(1, mp_context=mp.get_context('spawn')) as pool:"
    ran = runner.run(f"{start} pool.submit(needs, 1.0).result()")
    assert ran.one("error")["type"] == "NameError" and "weights" in ran.one("error")["message"]


def test_a_files_functions_are_found_and_it_is_not_entered_again(runner, tmp_path):
    code = DEFINED + "if __name__ == '__main__': print('never')\n"
    path = tmp_path / "own.py"
    path.write_text(code)
    use = "with mp.get_context('spawn').Pool(1) as pool: print(pool.map(scaled, [2]))\n"
    # As in plain Python, children must not run the code that starts children.
    code += f"if not __name__.startswith('__mp'):\n    {use}"
    path.write_text(code)
    runner.send(verb="run", run=99, cell={"name": str(path), "code": code, "traces": [], "path": str(path)})
    ran = runner.finish(99)
    assert ran.one("done")["status"] == "ok", ran.events
    assert "[6]\n" in ran.stdout and "never" not in ran.stdout


def test_nothing_is_left_where_the_learner_is(runner, tmp_path, monkeypatch):
    runner.run(DEFINED + f"import os; os.chdir({str(tmp_path)!r})", name="l/first")
    runner.run("with mp.get_context('spawn').Pool(1) as pool: pool.map(scaled, [1])")
    assert list(Path(tmp_path).iterdir()) == []
