"""With `--isolate`, a step reaches no process outside its namespace, and leaves none behind."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from guard_client import DEADLINE_S, Guard, alive, descendants
from pty_tour import Tour
from survival import RUNNER, memory_mib
from table import Row

pytestmark = [pytest.mark.faults]
ALLOWED = shutil.which("unshare") and subprocess.run(["unshare", "--user", "--pid", "--fork", "true"]).returncode == 0
where_allowed = pytest.mark.skipif(not ALLOWED, reason="this machine allows no namespaces")
PLAIN_USER = 65534

DAEMON = """\
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 32):
            if number not in (9, 19):
                signal.signal(number, signal.SIG_IGN)
        os.closerange(0, 256)
        time.sleep(60)
    os._exit(0)
os.wait()
"""
PTRACE = """\
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
found = [pid for pid in {outside!r} if libc.ptrace(16, pid, None, None) == 0]
assert not found, found
"""
WITHOUT = [
    "unshare", "--user", "--map-root-user", "sh", "-c",
    'for each in user pid mnt; do echo 0 > /proc/sys/user/max_${each}_namespaces; done; exec "$@"', "sh",
]  # fmt: skip
"""The start of a command line whose program may not make a namespace."""
REFUSED = "steps run without --isolate: a sysctl user.max_*_namespaces is too low"
ATTACKS = {
    # name: (code, how its run ends, part of the reason or error)
    "kill(-1)": ("import os\nos.kill(-1, 9)", "error", "ProcessLookupError"),
    "kill of the parent": ("import os\nos.kill(os.getppid(), 9)", "ok", ""),
    "a terminated parent": ("import os\nos.kill(os.getppid(), 15)", "ok", ""),
    "kill of the group": ("import os\nos.kill(0, 9)", "died", "SIGKILL"),
    "kill of every pid there is": (
        "import os\nfor pid in range(2, 1 << 16):\n    if pid != os.getpid():\n        try: os.kill(pid, 9)\n"
        "        except ProcessLookupError: pass",
        "ok",
        "",
    ),
    "kill of the guard": ("import os\nos.kill({guard}, 9)", "error", "ProcessLookupError"),
    "ptrace of the guard": (PTRACE, "ok", ""),
    "the guard's memory": ("open('/proc/{guard}/mem', 'r+b')", "error", "FileNotFoundError"),
    "a daemon that ignores all signals": (DAEMON, "ok", ""),
}
ENDS = {
    "os._exit(7)": ("import os\nos._exit(7)", "exit 7"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "abort": ("import os\nos.abort()", "SIGABRT"),
    "SIGKILL to itself": ("import os\nos.kill(os.getpid(), 9)", "SIGKILL"),
    "SIGTERM to itself": ("import os\nos.kill(os.getpid(), 15)", "SIGTERM"),
    "a real-time signal": ("import os\nos.kill(os.getpid(), 40)", "signal 40"),
}


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    guard = Guard(scratch=tmp_path).open(isolate=True)
    guard.ready()
    yield guard
    guard.close()


def told(report) -> str:
    return " ".join([report.done["reason"], *(f"{each['type']}: {each['message']}" for each in report.named("error"))])


@where_allowed
@pytest.mark.parametrize("name", ATTACKS, ids="isolated: {}".format)
def test_a_step_that_attacks(guard: Guard, row: Row, name: str) -> None:
    code, status, says = ATTACKS[name]
    code = code.replace("{guard}", str(guard.pid)).replace("{outside!r}", repr([guard.pid, os.getpid()]))
    report = guard.run(code)
    assert (report.done["status"], says in told(report)) == (status, True), told(report)
    row.seen = f"{status}: {told(report)}"
    ended = time.monotonic()
    row.next_right = guard.run("1 + 1", fresh=True).result == "2"
    row.ready_s = time.monotonic() - ended
    assert row.next_right
    guard.send("restart")
    guard.until(event="state", state="restarting")
    guard.ready()
    # The runner and its spare, each with the two processes that stand for it.
    guard.wait(lambda: len(guard.descendants()) <= 6)
    row.left, row.memory_mib = 0, memory_mib(guard.pid)


@where_allowed
@pytest.mark.parametrize("name", ENDS, ids="isolated: {}".format)
def test_how_the_runner_ended_is_told_truly(guard: Guard, row: Row, name: str) -> None:
    code, says = ENDS[name]
    done = guard.run(code).done
    row.seen = done["reason"]
    assert done["status"] == "died" and says in done["reason"]
    row.next_right = guard.run("1 + 1", fresh=True).result == "2"
    assert row.next_right


@where_allowed
def test_an_interrupt_and_a_time_limit_arrive(guard: Guard, row: Row) -> None:
    run = guard.ask("print('started')\nwhile True: pass")
    guard.started(run)
    guard.send("interrupt")
    assert guard.until(event="done", run=run)[-1]["status"] == "interrupted"
    report = guard.run("import itertools\nall(itertools.repeat(True))", fresh=True, timeout_s=0.2)
    row.seen = report.done["reason"]
    assert report.done["status"] == "timeout"
    row.next_right = guard.run("1 + 1", fresh=True).result == "2"
    assert row.next_right


@where_allowed
@pytest.mark.parametrize("how", ["killed", "closed"], ids="the guard of an isolated step is {}".format)
def test_nothing_is_left(tmp_path: Path, row: Row, how: str) -> None:
    """Nothing is left: not even the daemon that a killed guard could not end."""
    guard = Guard(scratch=tmp_path).open(isolate=True)
    guard.ready()
    guard.run(DAEMON)
    family = descendants(guard.pid)
    assert len(family) >= 4
    if how == "killed":
        guard.process.kill()
    else:
        guard.process.stdin.close()
    guard.process.wait(DEADLINE_S)
    guard.wait(lambda: not any(map(alive, family)))
    row.left = 0
    for pipe in (guard.process.stdin, guard.process.stdout, guard.process.stderr):
        pipe.close()


@where_allowed
def test_the_machine_is_seen_from_inside(row: Row) -> None:
    """The machine is seen from inside: /proc is the namespace's, and jax computes.

    The runner is the first process to go when memory is short.
    """
    guard = Guard(runner=RUNNER).open(isolate=True)
    guard.ready()
    report = guard.run(
        "import os, jax.numpy as jnp\n"
        "pids = sorted(int(each) for each in os.listdir('/proc') if each.isdigit())\n"
        "mine = os.readlink('/proc/self')\n"
        "adjusted = open('/proc/self/oom_score_adj').read().strip()\n"
        "outer = [fd for fd in os.listdir('/proc/self/fd') if os.path.realpath(f'/proc/self/fd/{fd}') == '/']\n"
        "(pids == [1, os.getpid()], mine == str(os.getpid()), adjusted, outer, float(jnp.ones(3).sum()))"
    )
    row.seen = report.result
    assert report.result == "(True, True, '800', [], 3.0)"
    guard.close()


AS_PLAIN_USER = f"""\
import ctypes, os
from jaxtour.worker.guard import isolation
os.setgroups([])
os.setresgid({PLAIN_USER}, {PLAIN_USER}, {PLAIN_USER})
os.setresuid({PLAIN_USER}, {PLAIN_USER}, {PLAIN_USER})
# As after a login: PR_SET_DUMPABLE, which the change of user took away.
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
print(repr(isolation.refused()), flush=True)
if (pid := os.fork()) == 0:
    isolation.enter()
    print((os.getpid(), os.getuid()), flush=True)
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@where_allowed
@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes another user")
def test_a_plain_user_needs_no_rights(row: Row) -> None:
    done = subprocess.run([sys.executable, "-c", AS_PLAIN_USER], capture_output=True, text=True, timeout=150)
    row.seen = " ".join(done.stdout.split())
    assert done.stdout.split("\n") == ["''", f"(2, {PLAIN_USER})", "3", ""], done


@pytest.mark.skipif(not ALLOWED, reason="a namespace in which no other is allowed is one, too")
def test_where_it_is_refused_one_line_says_so(tmp_path: Path, row: Row) -> None:
    lesson = tmp_path / "own.yaml"
    lesson.write_text(
        "format: 1\nid: own\ntitle: Own\nsummary: S.\nminutes: 1\nsteps:\n"
        "  - {id: one, title: One, text: T., code: 6 * 7}\n"
    )
    done = subprocess.run(
        [*WITHOUT,
         sys.executable, "-m", "jaxtour", "run", str(lesson), "--isolate"],
        capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    row.seen = done.stderr
    assert done.returncode == 0 and "42" in done.stdout
    assert done.stderr == f"jaxtour: {REFUSED}\n"


@where_allowed
def test_the_command_runs_isolated(tmp_path: Path, row: Row) -> None:
    lesson = tmp_path / "own.yaml"
    lesson.write_text(
        "format: 1\nid: own\ntitle: Own\nsummary: S.\nminutes: 1\nsteps:\n"
        "  - {id: one, title: One, text: T., code: 'import os; os.kill(os.getppid(), 9); os.getppid()'}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "jaxtour", "run", str(lesson), "--isolate"], capture_output=True, text=True, timeout=150
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    row.seen = "the parent is process 1"
    assert done.stdout.rstrip().endswith("1")


@pytest.mark.skipif(not ALLOWED, reason="a namespace in which no other is allowed is one, too")
def test_where_it_is_refused_the_tour_says_so(tmp_path: Path, row: Row) -> None:
    with Tour(tmp_path, prefix=WITHOUT, options=["--isolate"]) as tour:
        tour.shown(row, REFUSED)
        tour.look(row)
        tour.quit(row)


@where_allowed
def test_the_tour_runs_isolated(tmp_path: Path, row: Row) -> None:
    """An isolated tour is interrupted and then ended: the terminal is given back, and nothing is left."""
    with Tour(tmp_path, options=["--isolate"]) as tour:
        tour.spin()
        tour.send("\x03")
        tour.until("nterrupted")
        tour.until("● ready")
        assert REFUSED not in tour.text
        tour.look(row, "pr")
        tour.quit(row)
