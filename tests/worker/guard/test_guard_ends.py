"""However a guard ends, it leaves no process, directory or descriptor."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from guard_client import DEADLINE_S, FAULTY, GUARD, Guard, alive, stat

from jaxtour.worker.frames import encode
from jaxtour.worker.guard import proctree
from jaxtour.worker.guard.proctree import OomWatch, memory_is_short

BUSY = {
    "idle": "print('started')",
    "busy": "print('started')\nwhile True: pass",
    "flooding": "import os\nprint('started')\nwhile True: os.write(1, b'x' * 65536)",
    "holding the GIL": "import itertools\nprint('started')\nall(itertools.repeat(True))",
    "stopped": "import os, signal\nprint('started')\nos.kill(os.getpid(), signal.SIGSTOP)",
    "with children": "import subprocess\nsubprocess.Popen(['sleep', '30'], start_new_session=True)\nprint('started')",
}


def started(tmp_path, code):
    guard = Guard(scratch=tmp_path).open()
    guard.ready()
    run = guard.ask(code)
    guard.until(event="text", run=run)
    return guard, guard.descendants()


def gone(guard, family, tmp_path):
    guard.wait(lambda: not any(alive(pid) for pid in {guard.pid, *family}))
    assert not list(tmp_path.iterdir())


def ends(guard):
    for pipe in (guard.process.stdin, guard.process.stdout, guard.process.stderr):
        pipe.close()


@pytest.mark.parametrize(
    ("what", "how"),
    [*((what, "eof") for what in BUSY), *(("flooding", how) for how in ("close", signal.SIGTERM, signal.SIGHUP))],
)
@pytest.mark.row("the engine leaves, at any moment")
def test_nothing_is_left(tmp_path, what, how):
    guard, family = started(tmp_path, BUSY[what])
    if how == "close":
        guard.send("close")
    elif how == "eof":
        guard.process.stdin.close()
    else:
        guard.process.send_signal(how)
    assert guard.process.wait(DEADLINE_S) == 0
    gone(guard, family, tmp_path)
    ends(guard)


@pytest.mark.row("a hang-up that was inherited as ignored")
def test_a_hang_up_ends_it_also_where_it_was_ignored(tmp_path):
    guard = Guard(scratch=tmp_path, prefix=("sh", "-c", 'trap "" HUP INT TERM; exec "$@"', "sh")).open()
    guard.ready()
    assert guard.run("import signal\nsignal.getsignal(signal.SIGHUP) == signal.SIG_DFL").result == "True"
    family = guard.descendants()
    guard.process.send_signal(signal.SIGHUP)
    assert guard.process.wait(DEADLINE_S) == 0
    gone(guard, family, tmp_path)
    ends(guard)


@pytest.mark.parametrize("what", sorted(set(BUSY) - {"with children"}))
@pytest.mark.row("the guard is killed")
def test_the_runner_dies_with_a_killed_guard(tmp_path, what):
    """The runner dies with a killed guard, except a grandchild outside the session, which only the guard could kill."""
    guard, family = started(tmp_path, BUSY[what])
    guard.process.kill()
    guard.process.wait()
    guard.wait(lambda: not any(alive(pid) for pid in family))
    ends(guard)


ENGINE = """
import subprocess, sys
guard = subprocess.Popen([sys.executable, "-I", "-S", {guard!r}, "--runner", {runner!r}],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
for frame in {frames!r}:
    guard.stdin.write(frame)
guard.stdin.flush()
seen = b""
while b"started" not in seen:
    seen += guard.stdout.read1(65536)
print(guard.pid, flush=True)
import signal
signal.pause()
"""


@pytest.mark.parametrize(
    ("what", "stopped_first"), [*((what, False) for what in BUSY), ("flooding", True), ("with children", True)]
)
@pytest.mark.row("the app is killed, or stopped and killed")
def test_it_ends_with_its_engine(tmp_path, what, stopped_first):
    code = BUSY[what]
    run = {"verb": "run", "run": 1, "cell": {"name": "a/b", "code": code}, "replay": [], "time": []}
    frames = [encode({"verb": "open"}), encode(run)]
    program = ENGINE.format(guard=str(GUARD), runner=str(FAULTY), frames=frames)
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    engine = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=env, text=True)
    guard = int(engine.stdout.readline())
    if stopped_first:
        engine.send_signal(signal.SIGSTOP)
    engine.kill()
    engine.wait()
    engine.stdout.close()
    Guard.wait(lambda: not alive(guard))
    Guard.wait(lambda: not list(tmp_path.iterdir()))


@pytest.mark.row("an engine that does not read")
def test_an_engine_that_does_not_read_costs_no_memory_and_no_result(tmp_path):
    """A slow engine costs no memory and no result: the runner waits, timers go on, and all results arrive."""
    guard = Guard().open()
    guard.ready()
    runner = int(guard.run("import os\nos.getpid()").result)
    size, count = 1_000_000, 100
    run = guard.runs + 1
    guard.ask(f"for i in range({count}): RUNNER.say('trace', run={run}, index=i, jaxpr='x' * {size})")
    looks = []

    def both_wait():
        # A process that only waits for a core is not asleep.
        asleep = [stat(pid)[0] == "S" for pid in (guard.pid, runner)]
        looks.append((rss(guard.pid), all(asleep)))
        return looks[-1][0] > 20_000_000 and len(looks) > 50 and all(calm for _, calm in looks[-50:])

    guard.wait(both_wait)
    assert max(memory for memory, _ in looks) < size * count * 0.8
    events = guard.until(event="done", run=run)
    assert [event["index"] for event in events if event["event"] == "trace"] == list(range(count))
    guard.close()


@pytest.mark.row("a timeout while the engine does not read")
def test_a_clock_goes_on_while_the_engine_does_not_read():
    guard = Guard().open()
    guard.ready()
    pid = int(guard.run("import os\nos.getpid()").result)
    guard.ask("import itertools\nall(itertools.repeat(True))", timeout_s=0.1)
    guard.wait(lambda: not alive(pid))
    assert guard.until(event="done", run=2)[-1]["status"] == "timeout"
    guard.close()


def test_descriptors_and_zombies_do_not_add_up():
    guard = Guard().open()
    guard.ready()

    def round_trip():
        guard.run("import os\nif os.fork() == 0: os._exit(0)\n1", fresh=True)
        guard.ask("import os\nos.abort()")
        guard.until(event="state", state="restarting")
        guard.ready()
        guard.send("restart")
        guard.until(event="state", state="restarting")
        guard.ready()

    def held():
        """How many descriptors it holds, once the runner and its spare are all that is there."""
        guard.wait(lambda: len(guard.descendants()) == 2)
        guard.wait(lambda: all(found and found[0] != "Z" for found in map(stat, guard.descendants())))
        return guard.fds()

    round_trip()
    fds = held()
    for _ in range(2):
        round_trip()
    guard.wait(lambda: held() <= fds)  # while a runner starts, there are some more
    guard.close()


def rss(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_the_guard_is_small():
    guard = Guard().open()
    guard.ready()
    assert rss(guard.pid) < 24_000_000
    guard.close()


@pytest.mark.row("memory is short: who goes first")
def test_the_runner_is_the_first_to_go_when_memory_is_short():
    guard = Guard().open()
    guard.ready()
    assert guard.run("open('/proc/self/oom_score_adj').read().strip()").result == "'800'"
    assert guard.run("import resource\nresource.getrlimit(resource.RLIMIT_CORE)").result == "(0, 0)"
    guard.close()


@pytest.mark.parametrize(
    ("code", "kills", "says"),
    [
        (-signal.SIGKILL, 3, "killed by SIGKILL: out of memory"),
        (-signal.SIGKILL, 2, "killed by SIGKILL"),
        (-signal.SIGSEGV, 3, "killed by SIGSEGV"),
    ],
)
@pytest.mark.row("SIGKILL, with and without evidence of its cause")
def test_out_of_memory_is_said_only_with_evidence(tmp_path, code, kills, says):
    counter = tmp_path / "memory.events"
    counter.write_text("low 0\noom 2\noom_kill 2\n")
    watch = OomWatch([counter, tmp_path / "missing"])
    counter.write_text(f"low 0\noom 2\noom_kill {kills}\n")
    assert watch.explain(code, proctree.cause(code)[0]) == says


def test_children_are_found_without_the_children_file():
    child = subprocess.Popen(["sleep", "30"])
    try:
        assert child.pid in proctree.children()
        assert child.pid in proctree.children_by_status()
    finally:
        child.kill()
        child.wait()


@pytest.mark.row("a process of another user")
def test_what_may_not_be_killed_is_not_waited_for(monkeypatch):
    child = subprocess.Popen(["sleep", "30"])
    kill = os.kill

    def refuse(pid, signum):
        if pid == child.pid:
            raise PermissionError
        kill(pid, signum)

    monkeypatch.setattr(os, "kill", refuse)
    monkeypatch.setattr(proctree, "children", lambda: {child.pid})
    try:
        assert proctree.Sweep(set(), set).burst()
    finally:
        monkeypatch.undo()
        child.kill()
        child.wait()


@pytest.mark.parametrize(("kilobytes", "short"), [(1_000_000, True), (2_000_000, False)])
@pytest.mark.row("memory is short: no spare")
def test_there_is_no_spare_where_memory_is_short(tmp_path, kilobytes, short):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal: 9000000 kB\nMemAvailable: {kilobytes} kB\n")
    assert memory_is_short(meminfo) is short
    assert not memory_is_short(tmp_path / "missing")
