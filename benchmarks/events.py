"""Profiles a call with some 100 000 events: the seconds from the end of the call until everything is drawn."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, at_most, told
from jaxtour.commands.files import lesson_of
from jaxtour.course.model import Step
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.headless import Headless
from jaxtour.engine.session import Session
from jaxtour.engine.wire.messages import Event, Profile, RunProgress
from jaxtour.render.profile.columns import source_column
from jaxtour.render.profile.tables import instruction_table, line_table, summary_lines
from jaxtour.render.profile.timeline import timeline_lines, whole_window

WIDTH, HEIGHT = 160, 45
ROUNDS = 3
GOAL_S = 2.0
LEAST_EVENTS = 90_000
PROGRAM = """\
import jax
import jax.numpy as jnp

@jax.jit
def f(x):
    def body(i, x):
        x = jnp.sort(x)
        x = x @ x
        x = jnp.cumsum(x, axis=0)
        return jnp.flip(jnp.sort(-x, axis=0), axis=1)
    return jax.lax.fori_loop(0, {bodies}, body, x)

f(jnp.eye(3))
"""
BODIES = 9_000


def measure(rounds: int, _: Path | None) -> list[Figure]:
    """Measure the time from the last call's end to the drawn columns, tables and timeline; median over the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "loop.py")
        path.write_text(PROGRAM.format(bodies=BODIES))
        found = [asyncio.run(_one(path)) for _ in range(min(rounds, ROUNDS))]
    events, taken, drawn = (statistics.median(column) for column in zip(*found, strict=True))
    if events < LEAST_EVENTS:
        raise RuntimeError(f"the program has {events:.0f} events, too few for a result")
    detail = f"{events:.0f} events; of it {drawn:.3f} s to draw at {WIDTH}x{HEIGHT}"
    return [
        at_most("a profile of 100 000 events: call's end to pictures, s", taken, GOAL_S, detail),
        told("drawing its columns, tables and timeline, s", drawn, ""),
    ]


async def _one(path: Path) -> tuple[float, float, float]:
    """Return the events, the seconds from the end of the profiled call until all is drawn, and those of drawing."""
    lesson = lesson_of(path, None, ())
    step = lesson.steps[0]
    assert isinstance(step, Step)
    began: list[float] = []

    def heard(event: Event) -> None:
        if isinstance(event, RunProgress) and event.phase == "profiling":
            began.append(time.perf_counter())

    async with Headless(Session(ProcessEngine())) as engine:
        engine.heard = heard
        report = await engine.request(lesson, step)
        report = await engine.profile(lesson, step, report, report.traces[0])
        came = time.perf_counter()
    profile = report.profiles[0]
    if profile.error is not None or not began:
        raise RuntimeError(profile.error or "the worker did not report that it profiles")
    _draw(profile, path)
    drawn = time.perf_counter() - came
    calls = profile.calls + (len(began) > 1)
    return profile.events, came - began[0] - calls * profile.traced_s + drawn, drawn


def _draw(profile: Profile, path: Path) -> None:
    lines = path.read_text().splitlines()

    def source(_: str, line: int) -> str:
        return lines[line - 1]

    for line in range(1, 1 + len(lines)):
        source_column(profile, (str(path), line))
    summary_lines(profile, WIDTH)
    line_table(profile, WIDTH, source)
    instruction_table(profile, (), WIDTH)
    timeline_lines(profile, whole_window(profile), WIDTH, HEIGHT, source, str(path))
