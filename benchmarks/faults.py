"""Measures what faults cost: slow answers and keys during one, the time until it is over, and what many leave behind.

The soak runs 10,000 steps and kills the worker at 200 random moments; fewer than 7 rounds shorten it in proportion.
"""

import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, at_most
from benchmarks.keys import home, key_to_bytes
from benchmarks.terminal import Terminal
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.wire.commands import Cell, Interrupt, Open, Ping, Run
from jaxtour.engine.wire.messages import Done, Event, Pong, State, Text

RUNS, KILLS, WHOLE = 10_000, 200, 7
STEPS = 200
"""Steps of the soak's lesson: they run one after the other, and then from the first again in a fresh worker."""
WARM = 2 * STEPS
DRIFT_MIB = 5.0
LATE_MS = 50.0
PINGS = 200
GONE_S = 1.0
SPARE_S = 3.0
"""After this time the spare worker has imported jax."""
STARTED = "started"
BUSY = {
    "a flood of output": "import os\nb = b'x' * 65536\nwhile True: os.write(1, b)",
    "a held GIL": "import itertools\nall(itertools.repeat(True))",
    "a storm of forks": (
        "import os, time\nuntil = time.time() + 60\nfor _ in range(2):\n    if os.fork() == 0:\n"
        "        while time.time() < until:\n            if os.fork() == 0: os._exit(0)\n"
        "            os.waitpid(-1, 0)\n        os._exit(0)\ntime.sleep(60)"
    ),
}
LOOPS = {
    "a Python loop": ("while True: pass", 0.6),
    "a loop on the device": (
        "import jax\njax.lax.while_loop(lambda x: x >= 0, lambda x: x * 0, 1.0).block_until_ready()",
        3.0,
    ),
}


def measure(rounds: int, _: Path | None) -> Iterator[Figure]:
    """Measure all figures; the soak is last, since it takes some minutes."""
    for name, code in BUSY.items():
        taken = asyncio.run(_pings(code))
        yield _p99(f"ping during {name}, p99, ms", taken)
        yield from _keys(name, code, rounds)
    for name, (code, most) in LOOPS.items():
        for first in (False, True):
            taken = [asyncio.run(_interrupted(code, first=first)) for _ in range(rounds)]
            detail = f"{min(taken):.2f} to {max(taken):.2f} s"
            label = f"interrupt of {name}{' in the first step' * first} to ready, s"
            yield at_most(label, statistics.median(taken), most, detail)
    yield from _soaked(min(1.0, rounds / WHOLE))


def _p99(name: str, seconds: list[float]) -> Figure:
    late = statistics.quantiles(seconds, n=100)[98] * 1e3
    detail = f"median {statistics.median(seconds) * 1e3:.2f} ms, at most {max(seconds) * 1e3:.1f} ms"
    return at_most(name, late, LATE_MS, detail)


class _Worker:
    """A worker and its events, for one program."""

    def __init__(self) -> None:
        self._engine = ProcessEngine()

    async def __aenter__(self) -> "_Worker":
        await self._engine.start()
        self._events: AsyncIterator[Event] = self._engine.events()
        await self._engine.send(Open())
        await self.until(lambda event: event == State(state="ready"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._engine.close()

    async def until(self, reached: Callable[[Event], bool]) -> None:
        async with asyncio.timeout(60):
            async for event in self._events:
                if reached(event):
                    return
        raise RuntimeError("the worker exited")

    async def begin(self, code: str, *, done: bool = False) -> None:
        await self._engine.send(Run(run=1, cell=Cell(name="a/b", code=f"print('{STARTED}', flush=True)\n{code}")))
        await self.until(lambda event: isinstance(event, Text) and STARTED in event.text.text)
        if done:
            await self.until(lambda event: isinstance(event, Done))

    async def ping(self, number: int) -> float:
        began = time.perf_counter()
        await self._engine.send(Ping(n=number))
        await self.until(lambda event: event == Pong(n=number))
        return time.perf_counter() - began

    async def interrupt(self) -> float:
        began = time.perf_counter()
        await self._engine.send(Interrupt())
        await self.until(lambda event: event == State(state="ready"))
        return time.perf_counter() - began


async def _pings(code: str) -> list[float]:
    async with _Worker() as worker:
        await worker.begin(code)
        return [await worker.ping(number) for number in range(PINGS)]


async def _interrupted(code: str, *, first: bool) -> float:
    """Return the seconds from the interrupt to the next ready worker; unless it is the first, after another step."""
    async with _Worker() as worker:
        if not first:
            await worker.begin("1", done=True)
        await asyncio.sleep(SPARE_S)
        await worker.begin(code)
        await asyncio.sleep(0.5)  # so that it is in its loop
        return await worker.interrupt()


def _keys(name: str, code: str, rounds: int) -> Iterator[Figure]:
    """Press keys in the source pane while the step runs; then kill the app."""
    with tempfile.TemporaryDirectory() as state:
        path = Path(state) / "busy.yaml"
        body = "".join(f"      {line}\n" for line in [*(f"x{i} = {i}" for i in range(200)), *code.split("\n")])
        path.write_text(
            "format: 1\nid: busy\ntitle: Busy\nsummary: For the benchmark.\nminutes: 1\nsteps:\n"
            f"  - id: spin\n    title: Spin\n    text: Endless.\n    code: |\n{body}"
        )
        with Terminal([sys.executable, "-m", "jaxtour", str(path)], env=home(state), whole=False) as terminal:
            terminal.until("ready", 60)
            terminal.send("r")
            terminal.until("running", 30)
            while "x0 = 0" in terminal.text:  # until the source has the focus, where every key scrolls
                terminal.send("\t" + "j" * 20)
                terminal.quiet(0.3)
            yield _p99(
                f"a key's repaint during {name}, p99, ms",
                [key_to_bytes(terminal, "jk"[count % 2]) for count in range(rounds * 30)],
            )
            family = _family(terminal.process.pid)
            began = time.perf_counter()
            terminal.process.kill()
            terminal.process.wait()
            while left := [pid for pid in family if _runs(pid)]:
                if time.perf_counter() - began > 30:
                    raise RuntimeError(f"{name}: left behind: {left}")
                time.sleep(0.002)
            gone = time.perf_counter() - began
            yield at_most(f"app killed during {name}: all gone, s", gone, GONE_S, f"{len(family)} processes")


def _soaked(share: float) -> Iterator[Figure]:
    runs, kills = int(RUNS * share), int(KILLS * share)
    command = [sys.executable, "-m", "benchmarks.faults", str(runs), str(kills)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    detail = f"{runs:,} runs, {kills} kills in {found['seconds']:.0f} s; {found['died']} steps died from them"
    for name in ("guard", "app"):
        first, last = found[name]
        words = f"{first:.1f} to {last:.1f} MiB; {detail}"
        yield at_most(f"growth of the memory of the {name} in the soak, MiB", last - first, DRIFT_MIB, words)
    yield at_most("processes left by the soak", found["left"], 0, detail)


async def _soak(runs: int, kills: int) -> dict[str, object]:
    """Run step after step of a lesson in the app with a real worker; kill the worker while some of them run."""
    import textual.app
    import textual.pilot
    from textual.pilot import Pilot

    from jaxtour.course.catalogue import open_path
    from jaxtour.course.progress import Progress
    from jaxtour.engine.session import Session
    from jaxtour.tui.app import TourApp

    async def settled(*_: float) -> None:
        await asyncio.sleep(0)

    # Otherwise each key waits 20 ms or more for a process that is idle.
    textual.app.wait_for_idle = textual.pilot.wait_for_idle = settled
    dice = random.Random(7)
    deadly = set(dice.sample(range(WARM, runs), kills))
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(home(folder), TMPDIR=folder)
        path = Path(folder, "soak.yaml")
        steps = "".join(
            f"  - {{id: s{i}, title: S, text: T., code: 'x = {i}; print(x); x + 1'}}\n" for i in range(STEPS)
        )
        path.write_text(f"format: 1\nid: soak\ntitle: Soak\nsummary: S.\nminutes: 1\nsteps:\n{steps}")
        session = Session(ProcessEngine())
        app = TourApp(open_path(path), session, Progress.open(Path(folder, "p.json")), start=("soak", "s0"))
        began, died, memory = time.perf_counter(), 0, []

        async def until(pilot: Pilot[int], reached: Callable[[], object]) -> None:
            deadline = time.monotonic() + 60
            while not reached():
                if time.monotonic() > deadline:
                    raise RuntimeError(f"in run {run}, step {app.tour.number}, {session.state}: {app.tour.state}")
                await pilot.pause(0.002)

        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: session.state == "ready")
            (guard,) = _family(os.getpid(), depth=1)
            for run in range(runs):
                number = run % STEPS + 1
                await until(pilot, lambda number=number: app.tour.number == number)
                last = app.tour.state.report.run if app.tour.state.report else 0

                def done(last: int = last) -> bool:
                    now = app.tour.state.report
                    return now is not None and now.run > last and now.done is not None

                if run in deadly:
                    asyncio.get_running_loop().call_later(dice.random() * 0.03, _kill_children, guard)
                await pilot.press("r")
                await until(pilot, lambda done=done: done() or session.state == "dead")
                if not done():  # after more than three ends within a minute, the worker does not restart on its own
                    await pilot.press("R")
                    await until(pilot, lambda: session.state == "ready")
                    await pilot.press("r")
                    await until(pilot, done)
                died += app.tour.state.report.done.status == "died"
                if run % STEPS == STEPS - 1:
                    await pilot.press(*["p"] * (STEPS - 1))
                else:
                    await pilot.press("n")
                if run in (WARM, runs - 1):
                    memory.append((_mib(guard), _mib(os.getpid())))
        await session.close()
        left = len(_family(os.getpid()))
    guards, apps = zip(*memory, strict=True)
    return {"guard": guards, "app": apps, "left": left, "died": died, "seconds": time.perf_counter() - began}


def _kill_children(pid: int) -> None:
    for child in _family(pid, depth=1):
        os.kill(child, signal.SIGKILL)


def _family(pid: int, depth: int = 100) -> set[int]:
    """Return the descendants of a process, up to a number of generations."""
    found: set[int] = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children") if depth else ():
        try:
            mine = {int(child) for child in children.read_text().split()}
        except FileNotFoundError:
            continue
        found |= mine.union(*(_family(child, depth - 1) for child in mine))
    return found


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_soak(*map(int, sys.argv[1:])))))
