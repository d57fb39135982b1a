"""Measures a worker behind ssh, 150 ms away: bytes of a step, seconds to the first result, cost of a dead connection.

The far side is a real sshd on the loopback, behind a proxy that delays everything by 150 ms in each direction.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.figures import Figure, at_most, told
from benchmarks.sshd import SSHD, WHY_NOT, Proxy, Server, sshd
from jaxtour.course.catalogue import bundled
from jaxtour.course.model import Lesson, Step
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.guards.connection import WorkerConfig
from jaxtour.engine.guards.pulse import SILENT_S
from jaxtour.engine.guards.remote import IDLE_S, remote_command
from jaxtour.engine.headless import Headless
from jaxtour.engine.session import EngineError, Session
from jaxtour.engine.wire.messages import Event, Hello
from jaxtour.text import harmless

DELAY_S = 0.15
ROUND_TRIP_S = 2 * DELAY_S
IDLE_WATCHED_S = 20.0
SHORT = Lesson(
    id="short",
    title="Short",
    summary="",
    minutes=1,
    steps=tuple(harmless(Step(id=f"s{number}", title="", text="", code=str(number))) for number in range(20)),
)


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Measure new sessions, alternating with plain ssh commands over the same connection."""
    del compare
    if SSHD is None:
        yield told("a worker behind ssh", 0, WHY_NOT)
        return
    with tempfile.TemporaryDirectory(prefix="jaxtour-bench-") as folder, sshd(Path(folder, "far")) as server:
        yield from asyncio.run(_measured(server, rounds))


async def _measured(server: Server, rounds: int) -> list[Figure]:
    lesson = bundled().entry("vmap").lesson()
    async with Proxy(server.port, DELAY_S) as link:
        first, first_bytes = await _first(server, link, lesson)
        seconds: list[float] = []
        plain: list[float] = []
        ready: list[float] = []
        for _ in range(rounds):
            plain.append(await _plain(server, link))
            hello, result = await _to_result(server, link, lesson)
            seconds.append(result)
            ready.append(hello)
        here = [await _here(lesson) for _ in range(rounds)]
        there = await _steps(_engine(server, link), lesson, link)
        far = [each[2] for each in await _steps(_engine(server, link), SHORT, link)]
        near = [each[2] for each in await _steps(ProcessEngine(), SHORT)]
        added = statistics.median(far) - statistics.median(near)
        idle = await _idle(server, link)
        found = statistics.median(seconds)
        ours = (statistics.median(ready) - statistics.median(plain)) / ROUND_TRIP_S
        return [
            told("bytes of the first connection, with the worker's files", first_bytes, f"result after {first:.2f} s"),
            at_most("round trips until the worker answers, beside ssh's own", ours, 2.0,
                    f"{statistics.median(ready):.2f} s; ssh alone {statistics.median(plain):.2f} s"),
            told("seconds to the first result, 150 ms away", found,
                 f"here {statistics.median(here):.2f} s; {rounds} rounds, {min(seconds):.2f} to {max(seconds):.2f}"),
            told("bytes sent for a step of vmap", statistics.median(each[0] for each in there), _range(there, 0)),
            told("bytes received for a step of vmap", statistics.median(each[1] for each in there), _range(there, 1)),
            at_most("round trips that a one-line step waits for", added / ROUND_TRIP_S, 1.5,
                    f"{statistics.median(far):.3f} s, here {statistics.median(near):.3f} s; {len(far)} steps"),
            at_most("bytes per second on an idle link", idle, 500, f"over {IDLE_WATCHED_S:g} s, pings, load there"),
            *await _dead_link(server, lesson),
        ]  # fmt: skip


def _range(steps: list[tuple[int, int, float]], way: int) -> str:
    each = sorted(step[way] for step in steps)
    return f"{len(each)} steps, {each[0]:,} to {each[-1]:,}; with ssh's own"


def _engine(server: Server, link: Proxy) -> ProcessEngine:
    return ProcessEngine(remote_command(server.prefix(link.port), sys.executable))


@asynccontextmanager
async def _session(engine: ProcessEngine) -> AsyncIterator[tuple[Headless, list[Event]]]:
    """Yield an open session, and its events."""
    heard: list[Event] = []
    headless = Headless(Session(engine, WorkerConfig(worker="ssh")))
    headless.heard = heard.append
    async with headless:
        yield headless, heard


async def _to_result(server: Server, link: Proxy, lesson: Lesson) -> tuple[float, float]:
    """Return the seconds until the guard answers, and until the first step's result."""
    start = time.perf_counter()
    async with _session(_engine(server, link)) as (headless, _):
        hello = time.perf_counter() - start
        await headless.step(lesson, lesson.steps[0])
        return hello, time.perf_counter() - start


async def _first(server: Server, link: Proxy, lesson: Lesson) -> tuple[float, int]:
    _, seconds = await _to_result(server, link, lesson)
    return seconds, sum(link.carried)


async def _here(lesson: Lesson) -> float:
    start = time.perf_counter()
    async with _session(ProcessEngine()) as (headless, _):
        await headless.step(lesson, lesson.steps[0])
        return time.perf_counter() - start


async def _plain(server: Server, link: Proxy) -> float:
    """Return the seconds until a command behind ssh has answered."""
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *server.prefix(link.port).split(), "echo", "there", stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    taken = time.perf_counter() - start
    await process.wait()
    return taken


async def _steps(engine: ProcessEngine, lesson: Lesson, link: Proxy | None = None) -> list[tuple[int, int, float]]:
    """Return, for each step, the bytes there and back, and the seconds."""
    found = []
    async with _session(engine) as (headless, _):
        await headless.facts()
        for step in lesson.steps:
            if isinstance(step, Step):
                before, start = tuple(link.carried) if link else (0, 0), time.perf_counter()
                await headless.step(lesson, step, timings=False)
                taken, after = time.perf_counter() - start, link.carried if link else (0, 0)
                found.append((after[0] - before[0], after[1] - before[1], taken))
    return found


async def _idle(server: Server, link: Proxy) -> float:
    async with _session(_engine(server, link)) as (headless, _):
        await headless.facts()
        await asyncio.sleep(2)
        before = sum(link.carried)
        reading = asyncio.create_task(_drain(headless))
        await asyncio.sleep(IDLE_WATCHED_S)
        reading.cancel()
        return (sum(link.carried) - before) / IDLE_WATCHED_S


async def _drain(headless: Headless) -> None:
    async for _ in headless.session.events():
        pass


async def _dead_link(server: Server, lesson: Lesson) -> list[Figure]:
    """Measure, for a connection that carries nothing any more, when it is noticed and when the far side is gone."""
    async with Proxy(server.port, DELAY_S) as link:
        session = Session(_engine(server, link), WorkerConfig(worker="ssh"))
        headless = Headless(session)
        heard: list[Event] = []
        headless.heard = heard.append
        async with headless:
            await headless.step(lesson, lesson.steps[0])
            guard = next(event.pid for event in heard if isinstance(event, Hello))
            link.stall()
            start = time.perf_counter()
            try:
                await headless.step(lesson, lesson.steps[1])
                await headless.facts()
                await headless.step(lesson, lesson.steps[1])
            except EngineError:
                pass
            noticed = time.perf_counter() - start
        await _until(lambda: _gone(guard))
        left = time.perf_counter() - start
        link.cut()
        again = time.perf_counter()
        async with headless:
            outcome = await headless.step(lesson, lesson.steps[3])
            assert outcome.status == "ok", outcome
            back = time.perf_counter() - again
    return [
        at_most("seconds until a half-open link is noticed", noticed, 10, f"nothing for {SILENT_S:g} s"),
        at_most("seconds until the far side is gone", left, 60, f"nothing for {IDLE_S} s"),
        told(
            "seconds to connect again, with 3 steps replayed", back, "as many as the first result takes, and the steps"
        ),
    ]


async def _until(reached: Callable[[], bool]) -> None:
    while not reached():
        await asyncio.sleep(0.05)


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
