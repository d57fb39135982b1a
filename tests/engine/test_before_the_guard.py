"""What the session is asked before there is a guard, or about a lesson that may not run."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from model_worker import LESSON, Recorder, drain, recorded, step

from jaxtour.course.trust import EVERYTHING, Trust
from jaxtour.engine.report import RunPurpose, Runs
from jaxtour.engine.session import EngineError, Session
from jaxtour.engine.wire.commands import Command, Open, Restart
from jaxtour.text import Raw

ASKED: dict[str, Callable[[Session], Awaitable[object]]] = {
    "run": lambda session: session.run(LESSON, step(0)),
    "run for a probe": lambda session: session.run_for_probe(LESSON, step(0)),
    "request": lambda session: session.request(LESSON, step(0)),
    "names": lambda session: session.names(LESSON, step(0), "", "a"),
    "peaks": lambda session: session.peaks(),
    "configure": lambda session: session.configure("cpu", None, None),
}
FOREIGN = msgspec.structs.replace(LESSON, file=Raw("/elsewhere/lesson.yaml"))


class Slow(Recorder):
    """A worker whose guard exists once `there` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.there = asyncio.Event()
        self.sent: list[Command] = []

    async def start(self) -> None:
        await self.there.wait()

    async def send(self, command: Command) -> None:
        self.sent.append(command)
        await super().send(command)


async def sent_early(asked: Callable[[Session], Awaitable[object]]) -> tuple[list[Command], list[Command]]:
    """Return what was sent before there was a guard, and after."""

    async def ask() -> None:
        await asked(session)

    worker = Slow()
    session = Session(worker)
    starting, asking = asyncio.create_task(session.start()), asyncio.create_task(ask())
    await asyncio.wait([starting, asking], timeout=0)
    early = [*worker.sent]
    worker.there.set()
    await asyncio.gather(starting, asking)
    return early, worker.sent


@pytest.mark.parametrize("name", ASKED)
async def test_what_is_asked_early_is_sent_after_the_worker_was_opened(name: str) -> None:
    early, sent = await sent_early(ASKED[name])
    assert early == [] and isinstance(sent[0], Open) and len(sent) == 2


async def test_a_restart_reaches_the_worker_and_its_state_is_gone() -> None:
    worker = Slow()
    worker.there.set()
    session = Session(worker)
    await session.start()
    await session.run(LESSON, step(0))
    await drain(session)
    await session.restart()
    assert worker.sent[-1] == Restart()
    await session.run(LESSON, step(1))
    assert worker.runs[-1].fresh


@pytest.mark.parametrize("name", ["run", "run for a probe", "request", "names"])
async def test_nothing_of_a_lesson_that_may_not_run_is_sent(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EVERYTHING, raising=False)
    session, worker = await recorded()
    session.trust = Trust(tmp_path / "trusted.json")
    asked = {
        "run": lambda: session.run(FOREIGN, step(0)),
        "run for a probe": lambda: session.run_for_probe(FOREIGN, step(0)),
        "request": lambda: session.request(FOREIGN, step(0)),
        "names": lambda: session.names(FOREIGN, step(0), "", "a"),
    }
    with pytest.raises(EngineError, match="so none of it runs"):
        await asked[name]()
    assert await session.prepare(FOREIGN, step(1)) is None and worker.runs == []


async def test_the_newest_of_the_runs_that_wait_for_the_guard_is_current_and_all_can_be_dropped() -> None:
    worker = Slow()
    session = Session(worker)
    runs, starting = Runs(session), asyncio.create_task(session.start())
    first, second = RunPurpose("run", ("lesson", "a")), RunPurpose("run", ("lesson", "b"))
    one, two = session.run(LESSON, step(0)), session.run(LESSON, step(1))
    await runs.launch(one, first)
    await runs.launch(two, second)
    assert runs.current is second
    dropped = runs.drop_early("gone")
    assert [(done.run, done.status, done.reason) for done in dropped] == [
        (one.run, "interrupted", "gone"),
        (two.run, "interrupted", "gone"),
    ]
    worker.there.set()
    await starting
    await drain(session)
    assert worker.runs == [] and runs.drop_early("again") == []
