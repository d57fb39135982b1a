"""What the devices can do at most, as it was kept or is measured in this sitting."""

from collections.abc import Callable
from pathlib import Path

from jaxtour.engine.messages import Ceiling, Done, Facts, RunEvent
from jaxtour.engine.session import Session


class Ceilings:
    """The ceilings of the worker's devices; they are measured on request, and then kept."""

    def __init__(self, session: Session, path: Path, defer: Callable[[Callable[[], None]], object]) -> None:
        self._session = session
        self._path = path
        self._defer = defer
        self._runs: set[int] = set()
        self._asking = False
        self._found: tuple[Ceiling, ...] | None = None
        self._of: Facts | None = None
        """The worker that they were looked up for."""
        self._coming: list[Ceiling] = []
        self.unkept = ""
        """Why they could not be kept, or measured, in one line."""

    @property
    def busy(self) -> bool:
        """Whether they are being measured."""
        return self._asking or self._session.current in self._runs

    @property
    def found(self) -> tuple[Ceiling, ...]:
        """All that are known; reads the file when first asked for a worker's."""
        facts = self._session.facts
        if facts is None:
            return ()
        if self._found is None or self._devices(facts) != self._devices(self._of):
            from jaxtour.engine.ceilings import kept

            self._found, self._of = kept(facts, self._path), facts
        return self._found

    async def ask(self) -> None:
        """Have them measured."""
        self._asking, self._coming, self.unkept = True, [], ""
        try:
            self._runs.add(await self._session.ceilings())
        finally:
            self._asking = False

    def takes(self, event: RunEvent) -> bool:
        """Take an event in if it belongs to the measurement; whether it does."""
        # Events of a run may come before its number does.
        if self._asking and event.run == self._session.current:
            self._runs.add(event.run)
        if event.run not in self._runs:
            return False
        if isinstance(event, Ceiling):
            self._coming.append(event)
        elif isinstance(event, Done):
            self._end(event)
        return True

    def _end(self, done: Done) -> None:
        facts = self._session.facts
        if done.status != "ok" or facts is None:
            self.unkept = f"not measured to the end: {done.reason or done.status}"
            return
        self._found, self._of = tuple(self._coming), facts
        found = self._found
        self._defer(lambda: self._keep(facts, found))

    def _keep(self, facts: Facts, found: tuple[Ceiling, ...]) -> None:
        from jaxtour.engine.ceilings import keep

        try:
            keep(facts, found, self._path)
        except OSError as error:
            self.unkept = f"{self._path} cannot be written: {error.strerror or error}"

    @staticmethod
    def _devices(facts: Facts | None) -> object:
        """Which devices they are: facts come again and again as memory changes."""
        return facts and (facts.host.cpu, facts.host.cores, [(each.platform, each.kind) for each in facts.devices])
