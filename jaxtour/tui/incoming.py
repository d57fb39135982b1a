"""The runs of the tour: what each is for, and their events, prepared for folding and for the status line."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from jaxtour.course.model import Step
from jaxtour.engine.messages import Event, RunEvent, RunProgress, Text
from jaxtour.engine.session import Handle, Session
from jaxtour.text import Raw

Key = tuple[str, str]
"""Lesson id and step id."""


class RunPurpose(NamedTuple):
    """The purpose of a run."""

    purpose: Literal["run", "request", "peaks"]
    key: Key | None = None
    """The step whose report gets its events."""
    step: Step | None = None
    """The step that it runs."""


class Runs:
    """The purpose of each run. A run has its number before it is sent, so its events can always be routed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._owners: dict[int, RunPurpose] = {}
        self._launching: set[int] = set()

    @property
    def current(self) -> RunPurpose | None:
        """The purpose of the run under way; None without one, or if it is not from here."""
        run = max(self._launching, default=self._session.current)
        return self._owners.get(run) if run is not None else None

    async def launch(self, handle: Handle, owner: RunPurpose) -> None:
        """Send a run whose events are for `owner`. Raises `EngineError` without a guard."""
        self._owners[handle.run] = owner
        self._launching.add(handle.run)
        try:
            await handle
        finally:
            self._launching.discard(handle.run)

    def owner(self, event: RunEvent) -> RunPurpose | None:
        """The purpose of an event's run; None for a run that was not launched here."""
        return self._owners.get(event.run)


class Activity(msgspec.Struct, frozen=True):
    """What the worker does, and since when."""

    words: str = ""
    """`tracing predict`, `timing NumPy 3/15`; empty when it is idle."""
    since: float = 0.0
    key: Key | None = None
    """The step that it works for."""


def doing(event: RunProgress) -> str:
    """A run's progress in words: `compiling jit(f)`, `timing NumPy 3/15`."""
    count = f"{event.done}/{event.of}" if event.of else ""
    label = "" if event.phase == "running" else event.label
    return " ".join(part for part in (event.phase, label, count) if part)


def joined(events: Iterable[Event]) -> list[Event]:
    """The events, with adjacent pieces of the same text joined: folding each piece would copy the whole text."""
    whole: list[Event] = []
    pieces: list[Text] = []

    def flush() -> None:
        if pieces:
            first = pieces[0]
            text = Raw("".join(piece.text.text for piece in pieces))
            whole.append(msgspec.structs.replace(first, text=text))
            pieces.clear()

    for event in events:
        if isinstance(event, Text):
            if pieces and (event.dropped or _kind(event) != _kind(pieces[0])):
                flush()
            pieces.append(event)
        else:
            flush()
            whole.append(event)
    flush()
    return whole


def _kind(text: Text) -> tuple[int, str, bool, bool]:
    return text.run, text.stream, text.background, text.tracing
