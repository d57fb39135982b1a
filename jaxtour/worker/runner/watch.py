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
_LOAD_STEPS = 2
"""Steps for each core: smaller changes of the load are not reported."""
_MEMORY_STEPS = 50
"""Steps for the whole memory."""
_BUSY_STEP = 5
"""Percent."""


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
        if news(now) != news(self._said):
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


def news(event: Event) -> Event:
    """Return the facts without small changes of load, memory and utilization."""
    if not event:
        return {}
    host = dict(event["host"])
    if host["load"] is not None:
        host["load"] = round(host["load"] * _LOAD_STEPS)
    if host["used_bytes"] is not None and host["memory_bytes"]:
        host["used_bytes"] = round(host["used_bytes"] / host["memory_bytes"] * _MEMORY_STEPS)
    devices = [
        {**device, "utilization": round(device["utilization"] / _BUSY_STEP)} if "utilization" in device else device
        for device in event["devices"]
    ]
    return {**event, "host": host, "devices": devices}
