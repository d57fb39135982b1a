"""A guard starts a runner, with the right states, or reports a failure; what is asked for meanwhile waits."""

import pytest
from guard_client import DEADLINE_S, FAULTY


def states(events):
    return [event["state"] for event in events if event["event"] == "state"]


def test_the_states_of_a_start_and_a_run(guards):
    guard = guards()
    assert states(guard.ready()) == ["spawning", "importing jax", "opening devices", "ready"]
    run = guard.ask("1 + 1")
    assert states(guard.until(event="done", run=run)) == ["running"]
    assert states(guard.ready()) == ["ready"]


def test_a_run_may_be_asked_for_while_the_runner_starts(guards):
    guard = guards()
    assert guard.run("1 + 1").result == "2"


def test_the_last_of_the_waiting_runs_wins(guards, tmp_path):
    guard = guards(f"slow_start:{tmp_path / 'go'}")
    first, second = guard.ask("1"), guard.ask("2", fresh=True)
    assert guard.until(event="done")[-1]["run"] == first
    (tmp_path / "go").touch()
    events = guard.until(event="done", run=second)
    assert events[-1]["status"] == "ok"


@pytest.mark.row("a start without end")
def test_a_start_can_be_cancelled(guards):
    guard = guards("no_ready")
    run = guard.ask("1 + 1")
    guard.until(event="state", state="opening devices")
    guard.send("interrupt")
    done = guard.until(event="done")[-1]
    assert (done["run"], done["status"], done["dirty"]) == (run, "interrupted", False)
    assert guard.ping() < DEADLINE_S


def test_without_an_open_there_is_no_worker(guards):
    report = guards(opening=False).run("1 + 1")
    assert report.done["status"] == "died"
    assert "no worker" in report.done["reason"]


@pytest.mark.parametrize("fault", ["exit_on_start", "crash_on_start", "bad_hello"])
@pytest.mark.row("a worker that dies again and again")
def test_after_three_restarts_it_gives_up_until_told_otherwise(guards, fault):
    guard = guards(fault)
    run = guard.ask("1 + 1")
    events = guard.until(event="state", state="dead")
    assert sum(event["event"] == "died" for event in events) == 4
    assert "restart" in events[-1]["detail"]
    assert [event["status"] for event in events if event.get("run") == run] == ["died"]
    assert guard.run("1 + 1", fresh=True).done["reason"] == events[-1]["detail"]
    guard.wait(lambda: not guard.descendants())
    guard.send("restart")
    assert "dead" in states(guard.until(event="state", state="dead"))


@pytest.mark.row("a worker that exits at its start")
def test_the_reason_of_a_failed_start_is_told(guards):
    detail = guards("exit_on_start").until(event="state", state="dead")[-1]["detail"]
    assert "exit 3: ImportError: no such thing" in detail


def test_a_worker_that_fails_once_is_started_again(guards, tmp_path):
    guard = guards(f"crash_once:{tmp_path / 'crashed'}")
    events = guard.ready()
    assert [event["signal"] for event in events if event["event"] == "died"] == ["SIGABRT"]
    assert guard.run("1 + 1").result == "2"


@pytest.mark.row("a Python without jax")
def test_no_jax_is_no_crash(guards):
    guard = guards("no_jax")
    events = guard.until(event="state", state="dead")
    assert events[-1]["detail"] == "there is no jax: pip install jax"
    assert not [event for event in events if event["event"] == "died"]
    guard.wait(lambda: not guard.descendants())


@pytest.mark.parametrize(
    ("named", "says"),
    [("/does/not/exist", "No such file"), (str(FAULTY), "Permission denied"), ("/", "Permission denied")],
)
@pytest.mark.row("a Python that cannot be run")
def test_a_python_that_cannot_be_run_is_named(guards, named, says):
    guard = guards(opening=False)
    fds = guard.fds()
    guard.send("open", python=named)
    detail = guard.until(event="state", state="dead")[-1]["detail"]
    assert named in detail
    assert says in detail
    guard.wait(lambda: guard.fds() == fds)


@pytest.mark.row("a Python that is too old")
def test_a_python_that_is_too_old_is_named(guards, tmp_path):
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho 'Unknown option: -P' >&2\nexit 2\n")
    old.chmod(0o755)
    guard = guards(opening=False)
    guard.send("open", python=str(old))
    assert "3.11" in guard.until(event="state", state="dead")[-1]["detail"]


@pytest.mark.row("another platform than asked for")
def test_another_platform_than_asked_for_is_not_taken(guards):
    guard = guards("platforms:cpu/gpu", opening=False)
    guard.send("open", platform="gpu")
    assert guard.until(event="state", state="dead")[-1]["detail"] == "jax found no gpu, only cpu, gpu"


def test_what_open_says_reaches_the_runner(guards):
    guard = guards(opening=False)
    guard.send("open", platform="cpu", devices=8, device=3)
    guard.ready()
    names = ("JAX_PLATFORMS", "JAX_NUM_CPU_DEVICES", "JAXTOUR_DEVICE", "TERM", "PYTHONBREAKPOINT")
    assert guard.run(f"import os\n[os.environ[name] for name in {names}]").result == str(["cpu", "8", "3", "dumb", "0"])
    assert guard.run("os.environ['XLA_PYTHON_CLIENT_PREALLOCATE']").result == "'false'"


@pytest.mark.parametrize("wrong", [{"device": -1}, {"device": "0"}, {"device": 1.5}])
def test_a_device_that_is_no_number_is_refused(guards, wrong):
    guard = guards(opening=False)
    guard.send("open", **wrong)
    assert guard.process.wait(DEADLINE_S) == 1
