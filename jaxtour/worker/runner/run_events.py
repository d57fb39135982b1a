"""What a run uses of the process, and the events that it sends: each carries the run's number."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .. import compat
from ..ir.stages import Stages
from .execute import Workspace
from .whole import Whole
from .writer import Event, Stdio, Writer


@dataclass
class RunContext:
    """The parts of the process that a run uses."""

    writer: Writer
    stdio: Stdio
    workspace: Workspace
    events: compat.CompileEvents
    devices: list[Any]
    whole: Whole
    stages: Stages | None = None
    """The stages of the last request, reused by the next one for the same calls."""


class RunEvents:
    """Sends the events of one run."""

    def __init__(self, stage: RunContext, run: int) -> None:
        self._stage = stage
        self._run = run

    def say(self, event: Event) -> None:
        """Send an event."""
        self._stage.writer.say({**event, "run": self._run})

    def progress(self, phase: str, label: str = "", done: int = 0, of: int = 0) -> None:
        """Say what the runner does."""
        self.say({"event": "progress", "phase": phase, "label": label, "done": done, "of": of})

    @contextlib.contextmanager
    def phase(self, phase: str, label: str = "", done: int = 0, of: int = 0) -> Iterator[None]:
        """Report a phase, and each compilation inside it."""

        def announce(kind: str, name: str, begins: bool) -> None:
            if kind == "compile":
                self.progress("compiling", name) if begins else self.progress(phase, label, done, of)

        self.progress(phase, label, done, of)
        self._stage.events.announce = announce
        try:
            yield
        finally:
            self._stage.events.announce = None
