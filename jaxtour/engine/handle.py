"""A run gets its number before it is sent, so that its events find whoever asked for it."""

from collections.abc import Awaitable, Callable, Generator

import msgspec


class Handle(msgspec.Struct, frozen=True):
    """A run that has not been sent yet; awaiting it sends it and returns its number, or raises `EngineError`."""

    run: int
    """The number that the run's events carry."""
    send: Callable[[int], Awaitable[None]]

    def __await__(self) -> Generator[object, None, int]:
        yield from self.send(self.run).__await__()
        return self.run
