"""Runs each step in the state that the lesson's own earlier steps leave.

The session knows what the runner has executed since it started. A run either continues from there, or asks for a fresh
runner and replays. After an edit, an interrupt, a death, a timing or a request, the state counts as unknown.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from jaxtour.course.model import Lesson, Step
from jaxtour.course.trust import Trust
from jaxtour.engine.cells import (
    Halted,
    LeftOut,
    asked_devices,
    asked_of,
    cell,
    cells_before,
    devices_needed,
    timeout_of,
    wanted,
)
from jaxtour.engine.guards.connection import Engine as Engine
from jaxtour.engine.guards.connection import EngineError as EngineError
from jaxtour.engine.guards.connection import WorkerConfig as WorkerConfig
from jaxtour.engine.handle import Handle
from jaxtour.engine.wire.commands import (
    Cell,
    Close,
    Interrupt,
    Open,
    ProfileRequest,
    Restart,
    Run,
    StageRequest,
    TimeCall,
)
from jaxtour.engine.wire.messages import Died, Done, Event, Facts, State, WorkerState

STARTING: frozenset[WorkerState] = frozenset(("spawning", "restarting", "importing jax", "opening devices"))
"""The states of a runner before its first facts."""


class Session:
    """Runs steps on an engine and yields the events."""

    def __init__(self, engine: Engine, config: WorkerConfig | None = None, trust: Trust | None = None) -> None:
        self.engine = engine
        self.trust = trust or Trust(everything=True)
        """Which lessons may run."""
        self._may_run: Lesson | None = None
        """The last lesson about which there was no question: asking compares all of its code."""
        self.config = config or WorkerConfig()
        self.state: WorkerState = "spawning"
        self.detail = ""
        self.code = ""
        """The code of the finding that explains why the worker is dead, if any."""
        self.facts: Facts | None = None
        self.halted = Halted()
        self.current: int | None = None
        """The number of the current run."""
        self._runs = 0
        self._opened: Open | None = None
        self._executed: tuple[Cell, ...] | None = None
        """The cells that made the runner's state; None if unknown."""
        self._goal: dict[int, tuple[Cell, ...]] = {}
        """The cells whose state each run leaves if it succeeds."""
        self._looked: tuple[Cell, ...] | None = None
        """The cells whose state the last request used; good enough for another request."""
        self._looking: dict[int, tuple[Cell, ...]] = {}
        """The cells whose state each request's run uses."""
        self._before_run: tuple[int, tuple[Cell, ...] | None, tuple[Cell, ...] | None] = (0, None, None)
        """The last run, and the cells executed and looked at before it, for a run that is refused."""
        self._on_cpu = True
        """Whether code runs on the CPU when no devices are simulated, as far as known."""
        self._own_devices: int | None = None
        """The number of devices when none are simulated; None if unknown."""
        self._own = self.config.opened()
        self._stale = False
        """Whether incoming facts are those of a runner that is being replaced."""
        self.started = asyncio.Event()
        """Set once there is a guard, which takes seconds on another machine, or once there will be none."""
        self._known = asyncio.Event()

    @property
    def simulating(self) -> int | None:
        """The number of simulated CPU devices; None without any."""
        return self._opened.devices if self._opened else None

    async def start(self) -> None:
        """Start the guard and a runner."""
        self.expect_start()
        try:
            await self.engine.start()
            await self._open(self._own)
        except EngineError:
            self._known.set()
            raise
        finally:
            self.started.set()

    def expect_start(self) -> None:
        """Let runs wait for the next start, which replaces the previous one."""
        self.current = None
        self.state, self.detail, self.code = "spawning", "", ""
        self.started.clear()
        if self.facts is None:
            self._known.clear()

    async def events(self) -> AsyncIterator[Event]:
        """Yield every event, after the session has noted it."""
        async for event in self.engine.events():
            self._note(event)
            yield event

    async def configure(
        self, platform: str | None, devices: int | None, device: int | None, *, wait: bool = False
    ) -> None:
        """Replace the runner by one with this configuration and the same Python.

        The current run ends and all state is lost: `prepare` or a run replays. Steps that need more devices still get
        simulated ones. Raises `EngineError` without a guard.
        """
        await self.started.wait()
        self.config = msgspec.structs.replace(self.config, platform=platform, devices=devices, device=device, wait=wait)
        self._own = self.config.opened()
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
        """Run a step; await the handle to send it.

        `code` is the learner's edit; `base` has edits of earlier steps, by step id. `requests` and `ladder` belong to
        the same run. `default_timeout_s` bounds a step without its own timeout; `patience` multiplies the usual
        time of a timing. May be called before `start` has ended; raises `EngineError` without a guard.
        """
        asked = asked_of(step, timings=timings, hlo=hlo, default_timeout_s=default_timeout_s)
        requests = tuple(look for look in requests if look.stage != "jaxpr")  # they come with every run
        own = cell(lesson, step, code)
        command = msgspec.structs.replace(asked, cell=own, requests=requests, ladder=ladder, patience=patience)
        return self._step(lesson, step, command, base)

    def run_for_probe(self, lesson: Lesson, step: Step, *, default_timeout_s: float | None = None) -> Handle:
        """Run a step so that it can be probed later, without changing the state that the steps leave."""
        kept = Run(run=0, cell=cell(lesson, step), keep=True, keep_before=bool(step.tries))
        return self._step(lesson, step, msgspec.structs.replace(kept, timeout_s=timeout_of(step, default_timeout_s)))

    def _step(self, lesson: Lesson, step: Step, command: Run, base: dict[str, str] | None = None) -> Handle:
        """Run a command in the state that the earlier steps leave."""
        self._check_trust(lesson)
        before = self.before(lesson, step, base)
        own = (command.cell,) if command.cell else ()

        async def send(run: int) -> None:
            await self.started.wait()
            await self._fit(lesson, step, (*before, *own))
            await self._run(run, command, before)

        return self._handle(send)

    def probe(self, lesson: Lesson, step: Step, asked: Run) -> Handle:
        """Serve a step's requests, briefly calling what is timed, after `run_for_probe`; leaves the state unknown."""

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
        ladder_of: str = "",
        calls: tuple[TimeCall, ...] = (),
        profile: ProfileRequest | None = None,
        patience: float = 1.0,
        base: dict[str, str] | None = None,
        programs: tuple[str, ...] = (),
        brief: bool = False,
    ) -> Handle:
        """Request stages, a ladder, timings or a trace's profile of a step in the state that it left.

        The lesson is replayed up to the step's end unless only requests ran since. No run but a request may use the
        state afterwards; none may use it after the timing, the profile or the values of a recorded program, for which
        the file runs again only as far as needed. `programs` are keys by index. `brief` makes each call once instead of
        timing it. There is no time limit, since the user can interrupt. Raises `EngineError` without a guard.
        """
        self._check_trust(lesson)
        command = Run(
            run=0,
            requests=requests,
            ladder=ladder,
            ladder_of=ladder_of,
            time=calls,
            profile=profile,
            patience=patience,
            programs=programs,
            brief=brief,
        )
        cut = any(each.program for each in (*calls, *requests, *([profile] if profile else ())))

        async def send(run: int) -> None:
            await self.started.wait()
            own = cell(lesson, step, code)
            cells = (*self.before(lesson, step, base), own)
            await self._fit(lesson, step, cells)
            there = cells in (self._executed, self._looked) and not cut
            self._forget()
            if not cut:
                self._looking[run] = cells
            asked = msgspec.structs.replace(command, replay=() if there else cells, fresh=not there, probe=own)
            await self._send(run, asked)

        return self._handle(send)

    def peaks(self) -> Handle:
        """Measure the peaks of one device of each platform, about a second each.

        The state is unknown afterwards.
        """

        async def send(run: int) -> None:
            await self.started.wait()
            self._forget()
            await self._send(run, Run(run=0, peaks=True))

        return self._handle(send)

    def _check_trust(self, lesson: Lesson) -> None:
        if lesson is not self._may_run and (question := self.trust.question(lesson)):
            raise EngineError(question.words)
        self._may_run = lesson

    def names(
        self, lesson: Lesson, step: Step, code: str, beginning: str, *, base: dict[str, str] | None = None
    ) -> Handle:
        """Request the completions of a name, in the state where the step starts or the one that it left.

        The state does not change; the lesson is replayed up to the step's start if necessary.
        """
        self._check_trust(lesson)
        needed, command = self.before(lesson, step, base), Run(run=0, complete=beginning)

        async def send(run: int) -> None:
            await self.started.wait()
            fitting = (needed, (*needed, cell(lesson, step, code)))
            if self._looked in fitting and self._looked is not None:
                self._looking[run] = self._looked
                await self._send(run, command)
            elif self._executed in fitting and self._executed is not None:
                self._goal[run] = self._executed
                await self._send(run, command)
            else:
                await self._fit(lesson, step, needed)
                await self._run(run, command, needed)

        return self._handle(send)

    async def prepare(self, lesson: Lesson, step: Step) -> int | None:
        """Replay in advance to where `step` starts; None if the runner is already there, or the lesson may not run."""
        if lesson is not self._may_run and self.trust.question(lesson):
            return None
        needed = self.before(lesson, step, None)
        if self.reopens(lesson, step) or self._executed == needed:
            return None
        self._runs += 1
        await self._run(self._runs, Run(run=0), needed)
        return self._runs

    async def interrupt(self) -> None:
        """Stop the current run; a second call skips the grace. Without a guard nothing runs."""
        self._forget()
        with contextlib.suppress(EngineError):
            await self.engine.send(Interrupt())

    async def restart(self) -> None:
        """Replace the runner by a new one with the same configuration; what is asked for next waits for it."""
        self._forget()
        self.state, self.detail, self.code = "restarting", "", ""
        await self.engine.send(Restart())

    async def close(self) -> None:
        """End the worker."""
        await self.engine.send(Close())
        await self.engine.close()

    def before(self, lesson: Lesson, step: Step, base: dict[str, str] | None = None) -> tuple[Cell, ...]:
        """Return the cells whose state the step needs: those of earlier steps, except ones that ended the worker."""
        return self.halted.without(cells_before(lesson, step, base))

    def reopens(self, lesson: Lesson, step: Step) -> bool:
        """Return whether the step needs other devices than the runner has: a new runner, without any kept state."""
        return self._opened != self._wanted(lesson, step, (*self.before(lesson, step), cell(lesson, step)))

    def left_out(self, lesson: Lesson, step: Step) -> tuple[LeftOut, ...]:
        """Return the earlier steps that the step runs without."""
        return self.halted.left_out(lesson, step)

    def _handle(self, send: Callable[[int], Awaitable[None]]) -> Handle:
        self._runs += 1
        return Handle(self._runs, send)

    async def _run(self, run: int, command: Run, before: tuple[Cell, ...]) -> None:
        """Send a run that needs the state that these cells leave."""
        done = self._executed
        fresh = done is None or done != before[: len(done)]
        missing = before if fresh else before[len(done or ()) :]
        self._before_run = run, done, self._looked
        self._executed = self._looked = None
        self._looking.clear()
        self._goal[run] = (*before, command.cell) if command.cell else before
        await self._send(run, msgspec.structs.replace(command, replay=missing, fresh=fresh))

    async def _send(self, run: int, command: Run) -> None:
        self.current = run
        command = msgspec.structs.replace(command, run=run)
        self.halted.begin(command)
        try:
            await self.engine.send(command)
        except EngineError:
            self.current = None
            raise

    def _wanted(self, lesson: Lesson, step: Step, cells: tuple[Cell, ...]) -> Open:
        """Return the configuration that the step needs."""
        return wanted(self._own, self._own_devices, lesson, step, cells, on_cpu=self._on_cpu)

    async def _fit(self, lesson: Lesson, step: Step, cells: tuple[Cell, ...]) -> None:
        """Open another runner if the step needs other devices; waits for the facts if it must."""
        if (devices_needed(lesson, step) > 1 or asked_devices(cells) is not None) and self.config.devices is None:
            await self._known.wait()
        if (wanted := self._wanted(lesson, step, cells)) != self._opened:
            await self._open(wanted)

    def _forget(self) -> None:
        """Mark the runner's state as unknown, whatever current runs still report."""
        self._executed = self._looked = None
        self._before_run = 0, None, None
        self._goal.clear()
        self._looking.clear()

    async def _open(self, command: Open) -> None:
        self._stale = self._opened is not None
        self._opened = command
        self._forget()
        self._executed = ()
        await self.engine.send(command)

    def _note(self, event: Event) -> None:
        self.halted.note(event)
        match event:
            case State():
                self.state, self.detail, self.code = event.state, event.detail, event.code
                self._stale = self._stale and event.state not in STARTING
                if event.state == "dead":
                    self._forget()
                    self._known.set()
            case Facts():
                self.facts = event
                plain = self._opened and self._opened.devices is None and self._opened.processes == self._own.processes
                if plain and not self._stale:
                    platform = event.platforms[0] if event.platforms else ""
                    self._on_cpu = platform in ("cpu", "")
                    self._own_devices = sum(device.platform == platform for device in event.devices)
                    self._known.set()
            case Done():
                goal, looked = self._goal.pop(event.run, None), self._looking.pop(event.run, None)
                if event.run == self.current:
                    self.current = None
                    if event.refused and self._before_run[0] == event.run:
                        _, self._executed, self._looked = self._before_run
                    elif goal is not None:
                        whole = event.status in ("ok", "error") and not event.dirty
                        self._executed = goal if whole else None
                    elif event.status == "ok":
                        self._looked = looked
            case Died():
                self._forget()
