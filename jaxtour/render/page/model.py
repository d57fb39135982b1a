"""What a page shows."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.profile import Profile
from jaxtour.engine.wire.timings import Peak
from jaxtour.render.text.layout import Line


class PageSource(NamedTuple):
    """A text that contains expressions."""

    file: str
    """Its name in spans."""
    name: str
    """Its name on the page."""
    text: str
    """The text, with one visible character for each invisible one, so that columns stay the same."""


class PageCall(NamedTuple):
    """A traced call, or a step without one."""

    title: str
    call: str
    sources: Sequence[PageSource] = ()
    """The first one has the call's own code."""
    stages: Sequence[StageText] = ()
    """The stages; those that could not be made have an `error`."""
    profile: Profile | None = None
    sections: Sequence[tuple[str, Sequence[Line]]] = ()
    """Sections that come before the time and the memory, by heading."""


class Page(NamedTuple):
    """A whole page."""

    title: str
    made_by: str
    """What made it: `jaxtour 0.5, jax 0.12.0, Python 3.13, CPU, ...`."""
    calls: Sequence[PageCall]
    peaks: Sequence[Peak] = ()
