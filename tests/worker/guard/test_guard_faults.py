"""Programs that fail: each failure is reported for what it is, and the next step runs."""

import time

import pytest
from guard_client import Guard

pytestmark = pytest.mark.alone

DIED, ERROR, OK, TIMEOUT = "died", "error", "ok", "timeout"

CHAIN = """
import os, time
def chain(until):
    while time.time() < until:
        if os.fork():
            os._exit(0)
        os.setsid()
if os.fork() == 0:
    chain(time.time() + 20)
"""

NOT_STOPPING = {
    "swallows the interrupt": """
import time
while True:
    try:
        print("started")
        while True:
            time.sleep(0.01)
    except BaseException:
        pass
""",
    "ignores signals": """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("started")
time.sleep(30)
""",
    "holds the GIL": "import itertools\nprint('started')\nall(itertools.repeat(True))",
    "stops itself": "import os, signal\nprint('started')\nos.kill(os.getpid(), signal.SIGSTOP)",
}

FAULTS = {
    # name: (program, status, part of its reason or error)
    "exception": ("1 / 0", ERROR, "division by zero"),
    "syntax error": ("def", ERROR, "invalid syntax"),
    "null bytes": ("x = '\0'", ERROR, "null"),
    "exception group": ("raise ExceptionGroup('two', [ValueError(), TypeError()])", ERROR, "two"),
    "deep recursion": ("def f(n): return f(n + 1)\nf(0)", ERROR, "recursion"),
    "sys.exit": ("import sys\nsys.exit(3)", ERROR, "3"),
    "exit": ("raise SystemExit", ERROR, ""),
    "os._exit(0)": ("import os\nos._exit(0)", DIED, "the worker ended during the step (exit 0)"),
    "os._exit(7)": ("import os\nos._exit(7)", DIED, "the worker ended during the step (exit 7)"),
    "segfault": ("import ctypes\nctypes.string_at(0)", DIED, "killed by SIGSEGV"),
    "abort": ("import os\nos.abort()", DIED, "killed by SIGABRT"),
    "killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", DIED, "killed by SIGKILL"),
    "real-time signal": ("import os\nos.kill(os.getpid(), 40)", DIED, "killed by signal 40"),
    "segfault in __del__": (
        "import ctypes\nclass D:\n    def __del__(self): ctypes.string_at(0)\nd = D()\ndel d",
        DIED,
        "SIGSEGV",
    ),
    "infinite loop": ("while True: pass", TIMEOUT, "longer than 0.3 s"),
    "dies of the interrupt": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nwhile True: pass",
        TIMEOUT,
        "longer than 0.3 s",
    ),
    "kills its group": ("import os, signal\nos.killpg(0, signal.SIGKILL)", DIED, "SIGKILL"),
    "closes everything": ("import os\nos.closerange(0, 64)\nwhile True: pass", DIED, "closed its channel"),
    "changes directory": ("import os\nos.chdir('/')", OK, ""),
    "removes its directory": ("import os\nos.rmdir(os.getcwd())", OK, ""),
    "closes stdout": ("import os\nos.close(1)", OK, ""),
    "reads stdin": ("import sys\nassert sys.stdin.read() == ''", OK, ""),
    "input": ("input()", ERROR, "EOF"),
    "no terminal": ("open('/dev/tty')", ERROR, "/dev/tty"),
    "huge value": ("'x' * 64_000_000", OK, ""),
    "forks": ("import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()", OK, ""),
    "daemonised grandchild": ("import subprocess\nsubprocess.Popen(['sleep', '20'], start_new_session=True)", OK, ""),
    "leaves a zombie": ("import subprocess\np = subprocess.Popen(['true'])", OK, ""),
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
    "300 processes": (
        "import os, time\nfor i in range(300):\n    if os.fork() == 0:\n"
        "        i % 2 and os.setsid()\n        time.sleep(20)\n        os._exit(0)",
        OK,
        "",
    ),
    "self-respawning chain": (CHAIN, OK, ""),
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
    """A fresh runner that has done one run, unless the previous test left one."""
    if guard.settled:
        return
    guard.settled = True
    guard.send("restart")
    guard.until(event="state", state="restarting")
    guard.ready()
    assert guard.run("1 + 1", fresh=True).result == "2"


@pytest.mark.parametrize("name", FAULTS)
def test_is_told_and_survived(guard, name):
    program, status, words = FAULTS[name]
    settle(guard)
    guard.settled = False
    fds = guard.fds()
    program = f"RUN = {guard.runs + 1}\nimport struct\nLENGTH = struct.Struct('>I')\n{program}"
    report = guard.run(program, timeout_s=0.3 if status == TIMEOUT else None)
    assert (report.done["status"], words in said(report)) == (status, True), said(report)
    assert guard.run("1 + 1", fresh=status in (DIED, TIMEOUT)).result == "2"
    settle(guard)
    family = guard.descendants()
    assert len(family) <= 2, "a runner and a spare, nothing else"
    guard.wait(lambda: guard.fds() <= fds + 4)


@pytest.mark.parametrize("name", NOT_STOPPING)
def test_what_does_not_stop_is_killed(guard, name):
    settle(guard)
    guard.settled = False
    run = guard.ask(NOT_STOPPING[name])
    guard.started(run)
    guard.send("interrupt")
    guard.until(event="state", state="interrupting")
    assert guard.ping() < 0.5
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    assert (done["status"], done["dirty"]) == ("interrupted", True)
    assert "did not stop" in done["reason"]
    assert guard.run("1 + 1", fresh=True).result == "2"


def test_one_interrupt_gives_two_seconds_of_grace(guard):
    settle(guard)
    guard.settled = False
    run = guard.ask(NOT_STOPPING["holds the GIL"])
    guard.started(run)
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    assert done["status"] == "interrupted"
    assert 2.0 <= done["seconds"] < 3.5


def test_a_timeout_uses_the_same_ladder(guard):
    settle(guard)
    guard.settled = False
    report = guard.run(NOT_STOPPING["ignores signals"], timeout_s=0.1)
    assert report.done["status"] == "timeout"
    assert report.done["reason"] == "the run took longer than 0.1 s and did not stop by itself"
    assert guard.run("1 + 1", fresh=True).result == "2"


def test_the_timeout_counts_from_the_start_of_the_run(tmp_path):
    go = tmp_path / "go"
    guard = Guard(f"slow_start:{go}").open()
    guard.until(event="state", state="opening devices")
    run = guard.ask("1 + 1", timeout_s=0.05)
    until = time.monotonic() + 0.1
    guard.wait(lambda: time.monotonic() > until)
    go.touch()
    assert guard.until(event="done", run=run)[-1]["status"] == "ok"
    guard.close()
