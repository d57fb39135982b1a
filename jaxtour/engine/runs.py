"""Runs and who asked for them: a run has its number before it is sent, so its events always find their way."""

from collections.abc import Awaitable, Callable, Generator
from typing import Generic, Protocol, TypeVar

import msgspec

from jaxtour.engine.messages import RunEvent

Owner = TypeVar("Owner")


class Handle(msgspec.Struct, frozen=True):
    """A run that is not sent yet; awaiting it sends it, and gives its number once more.

    Raises `EngineError` when there is no guard.
    """

    run: int
    """The number that the run's events carry."""
    send: Callable[[int], Awaitable[None]]

    def __await__(self) -> Generator[object, None, int]:
        yield from self.send(self.run).__await__()
        return self.run


class Current(Protocol):
    """What knows which run is not done yet."""

    current: int | None


class Runs(Generic[Owner]):
    """The runs of a sitting, by what each was for."""

    def __init__(self, session: Current) -> None:
        self._session = session
        self._owners: dict[int, Owner] = {}
        self._launching: set[int] = set()

    @property
    def current(self) -> Owner | None:
        """What the run is for that is on its way or not done yet; None where that is none of these."""
        run = max(self._launching, default=self._session.current)
        return self._owners.get(run) if run is not None else None

    async def launch(self, handle: Handle, owner: Owner) -> None:
        """Send a run; `owner` is what its events are for. Raises `EngineError` when there is no guard."""
        self._owners[handle.run] = owner
        self._launching.add(handle.run)
        try:
            await handle
        finally:
            self._launching.discard(handle.run)

    def owner(self, event: RunEvent) -> Owner | None:
        """What the run of an event is for; None for a run that nobody here asked for."""
        return self._owners.get(event.run)
