"""Reports the devices and the host to the engine when they change, at most once a second."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from ..machine.accelerators import Finding
from ..machine.devices import facts
from ..machine.utilization import Meter
from .writer import Event, Writer

EVERY_S = 1.0
_SHARE = 50
"""After a look, wait for this many times as long as it took."""
_LOAD_STEP = 0.5
"""Smaller changes of the load, of the share of memory in use and of the utilization in percent are not reported."""
_MEMORY_STEP = 0.02
_BUSY_STEP = 5.0


class DeviceWatch:
    """Looks at the devices, and reports changes."""

    def __init__(
        self, writer: Writer, devices: Sequence[Any], findings: Sequence[Finding], meter: Meter | None = None
    ) -> None:
        self._writer = writer
        self._devices = devices
        self._findings = findings
        self._meter = meter
        self._said: Event = {}
        self._when = 0.0
        self._cost = 0.0
        """Seconds the last look took; with many live arrays it takes long."""

    def look(self) -> None:
        """Send the facts if they have changed; while lesson code runs, only the watching thread may call it."""
        began = time.monotonic()
        if began - self._when < EVERY_S:
            return
        now = facts(self._devices, self._findings, self._meter)
        self._cost = time.monotonic() - began
        if is_news(now, self._said):
            self._said, self._when = now, time.monotonic()
            self._writer.say(now)

    def patience(self) -> float:
        """Return seconds until the next look is due."""
        return min(EVERY_S, max(0.0, self._when + EVERY_S - time.monotonic())) or EVERY_S

    @contextlib.contextmanager
    def during(self, *, measured: bool) -> Iterator[None]:
        """Keep looking while something runs; pause while something is being measured."""
        if measured:
            with self._paused():
                yield
            return
        over = threading.Event()
        thread = threading.Thread(target=self._keep_looking, args=(over,), name="jaxtour devices", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextlib.contextmanager
    def _paused(self) -> Iterator[None]:
        if self._meter:
            self._meter.pause()
        try:
            yield
        finally:
            if self._meter:
                self._meter.resume()

    def _keep_looking(self, over: threading.Event) -> None:
        while not over.wait(max(EVERY_S, _SHARE * self._cost)):
            try:
                self.look()
            except Exception as error:  # lesson code may have replaced what this calls
                self._writer.say({"event": "log", "text": f"the devices are no longer watched: {error!r:.200}"})
                return


def is_news(now: Event, said: Event) -> bool:
    """Return whether the facts differ from those that were reported last by more than small changes.

    Compared with rounded figures, those that sway about a half would be reported each time.
    """
    if not said:
        return True
    (fixed, moving), (fixed_before, before) = apart(now), apart(said)
    return fixed != fixed_before or any(
        old != new and (old is None or new is None or abs(new - old) >= step)
        for (new, step), (old, _) in zip(moving, before, strict=True)
    )


def apart(event: Event) -> tuple[Event, list[tuple[float | None, float]]]:
    """Return the facts without the figures that always change, and those, each with the least change that counts."""
    host = event["host"]
    moving = [(host["load"], _LOAD_STEP), (host["used_bytes"], _MEMORY_STEP * (host["memory_bytes"] or 0))]
    moving += [(device.get("utilization"), _BUSY_STEP) for device in event["devices"]]
    devices = [{**device, "utilization": None} for device in event["devices"]]
    return {**event, "host": {**host, "load": None, "used_bytes": None}, "devices": devices}, moving
