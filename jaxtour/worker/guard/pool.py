"""The runner, its spare, and the switch from one to the next."""

import os
import signal
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ..frames import ProtocolError, encode
from . import proctree
from .capture import CHUNK
from .child import Child, Config
from .loop import Loop
from .proctree import memory_is_short
from .queue import SendQueue
from .texts import OutputReader

SPARE_AFTER_S = 0.05
FIRST_SPARE_AFTER_S = 0.5
"""The spare of a runner that has run nothing yet: until then JAX warms up there, and the screen is drawn."""
SILENT_S = 1.0
STUCK_S = 2.0
LAST_READS = 100
"""Reads from a dead runner's pipe at most: a child of the runner may hold the pipe open."""


class PoolOwner(Protocol):
    """Receives what happens to the runner."""

    def heard(self, message: dict[str, Any]) -> None:
        """Handle a message from the runner; raises `ProtocolError` for an invalid one."""

    def broke(self, reason: str) -> None:
        """Handle a runner that is alive, but whose messages can no longer be read."""

    def ended(self, code: int) -> None:
        """Handle a runner that exited without being asked to."""

    def failed(self, reason: str) -> None:
        """Report that no runner can be started."""

    def stuck(self, pids: set[int]) -> None:
        """Report processes that were killed `STUCK_S` ago and still exist."""

    def log(self, text: str) -> None:
        """Log a line for the worker's operator."""

    def crowded(self) -> bool:
        """Return whether the queue to the engine is so full that the runner must wait."""


class Pool:
    """At most one runner that may open devices, and one spare that has imported jax and waits."""

    def __init__(self, loop: Loop, program: Path, owner: PoolOwner, texts: OutputReader) -> None:
        self.runner: Child | None = None
        self._spare: Child | None = None
        self._spare_failed = False
        self._config = Config("")
        self._loop = loop
        self._program = program
        self._owner = owner
        self._texts = texts
        self._ctl: SendQueue | None = None
        self._leaving: list[Child] = []
        self._sweep: proctree.Sweep | None = None
        self._after: Callable[[], None] = lambda: None
        self._waiting: list[Child] = []
        proctree.adopt_orphans()
        loop.on(signal.SIGCHLD, self._reaped)

    def open(self, config: Config) -> None:
        """Replace all runners by one with this configuration."""
        self._config = config
        self._spare_failed = False
        if self._spare:
            self._retire(self._spare)
            self._spare = None
        self.replace()

    def replace(self) -> None:
        """Kill the runner's process tree; once it is gone, promote the spare or start a new runner."""
        if self._spare:
            self._spare.signal(signal.SIGCONT)
        self._empty(self._start)

    def stop(self) -> None:
        """Kill the runner's process tree and start no other."""
        self._empty(lambda: None)

    def close(self, seconds: float) -> None:
        """Kill every process, and wait at most `seconds` for them to exit."""
        self._loop.cancel("spare")
        if self._spare:
            self._retire(self._spare)
            self._spare = None
        self.stop()
        for _ in range(int(seconds / proctree.BURST_S)):
            if self._sweep is None:
                break
            self._burst()

    def send(self, frame: bytes) -> None:
        """Send the runner a command."""
        if self._ctl:
            self._ctl.send(frame)

    def hold_spare(self) -> None:
        """Pause the spare, so that it takes no CPU time from the run."""
        self._loop.cancel("spare")
        if self._spare:
            self._spare.signal(signal.SIGSTOP)

    def want_spare(self, after_s: float = SPARE_AFTER_S) -> None:
        """Let the spare continue, or start one after a short delay."""
        if self._spare:
            self._spare.signal(signal.SIGCONT)
        elif not self._spare_failed:
            self._loop.at("spare", after_s, self._spawn_spare)

    def resume(self) -> None:
        """Read again from the runners that had to wait."""
        for child in self._waiting:
            if child in (self.runner, self._spare):
                self._loop.reader(child.out, partial(self._listen, child))
        self._waiting.clear()

    def _start(self) -> None:
        child, self._spare = self._spare, None
        self._spare_failed = False
        if child is None:
            try:
                child = self._spawn(held=False)
            except OSError as error:
                self._owner.failed(f"cannot run {self._config.python}: {error.strerror or error}")
                return
        self.runner = child
        self._ctl = SendQueue(self._loop, child.ctl, lost=lambda: None)
        if child.held:
            child.held = False
            self.send(encode({"verb": "go"}))
            self._pass_on(child, child.frames)

    def _spawn(self, *, held: bool) -> Child:
        child = Child(self._config, self._program, held=held)
        self._texts.watch(child)
        self._loop.reader(child.out, partial(self._listen, child))
        return child

    def _spawn_spare(self) -> None:
        if self.runner and not self._spare and not memory_is_short():
            try:
                self._spare = self._spawn(held=True)
            except OSError as error:
                self._spare_failed = True
                self._owner.log(f"no spare worker: {error}")

    def _listen(self, child: Child) -> None:
        if self._owner.crowded():
            self._loop.drop(child.out)
            self._waiting.append(child)
        else:
            self._read(child)

    def _read(self, child: Child) -> bool:
        """Read once and pass on complete messages; returns whether more may follow."""
        try:
            data = os.read(child.out, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._loop.drop(child.out)
            # A process closes its pipes a moment before it can be reaped: wait for its exit code first.
            self._loop.at(f"silent {child.pid}", SILENT_S, partial(self._silent, child))
            return False
        self._pass_on(child, child.decoder.feed(data))
        return True

    def _pass_on(self, child: Child, messages: Iterable[dict[str, Any]]) -> None:
        try:
            for message in messages:
                if child.held:
                    child.frames.append(message)
                elif child is self.runner:
                    self._owner.heard(message)
        except ProtocolError as error:
            self._misbehaved(child, f"the worker sent an invalid message: {error}")

    def _silent(self, child: Child) -> None:
        self._misbehaved(child, "the worker closed its channel")

    def _misbehaved(self, child: Child, reason: str) -> None:
        if child is self.runner:
            self._owner.broke(reason)
        elif child is self._spare:
            self._drop_spare(reason)

    def _drop_spare(self, reason: str) -> None:
        if self._spare:
            self._owner.log(f"the spare worker ended: {reason}")
            self._retire(self._spare)
            self._spare, self._spare_failed = None, True

    def _reap(self) -> set[int]:
        """Reap exited children; returns the pids of retired runners that still run."""
        ended = proctree.reap()
        for child in (self.runner, self._spare, *self._leaving):
            if child and child.pid in ended:
                child.code = ended[child.pid]
        return {child.pid for child in self._leaving if child.code is None}

    def _reaped(self) -> None:
        self._reap()
        if self._spare and self._spare.code is not None:
            self._drop_spare(proctree.cause(self._spare.code)[0])
        child = self.runner
        if child and child.code is not None:
            for _ in range(LAST_READS):
                if child is not self.runner or not self._read(child):
                    break
            if child is self.runner:
                self._owner.ended(child.code)

    def _retire(self, child: Child) -> None:
        self._texts.unwatch(child)
        self._loop.drop(child.out)
        self._loop.cancel(f"silent {child.pid}")
        child.kill()
        child.close()
        self._leaving.append(child)

    def _empty(self, after: Callable[[], None]) -> None:
        self._after = after
        self._loop.cancel("spare")
        if self.runner:
            if self._ctl:
                self._ctl.close()
            self._ctl = None
            self._retire(self.runner)
            self.runner = None
        keep = {self._spare.pid} if self._spare else set()
        self._sweep = proctree.Sweep(keep, self._reap)
        self._loop.at("stuck", STUCK_S, self._stuck)
        self._burst()

    def _burst(self) -> None:
        if self._sweep is None:
            return
        if not self._sweep.burst():
            # The new runner must not open devices before the old one has exited, however long that takes.
            self._loop.at("sweep", 0.002, self._burst)
            return
        self._sweep = None
        self._loop.cancel("sweep")
        self._loop.cancel("stuck")
        for child in self._leaving:
            child.discard_scratch()
        self._leaving.clear()
        self._reaped()
        self._after()

    def _stuck(self) -> None:
        if self._sweep:
            self._owner.stuck(self._sweep.left)
