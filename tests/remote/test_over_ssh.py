"""A worker runs behind a real ssh and sshd, over a link that is slow, stalls and breaks."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from notebooks import saved
from table import row_of

import jaxtour.engine.guards.pulse as pulse
import jaxtour.engine.guards.remote as remote
from benchmarks.sshd import SSHD, WHY_NOT, Proxy, sshd
from benchmarks.terminal import HANGS_S
from jaxtour.commands.files import lesson_of
from jaxtour.commands.launch import program
from jaxtour.course.model import Lesson, Step
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.guards.connection import EngineError
from jaxtour.engine.guards.remote import remote_command
from jaxtour.engine.headless import Headless
from jaxtour.engine.report import Report
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.commands import Cell, Open, Run
from jaxtour.engine.wire.messages import Done, Hello, Text
from jaxtour.text import harmless

pytestmark = [pytest.mark.skipif(SSHD is None, reason=WHY_NOT), pytest.mark.faults]

ELSEWHERE = WorkerConfig(worker="ssh")
STEPS = tuple(
    harmless(Step(id=name, title=name, text="", code=code))
    for name, code in {
        "names": "seen = ['names']\nseen",
        "grows": "seen.append('grows')\nseen",
        "shows": "seen.append('shows')\nseen",
    }.items()
)
LESSON = Lesson(id="far", title="Far", summary="", minutes=1, steps=STEPS)
NAMES, GROWS, SHOWS = STEPS


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with sshd(tmp_path_factory.mktemp("far") / "sshd") as found:
        # What a login shell prints.
        (found.folder / "home" / ".bashrc").write_text("echo 'Welcome to the far side'; echo hm >&2\n")
        yield found


@pytest.fixture
def row(request):
    """The test's row in the table of faults."""
    return row_of(request.node)


HASTY_IDLE_S = 5
"""Longer than a busy machine lets a ping wait."""


@pytest.fixture
def hasty(monkeypatch):
    """The times of a link, shortened; called once the link is silent: until then, a busy machine may be."""
    monkeypatch.setattr(pulse, "TICK_S", 0.2)
    monkeypatch.setattr(pulse, "SILENT_S", HANGS_S)
    monkeypatch.setattr(remote, "IDLE_S", HASTY_IDLE_S)
    return lambda: monkeypatch.setattr(pulse, "SILENT_S", 1.0)


def engine_of(server, port=None, *options):
    return ProcessEngine(remote_command(server.prefix(port, *options), sys.executable))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def gone(pid, seconds=HANGS_S):
    async with asyncio.timeout(seconds):
        while alive(pid):
            await asyncio.sleep(0.02)


async def value(engine, step):
    outcome = await engine.step(LESSON, step, timings=False)
    assert outcome.report is not None
    return outcome.report.value.text.text if outcome.report.value else outcome


async def test_a_lesson_runs_there_and_everything_ends_with_it(server):
    async with Proxy(server.port, 0.05) as link:
        engine = Headless(Session(engine_of(server, link.port), ELSEWHERE))
        hellos = []
        engine.heard = lambda event: hellos.append(event) if isinstance(event, Hello) else None
        async with asyncio.timeout(HANGS_S), engine:
            assert await value(engine, NAMES) == "['names']"
            assert await value(engine, GROWS) == "['names', 'grows']"
            facts = await engine.facts()
            assert facts.host.name == os.uname().nodename
            first = link.carried[0]
            assert await value(engine, SHOWS) != ""
            assert link.carried[0] - first < 4000  # a step is its code, and the worker has already started
        await gone(hellos[0].pid)
    # Figures stay, as they do locally.
    left = {path.name for path in (server.folder / "home").glob("jaxtour-*")}
    assert left <= {f"jaxtour-figures-{os.getuid()}"}


async def test_a_cut_link_is_taken_up_again_with_the_state_replayed(server, row):
    async with Proxy(server.port) as link:
        session = Session(engine_of(server, link.port), ELSEWHERE)
        engine = Headless(session)
        async with asyncio.timeout(HANGS_S), engine:
            assert await value(engine, NAMES) == "['names']"
            run = await session.run(LESSON, GROWS)
            link.cut()
            report = await engine.whole(Report(run))
            assert report.done is not None
        assert (report.done.status, "the connection to" in report.done.reason) == ("interrupted", True)
        row.seen = report.done.reason
        # Its code did nothing wrong: later steps run on it.
        assert not session.left_out(LESSON, SHOWS)
        start = time.perf_counter()
        async with asyncio.timeout(HANGS_S), engine:
            row.next_right = await value(engine, GROWS) == "['names', 'grows']"
            row.ready_s = time.perf_counter() - start
        assert row.next_right


async def test_a_half_open_link_is_noticed_and_the_far_side_leaves(server, hasty, row):
    async with Proxy(server.port) as link:
        engine = engine_of(server, link.port)
        await engine.start()
        await engine.send(Open())
        await engine.send(Run(run=1, cell=Cell(name="a/b", code="print('started', flush=True)\nwhile True: pass")))
        events, seen = engine.events(), []
        async with asyncio.timeout(HANGS_S):
            async for event in events:
                seen.append(event)
                if isinstance(event, Text):
                    link.stall()
                    hasty()
        done, died, dead = seen[-3:]
        assert (done.status, dead.state) == ("interrupted", "dead")
        assert "is lost: it was silent for 1 s" in died.reason and died.reason in dead.detail
        await gone(seen[0].pid)
        row.seen, row.left = dead.detail, int(alive(seen[0].pid))
        await engine.close()
        # The same engine connects again.
        link.cut()
        await engine.start()
        await engine.close()


async def test_a_far_side_that_stops_is_a_lost_link(server, hasty, row):
    engine = engine_of(server)
    await engine.start()
    events = engine.events()
    hello = await anext(events)
    # The guard continues in any case: a test that is killed here must not leave a stopped guard.
    later = subprocess.Popen(["sh", "-c", f"sleep {HANGS_S}; kill -CONT {hello.pid}"], start_new_session=True)
    os.kill(hello.pid, signal.SIGSTOP)
    hasty()
    try:
        async with asyncio.timeout(HANGS_S):
            rest = [event async for event in events]
    finally:
        os.kill(hello.pid, signal.SIGCONT)
        os.killpg(later.pid, signal.SIGKILL)
        later.wait()
    row.seen = rest[-1].detail
    assert "is lost" in row.seen
    await gone(hello.pid)


async def test_a_flood_over_a_slow_link_is_no_loss(server, monkeypatch, row):
    monkeypatch.setattr(pulse, "TICK_S", 0.2)
    monkeypatch.setattr(pulse, "SILENT_S", 5.0)  # less than the flood takes; a busy machine is silent for a while
    async with Proxy(server.port, 0.15, rate=60_000) as link:
        engine = engine_of(server, link.port)
        await engine.start()
        await engine.send(Open())
        # 7 s of output on that link, and as much time for code of 400 KB.
        code = f"note = '{'x' * 400_000}'\nfor _ in range(4):\n    print('x' * 100_000, flush=True)\n"
        await engine.send(Run(run=1, cell=Cell(name="a/b", code=code)))
        async with asyncio.timeout(HANGS_S):
            seen = [event async for event in until_done(engine.events())]
        row.seen = f"{sum(isinstance(event, Text) for event in seen)} pieces of output, then {seen[-1].status}"
        assert seen[-1].status == "ok"
        await engine.close()


async def until_done(events):
    async for event in events:
        yield event
        if isinstance(event, Done):
            return


async def test_a_stop_that_is_announced_keeps_the_far_side(server, hasty):
    engine = engine_of(server)
    await engine.start()
    hello = await anext(engine.events())
    engine.suspend()
    for task in engine._tasks[1:]:
        task.cancel()  # a stopped process sends no pings
    with pytest.raises(TimeoutError):
        await gone(hello.pid, HASTY_IDLE_S + 1)
    await engine.close()
    await gone(hello.pid)


async def test_a_program_and_its_own_modules_run_there_under_their_names_here(server, tmp_path, monkeypatch):
    package = tmp_path / "pack" / "deep"
    package.mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").write_text("SCALE = 3\n")
    (package / "layer.py").write_text(
        "from .. import SCALE\nimport jax.numpy as jnp\n\n\ndef f(x):\n    return jnp.sin(x) * SCALE\n"
    )
    (tmp_path / "fails.py").write_text("def now():\n    raise ValueError('of the helper')\n")
    (tmp_path / "unused.py").write_text("raise SystemExit")
    file = tmp_path / "train.py"
    file.write_text(
        "import jax\nimport jax.numpy as jnp\nfrom pack.deep.layer import f\n\n"
        "jax.jit(f)(jnp.ones(3))\nprint(__file__)\nimport fails\nfails.now()\n"
    )  # fmt: skip
    lesson = lesson_of(file, None, (), program(str(file), None, ()).launch)
    async with asyncio.timeout(HANGS_S), Headless(Session(engine_of(server), ELSEWHERE)) as engine:
        run = await engine.session.run(lesson, lesson.steps[0])
        # These files do not exist there; jax is still being imported when they go.
        shutil.rmtree(tmp_path)
        report = await engine.whole(Report(run))
    failure = report.failure
    assert failure is not None and failure.message == "of the helper"
    assert [Path(frame.file).name for frame in failure.frames] == ["train.py", "fails.py"]
    assert failure.frames[1].file == str(tmp_path / "fails.py")
    assert report.stdout.text == f"{file}\n"


async def test_a_script_of_a_package_and_a_process_that_it_spawns_find_its_modules(server, tmp_path):
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "work.py").write_text("from . import two\n\n\ndef double(x):\n    return x * two.TWO\n")
    (package / "two.py").write_text("TWO = 2\n")
    inside = package / "inside.py"
    inside.write_text("from .work import double\nprint(double(4))\n")
    file = tmp_path / "train.py"
    file.write_text(
        "import multiprocessing\nfrom pack.work import double\n\n\ndef twice(x):\n    return double(double(x))\n\n\n"
        "if __name__ == '__main__':\n    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(twice, [1, 2]))\n"
    )
    first, lesson = (lesson_of(each, None, (), program(str(each), None, ()).launch) for each in (inside, file))
    async with asyncio.timeout(HANGS_S), Headless(Session(engine_of(server), ELSEWHERE)) as engine:
        run = await engine.session.run(first, first.steps[0])
        package.rename(tmp_path / "gone")  # what was sent stays there
        report = await engine.whole(Report(run))
        assert (report.stdout.text, report.failure) == ("8\n", None)
        run = await engine.session.run(lesson, lesson.steps[0])
        report = await engine.whole(Report(run))
    assert (report.stdout.text, report.failure) == ("[4, 8]\n", None), report.stderr.text


async def test_a_figure_comes_as_a_file_here(server, tmp_path):
    code = "import helper\nimport matplotlib.pyplot as plt\nplt.plot([1, helper.TWO]); plt.title('far')\nplt.show()"
    lesson = saved(tmp_path, code)
    (tmp_path / "helper.py").write_text("TWO = 2\n")
    async with asyncio.timeout(HANGS_S), Headless(Session(engine_of(server), ELSEWHERE)) as engine:
        run = await engine.session.run(lesson, lesson.steps[0])
        (tmp_path / "helper.py").unlink()
        report = await engine.whole(Report(run))
        [figure] = report.figures
        path = Path(figure.path.text)
        assert path.read_bytes().startswith(b"\x89PNG") and str(server.folder) not in str(path)
        # What was printed names the file there.
        assert str(server.folder) in figure.said.text and figure.said.text in report.stdout.text
    assert not path.exists()


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("known_hosts", "Host key verification failed.*connect once by hand"),
        ("user", "denied.*ssh-add"),
    ],
    ids=["unknown host", "no key"],
)
async def test_what_ssh_would_ask_is_told_with_the_remedy(server, missing, says, row):
    prefix = server.prefix().replace(f"{server.folder}/{missing}", "/dev/null")
    engine = ProcessEngine(remote_command(prefix, sys.executable))
    with pytest.raises(EngineError, match=says) as error:
        async with asyncio.timeout(HANGS_S):
            await engine.start()
    row.seen = str(error.value)
    assert "\n" not in row.seen
