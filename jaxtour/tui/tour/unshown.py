"""Runs code whose results the step does not show."""

import asyncio

from jaxtour.course.model import StepKey
from jaxtour.engine.handle import Handle
from jaxtour.engine.report import Report, RunPurpose, Runs, advance
from jaxtour.engine.wire.messages import Done, RunEvent


class Unshown:
    """Folds the events of one run at a time into a separate report."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._ended = asyncio.Event()
        self._report: Report | None = None
        self.problem = ""
        """Why the last run did not end on its own, in one line."""

    def take(self, event: RunEvent) -> None:
        """Fold an event of the run."""
        if self._report is None or not self._report.takes(event):
            return
        self._report = advance(self._report, event)
        if isinstance(event, Done):
            if event.status not in ("ok", "error"):
                self.problem = event.reason or event.status
            self._ended.set()

    async def whole(self, key: StepKey, handle: Handle, report: Report) -> Report:
        """Return the report once the run is done; raises `EngineError` without a worker."""
        self._report, self.problem = report, ""
        self._ended.clear()
        await self._runs.launch(handle, RunPurpose("compare", key, take=self.take))
        await self._ended.wait()
        return self._report
