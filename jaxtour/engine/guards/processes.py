"""The guards of a worker, one for each process that runs the steps; most workers have one.

A guard keeps the time limits and the process tree of one runner, so each process has its own guard, here or on its own
machine. JAX's distributed runtime connects the runners. It lives in the runner of process 0 and lets nobody rejoin:
when one runner has to be replaced, all are.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import msgspec

from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.guards.connection import Engine, EngineError
from jaxtour.engine.guards.together import RunTogether, about, named
from jaxtour.engine.wire.commands import Close, Command, Interrupt, Join, Open, Renew, Restart, Run
from jaxtour.engine.wire.messages import (
    Died,
    Done,
    Event,
    Facts,
    Hello,
    Joining,
    Left,
    Log,
    OwnEvent,
    Pong,
    RunEvent,
    RunProgress,
    State,
    WireEvent,
    WorkerState,
)

GRACE_S = 2.0
"""How long the others may continue after one process has failed: they are probably waiting for it."""
HASTE_S = 0.5
"""How long they then have to end on their own: no interrupt reaches the wait in a collective."""
LOOPBACK = "127.0.0.1"
_ORDER: tuple[WorkerState, ...] = (
    "dead", "interrupting", "restarting", "spawning", "importing jax", "opening devices", "running", "ready"
)  # fmt: skip
"""The state of all processes is the first of these that any process is in."""
ENDED = ("interrupted", "timeout", "died")
"""How a run ends when its runner is replaced."""
_QUEUE = 1000
"""The number of events that may wait for the screen; then the guards wait."""


class _Member(msgspec.Struct, eq=False):
    """A guard, and what it last reported about its runner."""

    engine: Engine
    reader: asyncio.Task[None] | None = None
    state: State = State(state="spawning")
    facts: Facts | None = None
    port: int | None = None
    """A free port on its machine, once its runner can connect."""


class Processes:
    """The guards of a worker as one engine.

    It passes on process 0's events unchanged, and what other processes say about a run as `FromProcess`.
    """

    def __init__(self, connect: Callable[[int], Engine] = lambda _: ProcessEngine(), address: str = LOOPBACK) -> None:
        self._connect = connect
        """Connects to the guard of a process."""
        self._address = address
        """Where the other processes reach process 0."""
        self._members: list[_Member] = []
        self._events: asyncio.Queue[Event | Exception | None] = asyncio.Queue(_QUEUE)
        self._generation = 0
        self._broken = ""
        """Why all runners must be renewed as soon as nothing runs."""
        self._touched = False
        """Whether the runners have received a run."""
        self._runs: dict[int, RunTogether] = {}
        self._said = State(state="spawning")
        self._grace: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def _many(self) -> bool:
        return len(self._members) > 1

    async def start(self) -> None:
        """Start the guard of process 0; the others start when a worker of several processes is opened."""
        await self.close()
        self._events = asyncio.Queue(_QUEUE)
        self._runs.clear()
        await self._add(1)

    async def events(self) -> AsyncIterator[Event]:
        """Yield every event until a guard is gone or `close` is called; for one reader at a time."""
        events = self._events
        while (event := await events.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event

    async def send(self, command: Command) -> None:
        """Send one command to every process; raises `EngineError` if a guard is gone."""
        match command:
            case Open():
                await self._open(command)
            case Run() if self._many:
                await self._run(command)
            case Restart() if self._many:
                await self._renew("at your request", asked=True)
            case _:
                await self._tell(command)

    def suspend(self) -> None:
        """Tell every guard, at once, that this process is about to stop for a while."""
        for member in self._members:
            member.engine.suspend()

    async def close(self) -> None:
        """End all guards and their trees; may be called at any time, and again."""
        members, self._members = self._members, []
        self._still()
        for member in members:
            if member.reader is not None:
                member.reader.cancel()
        await asyncio.gather(*(member.engine.close() for member in members))
        if members:
            self._finish()

    # Guards ----------------------------------------------------------------------------------------------------------

    async def _add(self, count: int) -> None:
        """Start guards until there are `count`; raises the `EngineError` of the first that does not start."""
        new = {process: self._connect(process) for process in range(len(self._members), count)}
        try:
            started = await asyncio.gather(*(engine.start() for engine in new.values()), return_exceptions=True)
            for process, error in zip(new, started, strict=True):
                if isinstance(error, EngineError) and count > 1:
                    raise EngineError(f"{named([process], count)}: {error}") from error
                if error is not None:
                    raise error
        except BaseException:
            await asyncio.gather(*(engine.close() for engine in new.values()))
            raise
        for engine in new.values():
            member = _Member(engine)
            self._members.append(member)
            member.reader = asyncio.create_task(self._read(member), name="reads the events of a guard")

    async def _drop(self, count: int) -> None:
        """End guards until there are `count`."""
        members, self._members = self._members[count:], self._members[:count]
        for member in members:
            if member.reader is not None:
                member.reader.cancel()
        await asyncio.gather(*(member.engine.close() for member in members))

    async def _read(self, member: _Member) -> None:
        try:
            async for event in member.engine.events():
                for said in self._heard(self._members.index(member), member, event):
                    await self._events.put(said)
        except Exception as error:
            await self._events.put(error)
        # Its guard is gone, and has reported that.
        self._finish()

    def _finish(self) -> None:
        """End the events, even if the queue is full."""
        task = asyncio.create_task(self._events.put(None), name="ends the events")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, command: Command) -> None:
        if not self._members and not isinstance(command, Close):
            raise EngineError("the worker is not running")
        await asyncio.gather(*(member.engine.send(command) for member in self._members))

    # Commands --------------------------------------------------------------------------------------------------------

    async def _open(self, command: Open) -> None:
        self._begin()
        if command.processes == 1:
            self._runs.clear()
        await self._drop(command.processes)
        try:
            await self._add(command.processes)
        except BaseException:
            await self.close()
            raise
        commands = (
            msgspec.structs.replace(command, process=process, generation=self._generation)
            for process in range(command.processes)
        )
        await asyncio.gather(*(member.engine.send(each) for member, each in zip(self._members, commands, strict=True)))

    async def _run(self, command: Run) -> None:
        if self._said.state == "dead":
            await self._events.put(Done(run=command.run, status="died", reason=self._said.detail))
            return
        if self._broken or (command.fresh and self._touched):
            await self._renew(self._broken or "a fresh worker for this run")
        self._touched = True
        self._runs[command.run] = RunTogether(command.run, len(self._members))
        await self._tell(command)

    async def _renew(self, why: str, *, asked: bool = False) -> None:
        """Replace all runners, which connect on a new port."""
        self._begin()
        await self._tell(Renew(generation=self._generation, why=why, asked=asked))

    async def _mend(self) -> None:
        """Replace all runners, unless something else already has."""
        if self._broken and self._many:
            await self._renew(self._broken)

    def _begin(self) -> None:
        """Begin a new generation of runners."""
        self._generation += 1
        self._broken, self._touched = "", False
        self._still()
        for member in self._members:
            member.port = member.facts = None

    def _still(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    # Events ----------------------------------------------------------------------------------------------------------

    def _heard(self, process: int, member: _Member, event: WireEvent | Event) -> Iterable[Event]:
        if not self._many:
            return (event,)
        match event:
            case State():
                member.state = event
                return self._stated()
            case Facts():
                member.facts = event
                return self._facts()
            case Joining(generation=self._generation, port=port):
                member.port = port
                self._join()
                return ()
            case Left(generation=self._generation, reason=reason):
                return self._left(reason)
            case Joining() | Left():
                return ()
            case Died():
                return self._died(process, event)
            case Hello() | Pong() if process:
                return ()
            case Log(text=text) if process:
                return (Log(text=f"{named([process], 0)}: {text}"),)
            case _ if isinstance(event, OwnEvent):
                return self._of_run(process, event)
            case _:
                return (event,)

    def _of_run(self, process: int, event: OwnEvent) -> Iterable[RunEvent]:
        run = self._runs.get(event.run)
        if run is None:
            # Background text of a finished run, or a run from before there were several processes.
            return () if process else (event,)
        said = list(run.take(process, event))
        if isinstance(event, Done) and event.status in ENDED:
            # Its guard reports that too, but perhaps after the next run has begun in the others.
            self._broken = self._broken or about(process, len(self._members), event.reason or event.status)
        if run.over:
            del self._runs[run.run]
            self._still()
            if self._broken:
                self._later(self._mend())
        elif run.failed and self._grace is None and isinstance(event, Done | RunProgress):
            loop = asyncio.get_running_loop()
            grace = HASTE_S if isinstance(event, Done) and event.status == "died" else GRACE_S
            self._grace = loop.call_later(grace, lambda: self._later(self._stop_waiting(run)))
        return said

    async def _stop_waiting(self, run: RunTogether) -> None:
        """Interrupt, then kill, the processes that are still in a step that another one has left by an error."""
        if not run.failed:
            self._grace = None
            return
        run.stop()
        for _ in range(2):
            for process in run.missing:
                await self._members[process].engine.send(Interrupt())
            await asyncio.sleep(HASTE_S)

    def _left(self, reason: str) -> Iterable[Event]:
        """Let the other runners follow one that is gone, once they have finished what they run."""
        if not self._broken:
            self._broken = reason
            if not self._runs:
                self._later(self._mend())
        return ()

    def _died(self, process: int, event: Died) -> Iterable[Event]:
        """Report a death; only the first has a cause, since JAX ends whichever runner loses its coordinator."""
        who = about(process, len(self._members), event.reason)
        if self._broken or event.generation != self._generation:
            return (Log(text=who),)
        self._broken = who
        if not self._runs:
            self._later(self._mend())
        return (msgspec.structs.replace(event, reason=who),)

    def _join(self) -> None:
        """Connect the runners, once all have imported jax."""
        if all(member.port is not None for member in self._members):
            coordinator = f"{self._address}:{self._members[0].port}"
            self._later(self._tell(Join(generation=self._generation, coordinator=coordinator)))

    def _stated(self) -> Iterable[Event]:
        """Return the state of all, if it has changed."""
        state = min((member.state.state for member in self._members), key=_ORDER.index)
        inside = [at for at, member in enumerate(self._members) if member.state.state == state]
        first = self._members[inside[0]].state
        detail = first.detail
        if state == "dead":
            detail = about(inside[0], len(self._members), detail)
        elif state == "restarting":
            detail = self._broken or detail
        elif state in ("spawning", "importing jax", "opening devices") and not detail:
            some = len(inside) < len(self._members)
            detail = f"waiting for {named(inside, len(self._members))}" if some else ""
        now = State(state=state, detail=detail, code=first.code)
        if now == self._said:
            return ()
        self._said = now
        return (*self._cut(inside[0], detail), now) if state == "dead" else (now,)

    def _cut(self, process: int, reason: str) -> Iterable[Event]:
        """Yield the ends of all runs, which this process will never finish."""
        runs, self._runs = self._runs, {}
        self._still()
        for run in runs.values():
            others = [each for each in run.missing if each != process]
            run.stopped.update(others)
            if process in run.missing:
                yield from run.take(process, Done(run=run.run, status="died", dirty=True, reason=reason))
            for other in others:
                self._later(self._members[other].engine.send(Interrupt()))
                yield from run.take(other, Done(run=run.run, status="interrupted", dirty=True))

    def _facts(self) -> Iterable[Event]:
        """Merge the facts of all processes: each device as its own process reports it."""
        known = [member.facts for member in self._members]
        whole = [facts for facts in known if facts is not None]
        if len(whole) < len(known):
            return ()
        own = {(device.platform, device.id): device for facts in whole for device in facts.devices if device.local}
        first = whole[0]
        devices = tuple(
            msgspec.structs.replace(own.get((device.platform, device.id), device), local=device.local)
            for device in first.devices
        )
        live = sum(facts.live_arrays for facts in whole), sum(facts.live_bytes for facts in whole)
        return (
            msgspec.structs.replace(first, devices=devices, live_arrays=live[0], live_bytes=live[1], gathered=True),
        )

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something while events are being read; a guard that is gone reports that itself."""
        task = asyncio.create_task(_unless_gone(work), name="of several processes")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _unless_gone(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(EngineError):
        await work
