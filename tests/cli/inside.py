"""Runs the command in the test's own process, on the test's engine."""

import asyncio
import operator
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from fake_engine import FakeEngine, Hold

from jaxtour.cli import main
from jaxtour.commands import common
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.session import Engine
from jaxtour.engine.wire.commands import Close, Command
from jaxtour.engine.wire.messages import Event, Timing
from jaxtour.engine.wire.timings import Spread

Engines = Callable[[], Engine]
"""Makes the engines of a command."""
REAL: Engines = ProcessEngine


@dataclass(frozen=True)
class Done:
    """A command's results, named as in `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def no_engine() -> Engine:
    """Fail: the command must end before it asks for a worker."""
    raise AssertionError("a worker was asked for")


def scripted(script: Mapping[str, Sequence[Event | Hold]]) -> Engines:
    """Return engines that play a script: events by a step's code, or by `lesson/step`."""
    return lambda: FakeEngine(script)


def command(
    *args: str, engine: Engines = no_engine, cwd: Path | None = None, charset: str = "utf-8", **env: str
) -> Done:
    """Run a command; `charset` is the encoding of its standard streams."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "ProcessEngine", engine)
        if cwd:
            patch.chdir(cwd)
        runner = CliRunner(charset=charset, env={"COLUMNS": "100"} | env)
        result = runner.invoke(main, args, prog_name="jaxtour", catch_exceptions=False)
    return Done(result.exit_code, result.stdout, result.stderr)


@dataclass
class Recording:
    """Records what one command and a real worker exchange, to replay it for commands that ask for the same or less."""

    passed: list[Command | Event] = field(default_factory=list)

    def first(self) -> Engine:
        """Return a real worker whose answers are recorded."""
        assert not self.passed, "one engine, one recording"
        return _Recorder(self.passed)

    def again(self) -> Engine:
        """Return an engine that replays the answers to the same requests."""
        return _Replay(self.passed)

    def timed(self, seconds: Mapping[str, float]) -> Engines:
        """Return engines that replay it for a machine that takes these seconds for each call, compiled or not.

        Commands may name other files than when it was recorded.
        """

        def on_it(each: Command | Event) -> Command | Event:
            if not isinstance(each, Timing) or each.error is not None:
                return each
            took = seconds[each.call.text]
            run = dict.fromkeys(("best_s", "q1_s", "median_s", "q3_s"), took)
            spread = Spread(**run, runs=9, quantiles=(took,) * 5)
            first = {"first_s": 4 * took, "trace_s": took, "lower_s": took, "compile_s": took}
            return msgspec.structs.replace(each, **run, **first, runs=9, dispatch=spread, complete=spread)

        return lambda: _Replay([on_it(each) for each in self.passed], lambda one, other: type(one) is type(other))


class _Recorder(ProcessEngine):
    def __init__(self, passed: list[Command | Event]) -> None:
        super().__init__()
        self._passed = passed

    async def send(self, command: Command) -> None:
        if not isinstance(command, Close):
            self._passed.append(command)
        await super().send(command)

    async def events(self) -> AsyncIterator[Event]:
        async for event in super().events():
            self._passed.append(event)
            yield event


class _Replay:
    def __init__(
        self, passed: Sequence[Command | Event], same: Callable[[Command, Command], bool] = operator.eq
    ) -> None:
        self._passed = passed
        self._same = same
        self._asked: asyncio.Queue[Command] = asyncio.Queue()

    async def start(self) -> None:
        pass

    async def send(self, command: Command) -> None:
        if not isinstance(command, Close):
            self._asked.put_nowait(command)

    async def events(self) -> AsyncIterator[Event]:
        for each in self._passed:
            if isinstance(each, Command):
                assert self._same(await self._asked.get(), each), "something else was asked when it was recorded"
            else:
                yield each

    async def close(self) -> None:
        pass
