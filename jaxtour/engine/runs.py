"""Runs and their purposes. A run has its number before it is sent, so its events can always be routed."""

from collections.abc import Awaitable, Callable, Generator
from typing import Generic, Protocol, TypeVar

import msgspec

from jaxtour.engine.messages import RunEvent

Owner = TypeVar("Owner")


class Handle(msgspec.Struct, frozen=True):
    """A run that is not sent yet; awaiting it sends it and returns its number.

    Raises `EngineError` without a guard.
    """

    run: int
    """The number that the run's events carry."""
    send: Callable[[int], Awaitable[None]]

    def __await__(self) -> Generator[object, None, int]:
        yield from self.send(self.run).__await__()
        return self.run


class Current(Protocol):
    """The object that knows the run under way."""

    current: int | None


class Runs(Generic[Owner]):
    """The purpose of each run."""

    def __init__(self, session: Current) -> None:
        self._session = session
        self._owners: dict[int, Owner] = {}
        self._launching: set[int] = set()

    @property
    def current(self) -> Owner | None:
        """The purpose of the run under way; None without one, or if it is not from here."""
        run = max(self._launching, default=self._session.current)
        return self._owners.get(run) if run is not None else None

    async def launch(self, handle: Handle, owner: Owner) -> None:
        """Send a run whose events are for `owner`. Raises `EngineError` without a guard."""
        self._owners[handle.run] = owner
        self._launching.add(handle.run)
        try:
            await handle
        finally:
            self._launching.discard(handle.run)

    def owner(self, event: RunEvent) -> Owner | None:
        """The purpose of an event's run; None for a run that was not launched here."""
        return self._owners.get(event.run)
