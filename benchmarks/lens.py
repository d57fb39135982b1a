"""Measures the lens on large programs: time from frames to screen, memory for each line, and a cursor key's latency."""

import asyncio
import gc
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace
from textual.app import App, ComposeResult

from benchmarks.figures import Figure, at_most, told
from benchmarks.keys import p99, pressed
from benchmarks.quiet import Times, while_quiet
from benchmarks.terminal import Terminal
from jaxtour.commands.files import lesson_of
from jaxtour.course.model import Step
from jaxtour.engine.guards.client import ProcessEngine, decode
from jaxtour.engine.headless import Headless
from jaxtour.engine.links import links_of
from jaxtour.engine.report import Report
from jaxtour.engine.session import Session
from jaxtour.engine.stage import StageText, assembled
from jaxtour.engine.wire.commands import StageRequest
from jaxtour.engine.wire.messages import Done, Stage
from jaxtour.tui.lines.document import Document, MadeLines
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.panes.stage import gutter_of, lines_of

SIZES = (100, 1_000, 10_000, 100_000)
PER_ROUND = 5
"""The equations that one iteration of the program's loop adds."""
PROGRAM = """\
import jax
import jax.numpy as jnp

def f(x):
    for _ in range({rounds}):
        y = jnp.sin(x) * 2.0
        x = x - y
        x = jnp.tanh(x) + y
    return x

f(jnp.ones(3))
"""
HLO_PROGRAM = """\
import jax

def f(key):
    return [jax.random.normal(jax.random.fold_in(key, each), (8,)) for each in range({count})]

f(jax.random.key(0))
"""
"""A random number generator, which the compiler unrolls quickly into some hundred instructions."""
HLO_COUNT = 225
"""The size that gives about 100 000 lines of HLO."""


class Shows(App[None]):
    """An app with a single view of lines."""

    def __init__(self) -> None:
        super().__init__()
        self.view = LinesView("lines")

    def compose(self) -> ComposeResult:
        """Compose the view."""
        yield self.view


async def frames_of(path: Path, *requests: str) -> list[bytes]:
    """Return the worker's frames for the stages of a program."""
    lesson = lesson_of(path)
    [step] = lesson.steps
    assert isinstance(step, Step)
    step = msgspec.structs.replace(step, timeout=900)
    frames = []
    async with Headless(Session(ProcessEngine())) as engine:
        run = await engine.session.run(
            lesson, step, requests=tuple(StageRequest(index=0, stage=stage) for stage in requests)
        )
        report = Report(run=run)
        while report.done is None:
            event = await engine._next()  # the raw events, before they are folded into a report
            if isinstance(event, Stage) and event.run == run:
                frames.append(msgspec.json.encode(event))
            if isinstance(event, Done) and event.run == run:
                report = replace(report, done=event)
    return frames


def folded(frames: list[bytes]) -> StageText:
    """Assemble a stage from its frames."""
    stage = None
    for frame in frames:
        part = decode(frame)
        assert isinstance(part, Stage)
        stage = assembled(stage, part)
    assert stage is not None and stage.complete
    assert stage.error is None, stage.error
    return stage


def document(stage: StageText) -> Document:
    """Return the document that the stage pane shows."""
    beside = gutter_of(stage, "")
    lines = lines_of(stage)
    return Document(
        lines=lines, gutter=MadeLines(len(lines), beside.width, beside.line), cursor=True, folds=stage.folds
    )


async def seconds_to_show(frames: list[bytes]) -> float:
    """Return the seconds from the frames to the repainted view."""
    app = Shows()
    async with app.run_test(size=(120, 36)) as pilot:
        gc.collect()
        started = time.perf_counter()
        stage = folded(frames)
        links_of(stage)
        app.view.show(document(stage), fresh=True)
        await pilot.pause()
        return time.perf_counter() - started


def bytes_per_line(frames: list[bytes]) -> float:
    """Return the bytes of memory for each line of a stage, including links and document."""
    gc.collect()
    tracemalloc.start()
    stage = folded(frames)
    kept = (stage, links_of(stage), document(stage))
    gc.collect()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return used / len(kept[0].ids)


def key_costs(path: Path, count: int) -> Iterator[tuple[str, Times]]:
    """Measure cursor keys in the source and in the jaxpr, in `jaxtour explore` at 120x36."""
    argv = [sys.executable, "-m", "jaxtour", "explore", str(path)]
    with (
        tempfile.TemporaryDirectory() as state,
        Terminal(argv, env={"XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}, whole=False) as terminal,
    ):
        terminal.until("equations", 600)
        terminal.until("ready", 60)
        terminal.quiet(1.0)
        terminal.send("1jjj")  # to an equation, and from there to its source
        terminal.quiet(0.5)
        terminal.send("\r")
        terminal.quiet(0.5)
        yield "source", while_quiet(partial(pressed, terminal, "jk"), count, 12)
        terminal.send("1")
        terminal.quiet(0.5)
        yield "jaxpr", while_quiet(partial(pressed, terminal, "jk"), count, 12)


def frames_of_program(path: Path, text: str, *requests: str) -> tuple[dict[str, list[bytes]], float]:
    """Return the frames of each stage, and the worker's seconds for all of them."""
    path.write_text(text)
    started = time.perf_counter()
    every = asyncio.run(frames_of(path, *requests))
    whole = time.perf_counter() - started
    named = {name: [frame for frame in every if f'"stage":"{name}"'.encode() in frame] for name in ("jaxpr", *requests)}
    return named, whole


def shown(frames: list[bytes], rounds: int) -> float:
    """Return the median of several times from frames to screen, in seconds."""
    return statistics.median(asyncio.run(seconds_to_show(frames)) for _ in range(max(3, rounds // 2)))


def at_its_largest(name: str, frames: list[bytes], rounds: int, whole: float) -> Iterator[Figure]:
    """Measure the terminal process's cost for a stage of about 100 000 lines."""
    lines = len(folded(frames).ids)
    detail = f"{lines} lines in {len(frames)} frames; the worker took {whole:.1f} s in all"
    yield at_most(f"{name} of {lines} lines, frames to screen, s", shown(frames, rounds), 1, detail)
    yield at_most(f"{name}, bytes of memory for each line", bytes_per_line(frames), 300, f"{lines} lines")


def measure(rounds: int, compare: Path | None) -> Iterator[Figure]:
    """Measure an unrolled loop in four sizes: each jaxpr, and the largest's StableHLO and another program's HLO."""
    del compare
    taken: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        for size in SIZES[:-1]:
            named, whole = frames_of_program(path, PROGRAM.format(rounds=size // PER_ROUND))
            taken[size] = shown(named["jaxpr"], rounds)
            detail = f"{len(named['jaxpr'])} frames; the worker took {whole:.1f} s"
            yield told(f"jaxpr of {size} equations, frames to screen, s", taken[size], detail)
        random, whole = frames_of_program(path, HLO_PROGRAM.format(count=HLO_COUNT), "hlo")
        yield from at_its_largest("hlo", random["hlo"], rounds, whole)
        named, whole = frames_of_program(path, PROGRAM.format(rounds=SIZES[-1] // PER_ROUND), "stablehlo")
        for name in ("jaxpr", "stablehlo"):
            yield from at_its_largest(name, named[name], rounds, whole)
        growth = shown(named["jaxpr"], rounds) / taken[SIZES[0]]
        yield told("jaxpr, largest to smallest", growth, f"of programs {SIZES[-1] // SIZES[0]} times as large")
        for where, times in key_costs(path, rounds * 20):
            name = f"cursor key in the {where}, {SIZES[-1]} equations, p99, ms"
            words = f"median {statistics.median(times.quiet) * 1e3:.1f} ms"
            yield times.at_most(name, p99(times.quiet), 16, words)
