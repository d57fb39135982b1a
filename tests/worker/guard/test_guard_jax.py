"""Guard and runner together, with jax: failures that the small runner cannot show."""

import os
import signal

import msgspec
import pytest
from guard_client import GUARD, Guard, alive

from jaxtour.engine.messages import Event

ENDLESS = "import jax\nprint('started')\njax.lax.while_loop(lambda x: x >= 0, lambda x: x * 0, 1.0)"
COMPILE = """
import jax, jax.numpy as jnp
def f(x):
    for i in range(1500):
        x = jnp.sin(x) @ jnp.cos(x + i)
    return x
lowered = jax.jit(f).lower(jnp.ones((8, 8)))
print("started")
lowered.compile()
"""


@pytest.fixture(scope="module")
def guard():
    guard = Guard(runner=GUARD.parent / "start_runner.py").open()
    guard.ready()
    yield guard
    guard.close()


@pytest.fixture(autouse=True)
def fresh(guard):
    """Start each test with an untouched runner."""
    guard.send("restart")
    guard.until(event="state", state="restarting")
    guard.ready()
    guard.run("import jax.numpy as jnp", fresh=True)


def test_every_event_is_what_the_engine_expects(guard):
    report = guard.run("print('é')\n1 / 0")
    report.events += guard.run("jnp.arange(3) + 1").events
    for event in report.events:
        msgspec.json.decode(msgspec.json.encode(event), type=Event)
    assert report.text() == "é\n"
    assert [event["type"] for event in report.named("error")] == ["ZeroDivisionError"]
    assert report.result == "[1 2 3]"


def test_a_python_loop_is_interrupted_and_the_runner_replaced(guard):
    run = guard.ask("print('started')\nwhile True: pass")
    guard.started(run)
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    assert (done["status"], done["seconds"] < 2) == ("interrupted", True)
    assert next(e["state"] for e in guard.ready() if e["event"] == "state") == "restarting"
    assert guard.run("jnp", fresh=True).done["status"] == "error"


def test_an_endless_loop_on_the_device_is_killed(guard):
    run = guard.ask(ENDLESS)
    guard.started(run)
    guard.send("interrupt")
    guard.until(event="state", state="interrupting")
    guard.send("interrupt")
    assert guard.until(event="done", run=run)[-1]["status"] == "interrupted"
    assert guard.run("import jax.numpy as jnp\njnp.ones(2) + 1", fresh=True).result == "[2. 2.]"


def test_after_a_compile_was_interrupted_nothing_of_it_goes_on(guard):
    pid = int(guard.run("import os\nos.getpid()").result)
    run = guard.ask(COMPILE)
    guard.started(run)
    guard.send("interrupt")
    assert guard.until(event="done", run=run)[-1]["status"] == "interrupted"
    guard.ready()
    assert not alive(pid)


def test_a_segfault_is_named_and_its_place_told(guard):
    report = guard.run("import ctypes\nctypes.string_at(0)")
    assert report.done["reason"] == "killed by SIGSEGV"
    assert "Segmentation fault" in report.text("stderr")
    assert "jaxtour:a/b" in report.text("stderr")


def test_a_runner_that_is_killed_while_idle_comes_back(guard):
    os.kill(int(guard.run("import os\nos.getpid()").result), signal.SIGKILL)
    assert guard.until(event="died")[-1]["signal"] == "SIGKILL"
    assert guard.run("1 + 1", fresh=True).result == "2"


def test_a_spare_takes_over_with_devices_of_its_own(guard):
    runner = int(guard.run("import os\nos.getpid()").result)
    guard.wait(lambda: len(guard.descendants()) == 2)
    (spare,) = guard.descendants() - {runner}
    report = guard.run("import os, jax\nos.getpid(), len(jax.devices())", fresh=True)
    assert report.result == f"({spare}, 1)"
