"""Guard and runner meet failures together, with jax, that the small runner cannot show."""

import os
import signal

import msgspec
import pytest
from guard_client import GUARD, Guard

from jaxtour.engine.wire.messages import Event


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
    assert (done["status"], done["reason"]) == ("interrupted", "interrupted"), "it was not killed"
    assert next(e["state"] for e in guard.ready() if e["event"] == "state") == "restarting"
    assert guard.run("jnp", fresh=True).done["status"] == "error"


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
