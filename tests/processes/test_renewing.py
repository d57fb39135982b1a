"""The runners of several processes are renewed, with guards that say only what the test says."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from jaxtour.engine.guards.connection import EngineError
from jaxtour.engine.guards.processes import Processes
from jaxtour.engine.wire.commands import Cell, Command, Open, Renew, Run
from jaxtour.engine.wire.messages import Done, Event, State


class Said:
    """A guard that says what it is given, and keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.events_to_come: asyncio.Queue[Event] = asyncio.Queue()

    async def start(self) -> None:
        pass

    async def send(self, command: Command) -> None:
        self.sent.append(command)

    async def events(self) -> AsyncIterator[Event]:
        while True:
            yield await self.events_to_come.get()

    def suspend(self) -> None:
        pass

    async def close(self) -> None:
        pass


async def test_a_run_after_one_that_was_stopped_begins_in_new_runners() -> None:
    guards: list[Said] = []

    def connect(_: int) -> Said:
        guards.append(Said())
        return guards[-1]

    engine = Processes(connect)
    await engine.start()
    await engine.send(Open(processes=2))
    events = engine.events()
    for guard in guards:
        guard.events_to_come.put_nowait(State(state="ready"))
    await engine.send(Run(run=1, cell=Cell(name="a/b", code="1")))
    guards[1].events_to_come.put_nowait(Done(run=1, status="ok"))
    guards[0].events_to_come.put_nowait(Done(run=1, status="timeout", dirty=True))
    async for event in events:
        if isinstance(event, Done):
            break
    # The guard of process 0 has not said yet that its runner is gone.
    await engine.send(Run(run=2, cell=Cell(name="a/b", code="1")))
    for guard in guards:
        kinds = [type(command) for command in guard.sent]
        assert Renew in kinds[: len(kinds) - 1] and kinds[-1] is Run
        assert kinds.index(Renew) > kinds.index(Run), "the first run began in the first runners"
    await engine.close()


async def test_a_guard_that_does_not_start_is_told_at_once_and_of_several_it_is_named() -> None:
    class Lame(Said):
        async def start(self) -> None:
            raise EngineError("cannot start")

    with pytest.raises(EngineError, match=r"^cannot start$"):
        await Processes(lambda _: Lame()).start()
    engine = Processes(lambda process: Lame() if process else Said())
    await engine.start()
    with pytest.raises(EngineError, match=r"^process 1 of 2: cannot start$"):
        await engine.send(Open(processes=2))
    await engine.close()
