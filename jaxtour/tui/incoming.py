"""Prepares the worker's events for folding and for the status line."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from jaxtour.course.model import Step
from jaxtour.engine.messages import Event, RunProgress, Text
from jaxtour.text.raw import Raw

Key = tuple[str, str]
"""Lesson id and step id."""


class RunPurpose(NamedTuple):
    """The purpose of a run."""

    purpose: Literal["run", "request", "peaks"]
    key: Key | None = None
    """The step whose report gets its events."""
    step: Step | None = None
    """The step that it runs."""


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
