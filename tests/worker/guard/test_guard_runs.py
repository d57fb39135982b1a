"""Runs and runners wait, replace each other or are rejected, and the states meanwhile are right."""

import os
import platform
import signal
import time
from pathlib import Path

import pytest
from guard_client import alive, descendants, limit_met, stat

from jaxtour.worker.guard.refusal import refusal
from jaxtour.worker.guard.runs import Restarts


@pytest.fixture
def guard(guards):
    guard = guards()
    guard.ready()
    return guard


def states(events):
    return [event["state"] for event in events if event["event"] == "state"]


def spare(guard):
    """Wait for the spare; returns the runner's pid and the spare's."""
    runner = int(guard.run("import os\nos.getpid()").result)
    guard.wait(lambda: len(guard.descendants()) == 2)
    (other,) = guard.descendants() - {runner}
    return runner, other


def held(pid):
    """Return whether a runner waits to be chosen."""
    return b"--hold" in Path(f"/proc/{pid}/cmdline").read_bytes()


# Code that does not compile


@pytest.mark.parametrize("fresh", [False, True])
def test_code_that_does_not_compile_is_refused_with_its_place_and_costs_nothing(guards, fresh):
    guard = guards()
    [python] = [event["python"] for event in guard.ready() if event["event"] == "facts"]
    assert python == platform.python_version()
    pid = guard.run("import os\nstarted = os.getpid()\nstarted").result
    *events, end = guard.until(event="done", run=guard.ask("y = 2\nx = = 3", fresh=fresh, replay=["import time"]))
    assert (end["status"], end["refused"], end["dirty"]) == ("error", True, False)
    error, executed = (event for event in events if event["event"] in ("error", "executed"))
    assert (error["type"], error["line"], error["column"], error["bases"][1]) == ("SyntaxError", 2, 5, "Exception")
    assert error["frames"] == [
        {"file": "a/b", "setup": False, "line": 2, "column": 5, "end_column": 6, "function": "", "text": "x = = 3"}
    ]
    assert executed["status"] == "error"
    assert states(events) in ([], ["ready"]), "no worker was replaced"
    assert guard.run("started").result == pid


def test_code_for_another_python_and_long_code_are_left_to_the_runner():
    command = {"run": 1, "cell": {"name": "a/b", "code": "x = = 3"}, "checks": [{}]}
    same = platform.python_version()
    assert [event["event"] for event in refusal(command, same)] == ["error", "executed", "checked"]
    others = (
        {"path": "/a.py"}, {"notebook": {"number": 1}}, {"code": "x = 3"}, {"code": "x = = 3" + " " * 200_000},
        {"code": "\0"},
    )  # fmt: skip
    for other in others:
        assert refusal({**command, "cell": {**command["cell"], **other}}, same) == []
    assert refusal(command, "") == refusal(command, "2.7.18") == refusal({**command, "keep": True}, same) == []
    assert refusal({"run": 1, "replay": []}, same) == []


def test_open_replaces_runner_and_spare(guard):
    before = set(spare(guard))
    guard.send("open", devices=2)
    guard.until(event="state", state="restarting")
    assert states(guard.ready()) == ["importing jax", "opening devices", "ready"]
    assert guard.run("import os\nos.environ['JAX_NUM_CPU_DEVICES']").result == "'2'"
    assert not any(alive(pid) for pid in before)


# The rule of state


def test_state_is_kept_without_fresh_and_gone_with_it(guard):
    guard.run("x = 5")
    assert guard.run("x").result == "5"
    assert guard.run("'x' in globals()", fresh=True).result == "False"


def test_replay_comes_first(guard):
    assert guard.run("x + 1", fresh=True, replay=["x = 1", "x = x + 5"]).result == "7"


def test_an_untouched_runner_is_fresh(guard):
    pid = guard.run("import os\nos.getpid()", fresh=True).result
    guard.send("restart")
    guard.until(event="state", state="restarting")
    guard.ready()
    new = guard.run("import os\nos.getpid()", fresh=True).result
    assert new != pid
    assert guard.run("os.getpid()").result == new


@pytest.mark.parametrize("how", ["restart", "death", "interrupt", "timeout"])
@pytest.mark.row("a step on a state that was lost")
def test_a_run_that_counts_on_lost_state_is_refused(guard, how):
    guard.run("x = 5")
    if how == "restart":
        guard.send("restart")
    elif how == "death":
        guard.run("import os\nos._exit(0)")
    elif how == "timeout":
        guard.run("while True: pass", timeout_s=0.05)
    else:
        guard.started(guard.ask("print('started')\nwhile True: pass"))
        guard.send("interrupt")
        guard.until(event="done")
    report = guard.run("x")
    assert report.done["status"] == "died"
    assert "run it again" in report.done["reason"]
    assert guard.run("x", fresh=True, replay=["x = 5"]).result == "5"


@pytest.mark.parametrize("code", ["print('started')\nwhile True: pass", None])
def test_a_run_replaces_the_one_that_runs(guard, code):
    endless = "print('started')\nwhile True: pass"
    first = guard.ask(code, replay=[] if code else [endless])
    guard.started(first)
    second = guard.ask("1 + 1", fresh=True)
    events = guard.until(event="done", run=second)
    assert [event["status"] for event in events if event["event"] == "done"] == ["interrupted", "ok"]
    assert "died" not in {event["event"] for event in events}


def test_restart_ends_the_run(guard):
    run = guard.ask("print('started')\nwhile True: pass")
    guard.started(run)
    guard.send("restart")
    assert guard.until(event="done", run=run)[-1]["status"] == "interrupted"
    guard.ready()


def test_code_that_outlives_its_interrupt_has_spent_the_runner(guard):
    program = "try:\n    print('started')\n    while True: pass\nexcept KeyboardInterrupt:\n    print('caught')"
    run = guard.ask(program)
    guard.started(run)
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    assert (done["status"], done["dirty"]) == ("ok", True)
    assert states(guard.ready())[0] == "restarting"


@pytest.mark.row("an idle worker is killed")
def test_an_idle_runner_dies_and_comes_back(guard):
    pid = int(guard.run("import os\nos.getpid()").result)
    os.kill(pid, signal.SIGKILL)
    died = guard.until(event="died")[-1]
    assert (died["code"], died["signal"]) == (-9, "SIGKILL")
    guard.ready()
    assert guard.run("1 + 1", fresh=True).result == "2"


@pytest.mark.row("six steps that kill the worker")
def test_steps_that_kill_the_runner_never_use_up_its_restarts(guard):
    for _ in range(6):
        assert guard.run("import os\nos._exit(1)", fresh=True).done["status"] == "died"
    assert guard.run("1 + 1", fresh=True).result == "2"


def test_what_nobody_waits_for_does(guard):
    replay = [{"name": "lesson/step", "setup": "", "code": "import os\nos._exit(1)", "traces": []}]
    for number in range(100, 104):
        guard.send("run", run=number, cell=None, replay=replay, fresh=True)
        guard.until(event="done", run=number)
    detail = guard.until(event="state", state="dead")[-1]["detail"]
    assert "keeps ending (exit 1)" in detail


@pytest.mark.row("a program that is no Python")
def test_a_program_that_is_no_runner_is_told_at_once(guards):
    guard = guards(opening=False)
    guard.send("open", python="/bin/false")
    events = guard.until(event="state", state="dead")
    assert "/bin/false does not run the worker (exit 1): choose a Python" in events[-1]["detail"]
    assert not [event for event in events if event["event"] == "died"]


def test_the_last_lines_of_a_dead_runner_are_told(guard):
    guard.run("import sys, os\nprint('famous last words', file=sys.stderr)")
    guard.ask("os._exit(1)")
    assert "famous last words" in guard.until(event="died")[-1]["stderr"]


# Interrupts


def test_an_interrupt_while_idle_does_nothing(guard):
    pid = guard.run("import os\nos.getpid()").result
    for _ in range(50):
        guard.send("interrupt")
    guard.ping()
    assert guard.run("os.getpid()").result == pid


@pytest.mark.row("interrupts at any moment of 200 steps")
def test_interrupts_at_any_moment(guard):
    for number in range(200):
        run = guard.ask("for i in range(1000): pass", fresh=True)
        for _ in range(number % 4):
            guard.send("interrupt")
        assert guard.until(event="done", run=run)[-1]["status"] in ("ok", "interrupted")
    assert guard.run("1 + 1", fresh=True).result == "2"


def test_a_time_limit_ends_with_its_run(guard):
    limit_s = limit_met(lambda limit_s: guard.run("1 + 1", fresh=True, timeout_s=limit_s).done)
    assert guard.run(f"import time\ntime.sleep({limit_s} + 0.1)\n7").result == "7"


def test_a_runner_that_dies_of_an_interrupt_was_interrupted(guard):
    deadly = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nprint('started')\nwhile True: pass"
    run = guard.ask(deadly)
    guard.started(run)
    guard.send("interrupt")
    *before, done = guard.until(event="done", run=run)
    assert done["status"] == "interrupted" and "died" not in [event["event"] for event in before]
    assert guard.run("1 + 1", fresh=True).result == "2"


# The spare


def test_a_spare_takes_over(guard):
    runner, other = spare(guard)
    report = guard.run("import os\nos.getpid()", fresh=True)
    assert int(report.result) == other
    assert not alive(runner)
    facts = [event for event in report.events if event["event"] == "facts"]
    assert facts[0]["flags"] == {"held": "True"}


def test_a_spare_takes_over_from_a_runner_that_is_interrupted_in_its_first_run(guard):
    guard.wait(lambda: any(map(held, guard.descendants())))
    (other,) = filter(held, guard.descendants())
    run = guard.ask("print('started')\nwhile True: pass")
    guard.started(run)
    guard.send("interrupt")
    guard.until(event="done", run=run)
    assert int(guard.run("import os\nos.getpid()", fresh=True).result) == other


def test_a_spare_starts_while_a_run_may_still_stop(guards):
    guard = guards()
    stubborn = "while True:\n    try: time.sleep(9)\n    except BaseException: pass"
    run = guard.ask(f"import time\nprint('started')\n{stubborn}")
    guard.started(run)
    # On a slow machine, a spare may be there already.
    (runner,) = (pid for pid in guard.descendants() if not held(pid))
    guard.send("interrupt")
    others = set()
    guard.wait(lambda: others.update(guard.descendants() - {runner}) or others)
    guard.until(event="done", run=run)
    assert int(guard.run("import os\nos.getpid()", fresh=True).result) in others


def test_the_spare_rests_while_something_runs(guard):
    _, other = spare(guard)
    run = guard.ask("print('started')\nwhile True: pass")
    guard.started(run)
    guard.wait(lambda: stat(other)[0] == "T")
    guard.send("interrupt")
    guard.until(event="done", run=run)
    guard.ready()
    assert int(guard.run("import os\nos.getpid()", fresh=True).result) == other


def test_the_spare_wakes_when_the_run_is_done(guard):
    _, other = spare(guard)
    guard.run("1 + 1")
    guard.wait(lambda: stat(other)[0] == "S")


@pytest.mark.row("the spare is killed")
def test_a_spare_that_dies_is_not_missed(guard):
    _, other = spare(guard)
    os.kill(other, signal.SIGKILL)
    assert "spare" in guard.until(event="log")[-1]["text"]
    assert guard.run("1 + 1").result == "2"
    assert guard.run("1 + 1", fresh=True).result == "2"


def test_the_old_tree_is_gone_before_the_next_runner_opens_devices(guard):
    program = "import subprocess\nsubprocess.Popen(['sleep', '30'], start_new_session=True).pid"
    sleeper = int(guard.run(program).result)
    assert sleeper in descendants(guard.pid)
    run = guard.ask("1 + 1", fresh=True)
    guard.until(event="state", state="opening devices")
    assert not alive(sleeper)
    guard.until(event="done", run=run)


# Restart limits


def test_restarts_are_counted_within_a_window(monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    restarts = Restarts(limit=2, window_s=10)
    assert [restarts.another() for _ in range(3)] == [True, True, False]
    now += 11
    assert restarts.another()
    restarts.forget()
    assert [restarts.another() for _ in range(3)] == [True, True, False]
