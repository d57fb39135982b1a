"""Everything that jaxtour reads and did not write: what reads it, seeds, and what must be true of any bytes.

Each check lets only the one error of its kind pass, and that has a place; `judged` holds it to `MOST_S`.
"""

import contextlib
import json
import os
import struct
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec

from jaxtour import settings
from jaxtour.commands.answers import read_answers
from jaxtour.course import progress, state, trust
from jaxtour.course.loader import load, loads
from jaxtour.course.model import CourseError, Lesson, Problem
from jaxtour.course.notebook import load_notebook
from jaxtour.course.progress import Progress
from jaxtour.course.review import items, reschedule
from jaxtour.course.standing import standing
from jaxtour.engine.guards.client import GarbledError, decode, encode
from jaxtour.engine.wire import commands
from jaxtour.paths import lessons_dir
from jaxtour.worker.frames import FrameDecoder, ProtocolError
from jaxtour.worker.guard.child import Config
from jaxtour.worker.guard.runs import Order

MOST_S = 0.05
"""The most seconds of processor time for each 100 kB, or part of them."""
PIECE = 100_000
FOLDER = Path(tempfile.mkdtemp(prefix="jaxtour-fuzz-"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ASKS = """\
format: 1
id: asks
title: Asks
summary: S.
minutes: 1
steps:
  - {id: one, title: One, text: T., code: x = 1, ask: {question: How?, choices: [yes, no], answer: 1}}
  - {id: two, title: Two, text: T., code: 1 + 1, ask: {question: What?, answer: value}}
"""


@dataclass(frozen=True)
class Target:
    """One kind of input."""

    check: Callable[[bytes], object]
    """Raises for anything but the errors that are allowed."""
    seeds: tuple[bytes, ...]


def _placed(problem: Problem | None) -> None:
    assert problem is not None and problem.line >= 1 and problem.column >= 1, problem
    assert problem.message and "\n" not in str(problem), problem


def _sound(lesson: Lesson) -> None:
    for problem in lesson.problems:
        _placed(problem)
    assert lesson.steps or lesson.problems
    msgspec.json.encode(lesson, enc_hook=str)


def _lesson(data: bytes) -> None:
    _sound(loads(data, "fuzz.yaml"))


@cache
def _file(suffix: str) -> Path:
    return FOLDER / f"{os.getpid()}{suffix}"


def _written(data: bytes, suffix: str) -> Path:
    path = _file(suffix)
    path.write_bytes(data)
    return path


def _notebook(suffix: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        try:
            _sound(load_notebook(_written(data, suffix)))
        except CourseError as error:
            _placed(error.problem)

    return check


def _state(data: bytes) -> None:
    kept = Progress.in_memory()
    try:
        other = state.decoded(data, "fuzz.json")
    except CourseError as error:
        assert str(error).startswith("fuzz.json: ") and "\n" not in str(error)
        return
    for replacing in (False, True):
        kept.change(lambda mine: state.put_in(mine, other, replacing=replacing))  # noqa: B023
    state.encoded(kept)
    _used(kept)


def _used(kept: Progress) -> None:
    """Use progress as the screens do."""
    lesson = _asking()
    standing(lesson, kept)
    for item in items(kept, NOW)[:3]:
        reschedule(kept, item.lesson, item.step, "good", NOW)
    for step in ("one", "two"):
        reschedule(kept, "asks", step, "again", NOW)


def _progress(data: bytes) -> None:
    with contextlib.suppress(progress._CorruptError, progress._NewerError):
        found = progress._read(_written(data, ".json"))
        kept = Progress.in_memory()
        kept.change(lambda mine: state.put_in(mine, found, replacing=True))
        _used(kept)


def _trusted(data: bytes) -> None:
    for name in trust.Trust(_written(data, ".trusted")).files():
        assert isinstance(name, str)


def _settings(data: bytes) -> None:
    _, problems = settings.load(_written(data, ".toml"))
    for problem in problems:
        assert problem.startswith(str(FOLDER)), problem


@cache
def _asking() -> Lesson:
    return loads(ASKS.encode(), "asks.yaml")


def _answers(data: bytes) -> None:
    try:
        read_answers(str(_written(data, ".answers")), [_asking()])
    except CourseError as error:
        _placed(error.problem)


def _to_guard(data: bytes) -> None:
    """Decode frames in pieces, as the guard gets them; their bodies are commands."""
    # The frame comes once as it is, and once with a correct length, so that a changed body is still a frame.
    for frames in (data, struct.pack(">I", len(data) - 4) + data[4:] if len(data) > 4 else b""):
        decoder, cut = FrameDecoder(), len(frames) // 3
        with contextlib.suppress(ProtocolError):
            for piece in (frames[:cut], frames[cut : 2 * cut], frames[2 * cut :]):
                for command in decoder.feed(piece):
                    for read in (Config.read, Order.read):
                        with contextlib.suppress(ProtocolError):
                            read(command)


def _to_engine(data: bytes) -> None:
    with contextlib.suppress(GarbledError):
        event = decode(data)
        if event is not None:
            msgspec.json.encode(event, enc_hook=str)


def _lessons() -> tuple[bytes, ...]:
    found = sorted(lessons_dir().glob("*.yaml"))
    assert load(found[0]).steps
    # The first steps of some courses: a small seed is changed in more ways.
    return (ASKS.encode(), *(path.read_bytes()[:4000] for path in found[:6]))


NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python"}},
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Title\n", "text"]},
        {"cell_type": "code", "id": "b", "metadata": {"tags": ["raises-exception"]}, "execution_count": 1,
         "source": "%timeit f(1)\n1/0",
         "outputs": [{"output_type": "stream", "name": "stdout", "text": "x"},
                     {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
                     {"output_type": "execute_result", "execution_count": 1, "metadata": {},
                      "data": {"text/plain": "1", "image/png": "aa"}}]},
    ],
}  # fmt: skip
WORK = {
    "kind": "jaxtour learning state", "version": 2, "place": ["asks", "one"],
    "lessons": {"asks": {"one": {
        "done": True, "edit": "x = 2", "base": "x = 1", "versions": [["x = 3", None]], "scratch": "1", "answer": "1",
        "right": False, "attempts": 1, "hints": 1, "seconds": 2.5,
        "card": {"card_id": 1, "state": 2, "step": None, "stability": 2.3, "difficulty": 5.0,
                 "due": "2026-01-03T00:00:00+00:00", "last_review": "2026-01-01T00:00:00+00:00"}}}},
}  # fmt: skip
EVENTS = (
    {"event": "state", "state": "ready", "detail": "d"},
    {"event": "text", "run": 1, "stream": "stdout", "text": "x", "dropped": 0, "background": False},
    {"event": "done", "run": 1, "status": "ok", "seconds": 0.5, "dirty": False, "reason": ""},
    {"event": "error", "run": 1, "type": "E", "message": "m", "frames": []},
    {"event": "stage", "run": 1, "index": 0, "stage": "jaxpr", "text": "{ lambda ; a:f32[]. let in (a,) }"},
    {"event": "hello", "proto": 2, "jaxtour": "0", "python": "3", "pid": 1, "host": "h"},
)
CELL = commands.Cell(name="a/b", code="1 + 1", traces=(commands.TraceCall(label="f", call="f(1)"),))
MYST = "# Title\n\ntext\n\n```{code-cell} python\n:tags: [raises-exception]\n\n1 / 0\n```\n"
PERCENT = "# %% [markdown]\n# # Title\n# text\n\n# %%\n1 + 1\n\n# %% tags=['a']\n%matplotlib inline\nf(2)\n"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


TARGETS = {
    "lesson": Target(_lesson, _lessons()),
    "notebook": Target(_notebook(".ipynb"), (_json(NOTEBOOK),)),
    "MyST page": Target(_notebook(".md"), (MYST.encode(),)),
    "percent script": Target(_notebook(".py"), (PERCENT.encode(),)),
    "state": Target(_state, (_json(WORK),)),
    "progress": Target(_progress, (_json(WORK), _json({"version": 1}))),
    "trust": Target(_trusted, (_json({"version": 1, "files": {"/a": {"digest": "d", "code": "c", "when": 1.5}}}),)),
    "settings": Target(_settings, (b'theme = "dark"\nmouse = false\nplatform = "cpu"\n[keys]\nrun = "r,f5"\n',)),
    "answers": Target(_answers, (b"asks/one: yes\ntwo: 5\n", _json({"asks/one": "2", "two": "x"}))),
    "frames to the guard": Target(
        _to_guard, (encode(commands.Open(python="p", devices=2)), encode(commands.Run(run=1, cell=CELL)))
    ),
    "frames to the engine": Target(_to_engine, tuple(map(_json, EVENTS))),
}


def judged(target: Target, data: bytes) -> float:
    """Check an input; returns the processor time that it took, relative to what it may take."""
    began = time.thread_time()
    target.check(data)
    return (time.thread_time() - began) / (MOST_S * (1 + len(data) // PIECE))


def least(target: Target, data: bytes, tries: int = 3) -> float:
    """Return the same for the fastest of several tries: the machine has other work too."""
    return min(judged(target, data) for _ in range(tries))
