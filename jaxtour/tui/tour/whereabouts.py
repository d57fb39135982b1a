"""Records where the learner is, and how long they have been there, in the progress."""

from collections.abc import Callable

from jaxtour.course.model import StepKey
from jaxtour.course.progress import Progress

IDLE_S = 300.0
"""A learner who does nothing for longer counts as away."""


class Whereabouts:
    """Saves the place, and with the next place the time spent at this one: one write for both."""

    def __init__(
        self, progress: Progress, clock: Callable[[], float], defer: Callable[[Callable[[], None]], object]
    ) -> None:
        self._progress = progress
        self._clock = clock
        self._defer = defer
        self._key: StepKey | None = None
        self._since = self.seen = 0.0
        """When the learner came, later by the time away; and when the last key came."""

    def back(self, now: float) -> None:
        """Leave out the time since the last key in which the learner was idle."""
        self._since += max(0.0, now - self.seen - IDLE_S)

    def arrive(self, key: StepKey) -> None:
        """Leave the step for another one, or stay."""
        spent = self._spent()
        self._key = key
        self._defer(lambda: self._progress.set_place(*key, spent))

    def leave(self) -> None:
        """Keep the time spent so far, and the place."""
        if self._key is not None:
            self.arrive(self._key)

    def _spent(self) -> list[tuple[str, str, float]]:
        """Return the time at the step, and restart the count at 0."""
        now = self._clock()
        self.back(now)
        seconds = round(now - self._since, 1)
        self._since = self.seen = now
        return [(*self._key, seconds)] if self._key and seconds else []
