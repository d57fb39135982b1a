"""Which code runs where: the rule of state.

A step always runs in the state that the lesson's own earlier steps leave. The session knows what the runner has
executed since it started; a run either goes on from there, or asks for a fresh runner and replays. Whatever is not
known to be that state (an edit, an interrupt, a death, a timing, a look) counts as unknown.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import msgspec

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.asked_devices import asked_devices
from jaxtour.engine.cells import asked_of, cell, timeout_of
from jaxtour.engine.commands import Cell, Close, Command, Interrupt, Open, Restart, Run, StageRequest, TimeCall
from jaxtour.engine.messages import Died, Done, Event, Facts, State, WorkerState
from jaxtour.engine.runs import Handle
from jaxtour.text.clean import clean

STARTING: frozenset[WorkerState] = frozenset(("spawning", "restarting", "importing jax", "opening devices"))
"""What a runner goes through before it says what it found."""


class Engine(Protocol):
    """A way to a guard: a process, or a script in a test."""

    async def start(self) -> None:
        """Start it; raises `EngineError` when that cannot be done."""

    async def send(self, command: Command) -> None:
        """Send one command."""

    def events(self) -> AsyncIterator[Event]:
        """Every event, until the guard is gone."""

    async def close(self) -> None:
        """End the guard and its tree; may be called twice."""


class EngineError(Exception):
    """The guard cannot be started or no longer answers; the message is for the user, one line."""

    def __init__(self, message: str) -> None:
        super().__init__(clean(message, keep_newlines=False))


class WorkerConfig(msgspec.Struct, frozen=True):
    """What the user chose for the worker."""

    python: str | None = None
    platform: str | None = None
    devices: int | None = None
    device: int | None = None
    """The id of the device that code runs on, where it is not the first."""
    wait: bool = False
    """Whether an accelerator that another process holds is waited for."""


class Session:
    """Runs steps on an engine under the rule of state, and tells what comes of it."""

    def __init__(self, engine: Engine, config: WorkerConfig | None = None) -> None:
        self.engine = engine
        self.config = config or WorkerConfig()
        self.state: WorkerState = "spawning"
        self.detail = ""
        self.code = ""
        """What is amiss with the accelerators, where that is why there is no worker."""
        self.facts: Facts | None = None
        self.current: int | None = None
        """The run that is not done yet."""
        self._runs = 0
        self._opened: Open | None = None
        self._executed: tuple[Cell, ...] | None = None
        """The cells that made the runner's state, or None when that is not known."""
        self._goal: dict[int, tuple[Cell, ...]] = {}
        """By run, the cells whose state it leaves when it goes well."""
        self._looked: tuple[Cell, ...] | None = None
        """The cells whose state the runner had before it was looked into: for looking again it still is that."""
        self._looking: dict[int, tuple[Cell, ...]] = {}
        """By run of a look, the cells whose state it looks into."""
        self._on_cpu = True
        """Whether the CPU is what code runs on when nothing is simulated, as far as that is known."""
        self._own_devices: int | None = None
        """How many devices there are when none are simulated, once that is known."""
        self._own = _opening(self.config)
        self._stale = False
        """Whether facts that come are those of a runner that is being replaced by another kind."""
        self._started = asyncio.Event()
        self._known = asyncio.Event()

    @property
    def simulating(self) -> int | None:
        """How many CPU devices are simulated, if any are."""
        return self._opened.devices if self._opened else None

    async def start(self) -> None:
        """Start the guard and a runner."""
        try:
            await self.engine.start()
            await self._open(self._own)
        finally:
            self._started.set()

    async def events(self) -> AsyncIterator[Event]:
        """Every event, after the session has taken note of it."""
        async for event in self.engine.events():
            self._note(event)
            yield event

    async def configure(
        self, platform: str | None, devices: int | None, device: int | None, *, wait: bool = False
    ) -> None:
        """Have another kind of runner in place of the one there is, for all that comes; the Python stays.

        What runs is cut short, and nothing of its state is left: `prepare` or a run replays. Steps that need more
        devices than that still get them, simulated. Raises `EngineError` when there is no guard.
        """
        await self._started.wait()
        self.config = msgspec.structs.replace(self.config, platform=platform, devices=devices, device=device, wait=wait)
        self._own = _opening(self.config)
        self.facts = self._own_devices = None
        self._known.clear()
        await self._open(self._own)

    def run(
        self,
        lesson: Lesson,
        step: Step,
        code: str | None = None,
        *,
        timings: bool = True,
        hlo: bool = False,
        requests: tuple[StageRequest, ...] = (),
        ladder: str | None = None,
        base: dict[str, str] | None = None,
        default_timeout_s: float | None = None,
        patience: float = 1.0,
    ) -> Handle:
        """Run a step: a handle with the number that its events carry, to be awaited.

        `code` is the learner's edit; `base` gives edits of earlier steps to build on, by step id. `requests` and
        `ladder` are shown right after the run, with it. `default_timeout_s` bounds a step without a timeout of its own;
        `patience` is how many times the usual time a timing may take.
        May be called before `start` has ended; raises `EngineError` when there is no guard.
        """
        asked = asked_of(step, timings=timings, hlo=hlo, default_timeout_s=default_timeout_s)
        requests = tuple(look for look in requests if look.stage != "jaxpr")  # those come with every run
        own = cell(lesson, step, code)
        command = msgspec.structs.replace(asked, cell=own, requests=requests, ladder=ladder, patience=patience)
        return self._step(lesson, step, command, base)

    def run_for_probe(self, lesson: Lesson, step: Step, *, default_timeout_s: float | None = None) -> Handle:
        """Run a step so that it can be probed later, and the state stays what the steps alone leave."""
        timeout_s = timeout_of(step, default_timeout_s)
        return self._step(lesson, step, Run(run=0, cell=cell(lesson, step), keep=True, timeout_s=timeout_s))

    def _step(self, lesson: Lesson, step: Step, command: Run, base: dict[str, str] | None = None) -> Handle:
        """A run in the state that the steps before leave."""
        before = self.before(lesson, step, base)
        own = (command.cell,) if command.cell else ()

        async def send(run: int) -> None:
            await self._started.wait()
            await self._fit(lesson, step, (*before, *own))
            await self._run(run, command, before)

        return self._handle(send)

    def probe(self, lesson: Lesson, step: Step, *, hlo: bool, default_timeout_s: float | None = None) -> Handle:
        """Ask, check and call briefly what a step that ran for it names; the state is not known after that."""
        asked = asked_of(step, hlo=hlo, default_timeout_s=default_timeout_s)

        async def send(run: int) -> None:
            self._forget()
            await self._send(run, msgspec.structs.replace(asked, probe=cell(lesson, step), brief=True))

        return self._handle(send)

    def request(
        self,
        lesson: Lesson,
        step: Step,
        code: str | None = None,
        *,
        requests: tuple[StageRequest, ...] = (),
        ladder: str | None = None,
        base: dict[str, str] | None = None,
    ) -> Handle:
        """Show stages of a step's traces in the state that running it left.

        Where the runner is not in that state any more, the lesson is replayed up to the step's end; where it is, or
        where only looks came since, it answers as it is. What was looked into is no state for any other run. There is
        no time limit: somebody sits in front of it. Raises `EngineError` when there is no guard.
        """
        return self._request(lesson, step, code, base, Run(run=0, requests=requests, ladder=ladder))

    def measure(
        self,
        lesson: Lesson,
        step: Step,
        code: str | None = None,
        *,
        calls: tuple[TimeCall, ...],
        patience: float = 1.0,
        base: dict[str, str] | None = None,
    ) -> Handle:
        """Measure calls in the state that running the step left, as a look is made."""
        return self._request(lesson, step, code, base, Run(run=0, time=calls, patience=patience))

    def peaks(self) -> Handle:
        """Measure what a device of each platform can do at most.

        It takes about a second for each, and belongs to no step: the state is not known after that.
        """

        async def send(run: int) -> None:
            await self._started.wait()
            self._forget()
            await self._send(run, Run(run=0, peaks=True))

        return self._handle(send)

    async def prepare(self, lesson: Lesson, step: Step) -> int | None:
        """Bring the runner, ahead of the asking, to where `step` starts; None when it is there already."""
        needed = self.before(lesson, step, None)
        if self._opened != self._wanted(lesson, step, (*needed, cell(lesson, step))) or self._executed == needed:
            return None
        return await self._handle(lambda run: self._run(run, Run(run=0), needed))

    async def interrupt(self) -> None:
        """Stop what runs; a second time, without grace."""
        self._forget()
        await self.engine.send(Interrupt())

    async def restart(self) -> None:
        """Ask for a new runner with the same configuration."""
        self._forget()
        await self.engine.send(Restart())

    async def close(self) -> None:
        """End the worker."""
        await self.engine.send(Close())
        await self.engine.close()

    @staticmethod
    def before(lesson: Lesson, step: Step, base: dict[str, str] | None = None) -> tuple[Cell, ...]:
        """The cells whose state the step needs."""
        cells = []
        for earlier in lesson.steps:
            if earlier.id == step.id:
                break
            if isinstance(earlier, Step):
                cells.append(cell(lesson, earlier, (base or {}).get(earlier.id)))
        return tuple(cells)

    def _handle(self, send: Callable[[int], Awaitable[None]]) -> Handle:
        self._runs += 1
        return Handle(self._runs, send)

    async def _run(self, run: int, command: Run, before: tuple[Cell, ...]) -> None:
        """Send a run, which needs the state that these cells leave."""
        done = self._executed
        fresh = done is None or done != before[: len(done)]
        missing = before if fresh else before[len(done or ()) :]
        self._executed = self._looked = None
        self._looking.clear()
        self._goal[run] = (*before, command.cell) if command.cell else before
        await self._send(run, msgspec.structs.replace(command, replay=missing, fresh=fresh))

    async def _send(self, run: int, command: Run) -> None:
        self.current = run
        await self.engine.send(msgspec.structs.replace(command, run=run))

    def _request(
        self, lesson: Lesson, step: Step, code: str | None, base: dict[str, str] | None, command: Run
    ) -> Handle:
        """What probes a step in the state that it left."""

        async def send(run: int) -> None:
            await self._started.wait()
            own = cell(lesson, step, code)
            cells = (*self.before(lesson, step, base), own)
            await self._fit(lesson, step, cells)
            there = cells in (self._executed, self._looked)
            self._forget()
            self._looking[run] = cells
            replay = () if there else cells
            await self._send(run, msgspec.structs.replace(command, replay=replay, fresh=not there, probe=own))

        return self._handle(send)

    def _wanted(self, lesson: Lesson, step: Step, cells: tuple[Cell, ...]) -> Open:
        """The configuration that the step needs: the user's, with devices simulated where there are too few.

        Where the code itself says how many CPU devices there are, as many are opened before it runs.
        """
        own = self._own
        asked = asked_devices(cells) if own.platform in (None, "cpu") and self._on_cpu else None
        if asked:
            return own if asked == own.devices else Open(python=own.python, platform="cpu", devices=asked)
        needed = self.devices_needed(lesson, step)
        have = self.config.devices or self._own_devices or 1
        if needed <= have:
            return own
        # A device was chosen by its number among simulated ones, of which there are only more now, or among real ones.
        return Open(python=own.python, platform="cpu", devices=needed, device=own.device if own.devices else None)

    async def _fit(self, lesson: Lesson, step: Step, cells: tuple[Cell, ...]) -> None:
        """Open another runner if the step needs other devices; waits until it is known how many there are."""
        some = self.devices_needed(lesson, step) > 1 or asked_devices(cells) is not None
        if some and self.config.devices is None:
            await self._known.wait()
        wanted = self._wanted(lesson, step, cells)
        if wanted != self._opened:
            await self._open(wanted)

    @staticmethod
    def devices_needed(lesson: Lesson, step: Step) -> int:
        """As many as the step and those before it ask for, whose code its state comes from."""
        needed = lesson.requires.devices
        for earlier in lesson.steps:
            if isinstance(earlier, Step) and earlier.requires:
                needed = max(needed, earlier.requires.devices)
            if earlier.id == step.id:
                break
        return needed

    def _forget(self) -> None:
        """The runner's state is not known any more, whatever the runs under way still report."""
        self._executed = self._looked = None
        self._goal.clear()
        self._looking.clear()

    async def _open(self, command: Open) -> None:
        self._stale = self._opened is not None
        self._opened = command
        self._forget()
        self._executed = ()
        await self.engine.send(command)

    def _note(self, event: Event) -> None:
        match event:
            case State():
                self.state, self.detail, self.code = event.state, event.detail, event.code
                self._stale = self._stale and event.state not in STARTING
                if event.state == "dead":
                    self._forget()
                    self._known.set()
            case Facts():
                self.facts = event
                if self._opened and self._opened.devices is None and not self._stale:
                    platform = event.platforms[0] if event.platforms else ""
                    self._on_cpu = platform in ("cpu", "")
                    self._own_devices = sum(device.platform == platform for device in event.devices)
                    self._known.set()
            case Done():
                goal, looked = self._goal.pop(event.run, None), self._looking.pop(event.run, None)
                if event.run == self.current:
                    self.current = None
                    if goal is not None:
                        whole = event.status in ("ok", "error") and not event.dirty
                        self._executed = goal if whole else None
                    elif event.status == "ok":
                        self._looked = looked
            case Died():
                self._forget()
            case _:
                pass


def _opening(config: WorkerConfig) -> Open:
    """The command for what the user chose."""
    return Open(
        python=config.python, platform=config.platform, devices=config.devices, device=config.device, wait=config.wait
    )
