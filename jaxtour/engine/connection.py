"""What a session needs of the connection to a guard."""

from collections.abc import AsyncIterator
from typing import Protocol

from jaxtour.engine.commands import Command
from jaxtour.engine.messages import Event
from jaxtour.text import clean


class Engine(Protocol):
    """A connection to a guard: a process, or a fake in a test."""

    async def start(self) -> None:
        """Start the guard; raises `EngineError` on failure."""

    async def send(self, command: Command) -> None:
        """Send one command."""

    def events(self) -> AsyncIterator[Event]:
        """Every event until the guard is gone."""

    async def close(self) -> None:
        """End the guard and its tree; may be called twice."""


class EngineError(Exception):
    """The guard does not start or no longer answers; the message is one line for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(clean(message, keep_newlines=False))
