"""An engine that plays a script: the same events for the same step, every time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from jaxtour.engine.wire.commands import (
    Close,
    Command,
    Interrupt,
    Open,
    Ping,
    Restart,
    Run,
    Suspend,
)
from jaxtour.engine.wire.messages import (
    PROTO,
    Device,
    Died,
    Done,
    Event,
    Executed,
    Facts,
    FromProcess,
    Hello,
    Host,
    Level,
    Pong,
    Profile,
    RunEvent,
    Stage,
    State,
    Timing,
)
from jaxtour.text import harmless


class Hold(msgspec.Struct, frozen=True):
    """In a script, waits here until `FakeEngine.release` is called, or the run is interrupted."""

    name: str = ""


Script: TypeAlias = Mapping[str, Sequence[Event | Hold]]
"""Events by the cell's name (`lesson/step`), or by its code; the run's number is filled in.

Stages below the jaxpr, levels with theirs, and timings come on request, with the `Hold`s right before them. The
devices' peaks stand under `PEAKS`.
"""

PEAKS = "peaks"
NAMES = "names"
"""The completions that the worker knows for the beginning of a name."""

FACTS = Facts(
    python="3.11.9",
    jax="0.10.2",
    jaxlib="0.10.2",
    numpy="2.2.0",
    platforms=("cpu",),
    simulated=False,
    devices=(Device(id=0, platform="cpu", kind="cpu"),),
    host=Host(cpu="AMD EPYC", cores=2, memory_bytes=24 * 2**30),
)


class FakeEngine:
    """Answers commands from a script, at once and in order; keeps what it was sent in `sent`."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        facts: Facts = FACTS,
        opening: Iterable[Event | Hold] = (),
    ) -> None:
        self.script = script or {}
        self.facts = facts
        self.opening = tuple(opening)
        """The events that are played before the worker is ready."""
        self.sent: list[Command] = []
        self.closed = False
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._held: dict[str, asyncio.Event] = {}
        self._playing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Say hello."""
        self.closed = False
        self._queue = asyncio.Queue()
        self.push(Hello(proto=PROTO, jaxtour="0", python="3.11.9", pid=1, host="fake"))

    async def send(self, command: Command) -> None:
        """Take a command and play what the script has for it."""
        self.sent.append(command)
        match command:
            case Open() | Restart():
                self._play(self._open(), None)
            case Run(cell=None, probe=None, run=run, peaks=peaks, complete=beginning):
                played = self.script.get(PEAKS if peaks else "" if beginning is None else NAMES, ())
                self._play((State(state="running"), *played, Done(run=run, status="ok"), State(state="ready")), run)
            case Run(run=run):
                self._play(self._run(command), run)
            case Interrupt():
                self.push(State(state="interrupting"))
                self.release()
            case Ping(n=n):
                self.push(Pong(n=n))
            case Close():
                pass

    def suspend(self) -> None:
        """Note that the app stops."""
        self.sent.append(Suspend())

    async def events(self) -> AsyncIterator[Event]:
        """Yield what was pushed or played, until closed."""
        while (event := await self._queue.get()) is not None:
            yield event

    async def close(self) -> None:
        """End the events."""
        if self._playing is not None:
            self._playing.cancel()
        if not self.closed:
            self.closed = True
            self._queue.put_nowait(None)

    def push(self, *events: Event) -> None:
        """Send an event out of turn; its text is made harmless, as a worker's is."""
        for event in events:
            self._queue.put_nowait(harmless(event))

    def release(self, name: str | None = None) -> None:
        """Let a script continue that waits at this `Hold`, or at any."""
        for held, event in list(self._held.items()):
            if name in (None, held):
                event.set()

    @property
    def holding(self) -> bool:
        """Whether a script waits."""
        return any(not event.is_set() for event in self._held.values())

    def _open(self) -> Sequence[Event | Hold]:
        ready = (State(state="opening devices"), self.facts, State(state="ready"))
        return (State(state="importing jax"), *self.opening, *ready)

    def _run(self, command: Run) -> Sequence[Event | Hold]:
        cell = command.cell or command.probe
        assert cell is not None
        played = self.script.get(cell.code, self.script.get(cell.name))
        if played is None:
            played = (Executed(run=0, status="ok", seconds=0.001),)
        played = tuple(_asked_for(map(harmless, played), command))
        events: list[Event | Hold] = [State(state="running"), *played]
        if not any(isinstance(event, Done | Died) for event in played):
            failed = any(isinstance(event, Executed) and event.status == "error" for event in played)
            dirty = command.probe is not None or bool(command.requests or command.ladder)
            events.append(Done(run=0, status="error" if failed else "ok", seconds=0.31, dirty=dirty))
        if not any(isinstance(event, State) and event.state == "dead" for event in played):
            events.append(State(state="ready"))
        return events

    def _play(self, events: Sequence[Event | Hold], run: int | None) -> None:
        before = self._playing
        self._playing = asyncio.create_task(self._played(events, run, before), name="fake engine")

    async def _played(self, events: Sequence[Event | Hold], run: int | None, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        for event in events:
            if isinstance(event, Hold):
                self._held[event.name] = asyncio.Event()
                await self._held[event.name].wait()
                if self._interrupted(run):
                    self.push(Done(run=run or 0, status="interrupted", seconds=2.0), State(state="ready"))
                    return
            elif isinstance(event, FromProcess) and run is not None:
                self.push(msgspec.structs.replace(event, said=msgspec.structs.replace(event.said, run=run)))
            elif isinstance(event, RunEvent) and event.run == 0 and run is not None:
                self.push(msgspec.structs.replace(event, run=run))
            else:
                self.push(event)

    def _interrupted(self, run: int | None) -> bool:
        """Return whether an interrupt came after this run was requested."""
        for command in reversed(self.sent):
            if isinstance(command, Interrupt):
                return run is not None
            if isinstance(command, Run) and command.run == run:
                return False
        return False


def _asked_for(played: Iterable[Event | Hold], command: Run) -> Iterator[Event | Hold]:
    """Yield what a script has for this run: of a request only what is requested, of a run everything else."""
    requests = {(look.index, look.stage) for look in command.requests}
    held: list[Hold] = []
    for event in played:
        if isinstance(event, Hold):
            held.append(event)
            continue
        wanted = command.cell is not None
        if isinstance(event, Level) or (isinstance(event, Stage) and event.level):
            wanted = command.ladder is not None
        elif isinstance(event, Stage) and (event.stage != "jaxpr" or not wanted):
            wanted = (event.index, event.stage) in requests
        elif isinstance(event, Timing):
            wanted = event.call.text in {call.call for call in command.time}
        elif isinstance(event, Profile):
            wanted = command.profile is not None and event.index == command.profile.index
        if wanted:
            yield from (*held, event)
        held.clear()
    if command.cell is not None:
        yield from held
