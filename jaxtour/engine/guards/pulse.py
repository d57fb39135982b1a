"""Tells whether a connection to another machine is alive: it carries bytes, if only the answers to pings."""

import asyncio
from collections.abc import Callable

TICK_S = 1.0
PING_EVERY = 2
"""The number of ticks between two pings."""
SILENT_S = 7.0
"""A connection that is silent for this long is lost."""
SLOW = 16 * 1024
"""The slowest connection, in bytes per second: it bounds how long sent data may be on its way."""
ASLEEP_S = 2.0
"""A tick later than this shows that we were stopped, and says nothing about the connection."""


class Pulse:
    """Counts the seconds for which a reader waits in vain, and pings the other end meanwhile.

    It counts ticks instead of reading a clock: a process that was stopped, or a laptop that slept, starts over.
    """

    def __init__(self, ping: Callable[[int], None], lost: Callable[[float], None]) -> None:
        self._ping = ping
        """Sends a ping with a negative number: the others are the user's."""
        self._lost = lost
        """Called once, with the seconds of silence."""
        self._waits = False
        self._pings: dict[int, int] = {}
        """The bytes sent before each unanswered ping, by its number."""
        self._arrived = 0
        """The sent bytes that are known to have arrived."""
        self.sent = 0
        """The number of bytes sent, including pings."""
        self.received = 0

    async def read(self, stream: asyncio.StreamReader, count: int) -> bytes:
        """Read `size` bytes, each a sign of life; raises `IncompleteReadError` at the end of the stream."""
        data = bytearray()
        self._waits = True
        try:
            while len(data) < count:
                piece = await stream.read(count - len(data))
                if not piece:
                    raise asyncio.IncompleteReadError(bytes(data), count)
                self.received += len(piece)
                data += piece
        finally:
            self._waits = False
        return bytes(data)

    def answered(self, number: int) -> None:
        """Note the answer to a ping."""
        self._arrived = max(self._arrived, self._pings.get(number, 0))
        self._pings = {each: sent for each, sent in self._pings.items() if each < number}

    async def beat(self) -> None:
        """Ping until it is silent for `SILENT_S`, longer if much is on its way; then report the connection as lost."""
        loop = asyncio.get_running_loop()
        ticks, silent = 0, 0.0
        while silent < SILENT_S + (self.sent - self._arrived) / SLOW:
            then, before = loop.time(), self.received
            if ticks % PING_EVERY == 0:
                self._pings[-1 - ticks] = self.sent
                self._ping(-1 - ticks)
            await asyncio.sleep(TICK_S)
            ticks += 1
            alive = self.received != before or not self._waits or loop.time() - then > TICK_S + ASLEEP_S
            silent = 0.0 if alive else silent + TICK_S
        self._lost(silent)
