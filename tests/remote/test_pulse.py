"""A connection counts as lost at the right time, by the test's own clock."""

import asyncio

import pytest

import jaxtour.engine.guards.pulse as pulse
from jaxtour.engine.guards.pulse import SILENT_S, SLOW, TICK_S, Pulse


class Clock:
    """Time that passes as `script` says: called at each tick, it may return by how much the tick is late."""

    def __init__(self, script=lambda second: 0.0):
        self.now, self.ticks, self.script = 0.0, 0, script

    def time(self):
        return self.now

    async def sleep(self, seconds):
        self.ticks += 1
        assert self.ticks < 1000, "never lost"
        self.now += seconds + (self.script(self.ticks) or 0.0)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(pulse.asyncio, "sleep", clock.sleep)
    monkeypatch.setattr(pulse.asyncio, "get_running_loop", lambda: clock)
    return clock


def beating(waits=True):
    pings, lost = [], []
    found = Pulse(pings.append, lost.append)
    found._waits = waits
    return found, pings, lost


async def test_silence_is_a_loss_after_some_seconds_and_not_before(clock):
    found, pings, lost = beating()
    await found.beat()
    assert (lost, clock.now) == ([SILENT_S], SILENT_S)
    assert SILENT_S + 2 * TICK_S <= 10 and len(pings) >= 3 and all(number < 0 for number in pings)


async def test_any_byte_is_life(clock):
    found, _, lost = beating()
    clock.script = lambda tick: setattr(found, "received", tick if tick <= 50 else 50)
    await found.beat()
    assert lost and clock.now == 50 + SILENT_S


async def test_who_does_not_read_misses_nothing(clock):
    found, _, lost = beating(waits=False)
    clock.script = lambda tick: setattr(found, "_waits", tick > 100)
    await found.beat()
    assert lost and clock.now == 100 + SILENT_S


async def test_who_was_stopped_waits_anew(clock):
    found, _, lost = beating()
    clock.script = lambda tick: 3600.0 if tick == SILENT_S - 1 else 0.0
    await found.beat()
    assert lost and clock.ticks == SILENT_S - 1 + SILENT_S


async def test_what_is_on_its_way_over_a_slow_link_has_time_to_arrive(clock):
    found, pings, lost = beating()
    found.sent = 10 * SLOW
    await found.beat()
    assert lost and clock.now == SILENT_S + 10
    found, pings, lost = beating()
    found.sent = 10 * SLOW
    clock.now, clock.ticks = 0.0, 0

    def answer(tick):
        if tick == 1:
            found.received += 1
            found.answered(pings[0])

    clock.script = answer
    await found.beat()
    assert lost and clock.now == 1 + SILENT_S


async def test_bytes_come_whole_and_their_end_is_told():
    found, _, _ = beating()
    stream = asyncio.StreamReader()
    stream.feed_data(b"ab")
    reading = asyncio.create_task(found.read(stream, 3))
    await asyncio.sleep(0)
    stream.feed_data(b"cd")
    assert await reading == b"abc"
    stream.feed_eof()
    with pytest.raises(asyncio.IncompleteReadError):
        await found.read(stream, 2)
    assert found.received == 4 and not found._waits
