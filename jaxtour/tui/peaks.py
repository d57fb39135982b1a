"""Keeps the peaks of the worker's devices, saved earlier or measured on request."""

from collections.abc import Callable
from pathlib import Path

from jaxtour.engine.report import RunPurpose, Runs
from jaxtour.engine.session import Session
from jaxtour.engine.wire.messages import Done, Facts, Peak, RunEvent
from jaxtour.text import clean


class Peaks:
    """The peaks of the worker's devices; measures them on request, and saves them in a file."""

    def __init__(self, session: Session, runs: Runs, path: Path, defer: Callable[[Callable[[], None]], object]) -> None:
        self._session = session
        self._runs = runs
        self.path = path
        self._defer = defer
        self._found: tuple[Peak, ...] | None = None
        self._of: Facts | None = None
        """The facts of the worker that they belong to."""
        self._coming: list[Peak] = []
        self.unkept = ""
        """Why they could not be measured or saved, in one line."""

    @property
    def busy(self) -> bool:
        """Whether they are being measured."""
        current = self._runs.current
        return current is not None and current.purpose == "peaks"

    @property
    def found(self) -> tuple[Peak, ...]:
        """All known peaks; reads the file once for each worker."""
        facts = self._session.facts
        if facts is None:
            return ()
        if self._found is None or self._devices(facts) != self._devices(self._of):
            from jaxtour.engine.peaks import kept

            self._found, self._of = kept(facts, self.path), facts
        return self._found

    async def measure(self) -> None:
        """Measure the peaks."""
        self._coming, self.unkept = [], ""
        await self._runs.launch(self._session.peaks(), RunPurpose("peaks"))

    def take(self, event: RunEvent) -> None:
        """Take an event of the measurement."""
        if isinstance(event, Peak):
            self._coming.append(event)
        elif isinstance(event, Done):
            self._end(event)

    def _end(self, done: Done) -> None:
        facts = self._session.facts
        if done.status != "ok" or facts is None:
            self.unkept = f"measuring stopped early: {done.reason or done.status}"
            return
        self._found, self._of = tuple(self._coming), facts
        found = self._found
        self._defer(lambda: self._keep(facts, found))

    def _keep(self, facts: Facts, found: tuple[Peak, ...]) -> None:
        from jaxtour.engine.peaks import keep

        try:
            keep(facts, found, self.path)
        except OSError as error:
            self.unkept = clean(f"{self.path} cannot be written: {error.strerror or error}", keep_newlines=False)

    @staticmethod
    def _devices(facts: Facts | None) -> object:
        """Return what identifies the devices; facts come often, as memory changes."""
        return facts and (facts.host.cpu, facts.host.cores, [(each.platform, each.kind) for each in facts.devices])
