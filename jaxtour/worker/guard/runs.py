"""The guard's record of one run, and how it ends."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..frames import ProtocolError, encode

STATUSES = ("ok", "error", "interrupted", "timeout", "died")
RUN_EVENTS = frozenset(
    {
        "progress", "result", "error", "warning", "figure", "executed", "trace", "arguments", "stage", "level", "hlo",
        "answer",
        "checked", "timing", "profile", "retrace", "program", "recorded", "peak", "names", "done",
    }
)  # fmt: skip


@dataclass(slots=True)
class Running:
    """The run that the runner executes."""

    run: int
    asked: bool = True
    """Whether the user waits for it; False when it only prepares state for another."""
    since: float = field(default_factory=time.monotonic)
    stopped: str = ""
    """`interrupted` or `timeout` once the guard has asked it to stop."""
    reason: str = ""

    def done(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the runner's `done` event, corrected by what the guard knows.

        Raises `ProtocolError` for an invalid one.
        """
        status, seconds, reason = message.get("status"), message.get("seconds", 0.0), message.get("reason", "")
        if status not in STATUSES or not isinstance(seconds, int | float) or not isinstance(reason, str):
            raise ProtocolError("done without a status")
        if status == "interrupted" and self.stopped:
            status, reason = self.stopped, self.reason
        # Code that outlived its interrupt may have caught it halfway through anything.
        dirty = bool(message.get("dirty")) or bool(self.stopped)
        return done(self.run, status, seconds=float(seconds), dirty=dirty, reason=reason)

    def cut(self, status: str, reason: str) -> dict[str, Any]:
        """Return the `done` event of a run that the guard ended."""
        return done(self.run, status, seconds=time.monotonic() - self.since, dirty=True, reason=reason)


def done(run: int, status: str, *, seconds: float = 0.0, dirty: bool = False, reason: str = "") -> dict[str, Any]:
    """Build a `done` event."""
    return {"event": "done", "run": run, "status": status, "seconds": seconds, "dirty": dirty, "reason": reason}


@dataclass(frozen=True, slots=True)
class Order:
    """The fields of a `run` command that the guard reads."""

    run: int
    fresh: bool
    timeout_s: float | None
    frame: bytes
    """The command itself, for the runner."""
    asked: bool = True

    @classmethod
    def read(cls, command: Mapping[str, Any]) -> "Order":
        """Decode a `run` command; raises `ProtocolError` for an invalid one."""
        run, timeout_s = command.get("run"), command.get("timeout_s")
        if not isinstance(run, int):
            raise ProtocolError("run: the number is missing")
        if timeout_s is not None and not (isinstance(timeout_s, int | float) and math.isfinite(timeout_s)):
            raise ProtocolError("run: timeout_s must be a number of seconds")
        asked = bool(command.get("cell") or command.get("probe"))
        return cls(run, bool(command.get("fresh")), timeout_s, encode(dict(command)), asked)


class Restarts:
    """Limits automatic restarts to `limit` within `window_s` seconds."""

    def __init__(self, limit: int = 3, window_s: float = 60.0) -> None:
        self._limit = limit
        self._window_s = window_s
        self._times: list[float] = []

    def another(self) -> bool:
        """Count one restart, or return False if the limit is reached."""
        now = time.monotonic()
        self._times = [when for when in self._times if now - when < self._window_s]
        if len(self._times) >= self._limit:
            return False
        self._times.append(now)
        return True

    def forget(self) -> None:
        """Reset the count, after the user asked for a restart."""
        self._times.clear()
