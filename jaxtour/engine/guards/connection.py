"""What a session needs from the connection to a guard, and how the user chose the worker."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from jaxtour.engine.wire.commands import Command, Open
from jaxtour.engine.wire.messages import Event
from jaxtour.text import clean


class WorkerConfig(msgspec.Struct, frozen=True):
    """The user's choices for the worker."""

    python: str | None = None
    platform: str | None = None
    devices: int | None = None
    device: int | None = None
    """The id of the device that code runs on; None means the first."""
    wait: bool = False
    """Whether to wait for an accelerator that another process holds."""
    isolate: bool = False
    """Whether code runs in its own PID namespace, where the machine allows it."""
    worker: str | None = None
    """A prefix that runs a command on the worker's machine, such as `ssh -T tpu-vm`; None means here."""
    processes: int = 1
    """How many processes run every step."""
    hosts: tuple[str, ...] = ()
    """The machines of these processes, one each, for `{host}` in `worker`; empty if one machine runs all."""

    def opened(self) -> Open:
        """Return the command that opens such a worker."""
        # On another machine, the guard already runs on the named Python, and uses that.
        python = None if self.worker else self.python
        return Open(
            python=python,
            isolate=self.isolate,
            platform=self.platform,
            devices=self.devices,
            device=self.device,
            wait=self.wait,
            processes=self.processes,
        )


class Engine(Protocol):
    """A connection to a guard: a process, or a fake in a test."""

    async def start(self) -> None:
        """Start the guard; raises `EngineError` on failure."""

    async def send(self, command: Command) -> None:
        """Send one command."""

    def events(self) -> AsyncIterator[Event]:
        """Yield every event until the guard is gone."""

    def suspend(self) -> None:
        """Tell the guard, at once, that this process is about to stop for a while."""

    async def close(self) -> None:
        """End the guard and its tree; may be called twice."""


class EngineError(Exception):
    """The guard does not start or no longer responds; the message is one line for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(clean(message, keep_newlines=False))
