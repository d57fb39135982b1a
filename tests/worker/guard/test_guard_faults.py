"""Programs forge frames, or do not stop; `tests/faults` has the rest, with the real runner."""

import time

import pytest
from guard_client import Guard, limit_met

pytestmark = pytest.mark.alone

DIED, OK = "died", "ok"

IGNORES = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(300)"
HOLDS = "import collections, itertools as i\ncollections.deque(i.chain(map(print, ['started']), i.repeat(0)), maxlen=0)"

FAULTS = {
    # name: (program, status, part of its reason or error)
    "garbage on the channel": ("RUNNER.write(b'\\xff' * 64)", DIED, "a frame claims"),
    "no JSON": ("RUNNER.write(b'\\0\\0\\0\\x02{]')", DIED, "not JSON"),
    "no object": ("RUNNER.write(b'\\0\\0\\0\\x02[]')", DIED, "not a JSON object"),
    "NaN": ("RUNNER.say('timing', run=RUN, median_s=float('nan'))", DIED, "not JSON"),
    "overflow": ("RUNNER.write(LENGTH.pack(17) + b'{\"event\": 1e99999}'[:17])", DIED, "not JSON"),
    "deep JSON": ("b = b'[' * 100_000\nRUNNER.write(LENGTH.pack(len(b)) + b)", DIED, "not JSON"),
    "done that is none": ("RUNNER.say('done', run=RUN, status='fine')", DIED, "done without a status"),
    "done with an endless time": ("RUNNER.say('done', run=RUN, status='ok', seconds='long')", DIED, "without a status"),
    "unknown event": ("RUNNER.say('surprise', run=RUN)", OK, ""),
    "event of another run": ("RUNNER.say('done', run=RUN + 1, status='ok')", OK, ""),
    "lone surrogate": ("RUNNER.say('progress', run=RUN, phase='\\ud800')", OK, ""),
}


@pytest.fixture(scope="module")
def guard():
    guard = Guard().open()
    guard.ready()
    guard.run("1 + 1")
    guard.settled = True
    yield guard
    guard.close()


def said(report):
    return report.done["reason"] + "".join(event["message"] for event in report.named("error"))


def settle(guard):
    """Have a fresh runner that has done one run, unless the previous test left one."""
    if guard.settled:
        return
    guard.settled = True
    guard.send("restart")
    guard.until(event="state", state="restarting")
    guard.ready()
    assert guard.run("1 + 1", fresh=True).result == "2"


@pytest.mark.row("frames that a program forges")
@pytest.mark.parametrize("name", FAULTS)
def test_is_told_and_survived(guard, name):
    program, status, words = FAULTS[name]
    settle(guard)
    guard.settled = False
    fds = guard.fds()
    program = f"RUN = {guard.runs + 1}\nimport struct\nLENGTH = struct.Struct('>I')\n{program}"
    report = guard.run(program)
    assert (report.done["status"], words in said(report)) == (status, True), said(report)
    assert guard.run("1 + 1", fresh=status == DIED).result == "2"
    settle(guard)
    family = guard.descendants()
    assert len(family) <= 2, "a runner and a spare, nothing else"
    guard.wait(lambda: guard.fds() <= fds + 4)


@pytest.mark.row("one interrupt, which is not heard")
def test_one_interrupt_gives_two_seconds_of_grace(guard):
    settle(guard)
    guard.settled = False
    run = guard.ask(HOLDS)
    guard.started(run)
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    assert (done["status"], done["reason"]) == ("interrupted", "interrupted and did not stop")
    assert done["seconds"] >= 2.0


def test_a_timeout_uses_the_same_ladder(guard):
    settle(guard)
    guard.settled = False
    report = guard.run(IGNORES, timeout_s=0.1)
    assert report.done["status"] == "timeout"
    assert report.done["reason"] == "the run took longer than 0.1 s and did not stop"
    assert guard.run("1 + 1", fresh=True).result == "2"


def test_the_timeout_counts_from_the_start_of_the_run(tmp_path):
    def done_within(limit_s):
        go = tmp_path / str(limit_s)
        guard = Guard(f"slow_start:{go}").open()
        guard.until(event="state", state="opening devices")
        run = guard.ask("1 + 1", timeout_s=limit_s)
        until = time.monotonic() + limit_s + 0.1
        guard.wait(lambda: time.monotonic() > until)
        go.touch()
        done = guard.until(event="done", run=run)[-1]
        guard.close()
        return done

    limit_met(done_within)
