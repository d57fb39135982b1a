"""Which code runs where: the rule of state.

A step always runs in the state that the lesson's own earlier steps leave. The session knows what the runner has
executed since it started; a run either goes on from there, or asks for a fresh runner and replays. Whatever is not
known to be that state (an edit, an interrupt, a death, a timing) counts as unknown.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from jaxtour.course.model import Lesson, Step
from jaxtour.course.model import Time as TimeSpec
from jaxtour.course.model import Trace as TraceSpec
from jaxtour.engine.messages import (
    Cell,
    Close,
    Command,
    Died,
    Done,
    Event,
    Facts,
    Interrupt,
    Open,
    Restart,
    Run,
    State,
    TimeCall,
    TraceCall,
    WorkerState,
)


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


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """What the user chose for the worker."""

    python: str | None = None
    platform: str | None = None
    devices: int | None = None


def trace_calls(step: Step) -> tuple[TraceCall, ...] | None:
    """The step's traces as the worker wants them; None asks for the last expression."""
    if step.trace is None:
        return None
    entries = (step.trace,) if isinstance(step.trace, str) else step.trace
    return tuple(_labelled(TraceCall, entry) for entry in entries)


def time_calls(step: Step) -> tuple[TimeCall, ...]:
    """The step's timings as the worker wants them."""
    calls = []
    for entry in step.time:
        spec = TimeSpec(call=entry) if isinstance(entry, str) else entry
        calls.append(TimeCall(label=spec.label or spec.call, call=spec.call, on=spec.on, baseline=spec.baseline))
    return tuple(calls)


def _labelled(kind: type[TraceCall], entry: str | TraceSpec) -> TraceCall:
    spec = TraceSpec(call=entry) if isinstance(entry, str) else entry
    return kind(label=spec.label or spec.call, call=spec.call)


def cell(lesson: Lesson, step: Step, code: str | None = None) -> Cell:
    """The step's code for the worker; `code` in place of the lesson's own."""
    source = step.solved_code if code is None else code
    return Cell(name=f"{lesson.id}/{step.id}", setup=step.setup, code=source, traces=trace_calls(step))


class Session:
    """Runs steps on an engine under the rule of state, and tells what comes of it."""

    def __init__(self, engine: Engine, config: WorkerConfig | None = None) -> None:
        self.engine = engine
        self.config = config or WorkerConfig()
        self.state: WorkerState = "spawning"
        self.detail = ""
        self.facts: Facts | None = None
        self.current: int | None = None
        """The run that is not done yet."""
        self._runs = 0
        self._opened: Open | None = None
        self._executed: tuple[Cell, ...] | None = None
        """The cells that made the runner's state, or None when that is not known."""
        self._goal: dict[int, tuple[Cell, ...]] = {}
        """By run, the cells whose state it leaves when it goes well."""
        self._own_devices: int | None = None
        """How many devices there are when none are simulated, once that is known."""
        self._own = Open(python=self.config.python, platform=self.config.platform, devices=self.config.devices)
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

    async def run(
        self,
        lesson: Lesson,
        step: Step,
        code: str | None = None,
        *,
        timings: bool = True,
        hlo: bool = False,
        base: dict[str, str] | None = None,
        default_timeout_s: float | None = None,
    ) -> int:
        """Run a step and return the number that its events will carry.

        `code` is the learner's edit; `base` gives edits of earlier steps to build on, by step id.
        `default_timeout_s` bounds a step that names no timeout of its own. May be called before `start` has ended;
        raises `EngineError` when there is no guard.
        """
        await self._started.wait()
        await self._fit(lesson, step)
        last = cell(lesson, step, code)
        return await self._send_run(
            replay=self.before(lesson, step, base),
            last=last,
            time=time_calls(step) if timings else (),
            hlo=hlo,
            ask=step.ask.value if step.ask else None,
            check=step.exercise.check if step.exercise else None,
            timeout_s=default_timeout_s if step.timeout is None else step.timeout,
        )

    async def run_for_probe(self, lesson: Lesson, step: Step, *, default_timeout_s: float | None = None) -> int:
        """Run a step so that it can be probed later, and the state stays what the steps alone leave."""
        await self._started.wait()
        await self._fit(lesson, step)
        timeout_s = default_timeout_s if step.timeout is None else step.timeout
        return await self._send_run(
            replay=self.before(lesson, step), last=cell(lesson, step), keep=True, timeout_s=timeout_s
        )

    async def probe(self, lesson: Lesson, step: Step, *, hlo: bool, default_timeout_s: float | None = None) -> int:
        """Ask, check and call briefly what a step that ran for it names; the state is not known after that."""
        self._runs += 1
        self._forget()
        self.current = self._runs
        await self.engine.send(
            Run(
                run=self._runs,
                probe=cell(lesson, step),
                time=time_calls(step),
                brief=True,
                hlo=hlo,
                ask=step.ask.value if step.ask else None,
                check=step.exercise.check if step.exercise else None,
                timeout_s=default_timeout_s if step.timeout is None else step.timeout,
            )
        )
        return self._runs

    async def prepare(self, lesson: Lesson, step: Step) -> int | None:
        """Bring the runner, ahead of the asking, to where `step` starts; None when it is there already."""
        needed = self.before(lesson, step, None)
        if self._opened != self._wanted(lesson, step) or self._executed == needed:
            return None
        return await self._send_run(replay=needed, last=None)

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

    async def _send_run(self, *, replay: tuple[Cell, ...], last: Cell | None, **rest: object) -> int:
        self._runs += 1
        done = self._executed
        fresh = done is None or done != replay[: len(done)]
        missing = replay if fresh else replay[len(done or ()) :]
        command = Run(run=self._runs, cell=last, replay=missing, fresh=fresh, **rest)  # type: ignore[arg-type]
        self._goal[self._runs] = (*replay, last) if last else replay
        self._executed = None
        self.current = self._runs
        await self.engine.send(command)
        return self._runs

    def _wanted(self, lesson: Lesson, step: Step) -> Open:
        """The configuration that the step needs: the user's, with devices simulated where there are too few."""
        own = self._own
        needed = self._devices_needed(lesson, step)
        have = self.config.devices or self._own_devices or 1
        if needed <= have:
            return own
        return Open(python=own.python, platform="cpu", devices=needed)

    async def _fit(self, lesson: Lesson, step: Step) -> None:
        """Open another runner if the step needs more devices; waits until it is known how many there are."""
        if self._devices_needed(lesson, step) > 1 and self.config.devices is None:
            await self._known.wait()
        wanted = self._wanted(lesson, step)
        if wanted != self._opened:
            await self._open(wanted)

    @staticmethod
    def _devices_needed(lesson: Lesson, step: Step) -> int:
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
        self._executed = None
        self._goal.clear()

    async def _open(self, command: Open) -> None:
        self._opened = command
        self._forget()
        self._executed = ()
        await self.engine.send(command)

    def _note(self, event: Event) -> None:
        match event:
            case State():
                self.state, self.detail = event.state, event.detail
                if event.state == "dead":
                    self._forget()
                    self._known.set()
            case Facts():
                self.facts = event
                if self._opened and self._opened.devices is None:
                    platform = event.platforms[0] if event.platforms else ""
                    self._own_devices = sum(device.platform == platform for device in event.devices)
                    self._known.set()
            case Done():
                goal = self._goal.pop(event.run, None)
                if event.run == self.current:
                    self.current = None
                    if goal is not None:
                        whole = event.status in ("ok", "error") and not event.spent
                        self._executed = goal if whole else None
            case Died():
                self._forget()
            case _:
                pass
