"""Compares the learner's edit of a step with the lesson's own code: two more runs, which the step does not show."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.commands import StageRequest, TimeCall
from jaxtour.engine.comparison import Comparison, Side, compared, expression_at
from jaxtour.engine.messages import Done, RunEvent
from jaxtour.engine.report import Report, RunPurpose, Runs, StepKey, advance, requested
from jaxtour.engine.session import Handle, Session
from jaxtour.render.comparison import aligned, comparison_lines, equations_of
from jaxtour.render.ir.ladder import LadderRow
from jaxtour.render.text.layout import Line, wrap

NO_TIME = "Time takes seconds to measure and is left out: t times the step, and jaxtour diff compares two files."


class Comparing:
    """The lesson's own run of a call, and the edit's, whose results are compared."""

    def __init__(self, session: Session, runs: Runs) -> None:
        self._session = session
        self._runs = runs
        self._ended = asyncio.Event()
        self._report: Report | None = None
        """The report that takes the events."""
        self.problem = ""
        """Why there is nothing to compare, in one line."""
        self.found: Comparison | None = None
        self._rows: list[LadderRow] = []

    async def compare(self, lesson: Lesson, step: Step, edit: str, report: Report, index: int, own: str) -> None:
        """Compare the traced call of this index; raises `EngineError` without a worker.

        `own` is the file that the step's code is to the worker.
        """
        key = lesson.id, step.id
        self.found, self.problem = None, ""
        with tempfile.TemporaryDirectory(prefix="jaxtour-diff-") as folder:
            kept = str(Path(folder, "results.npz"))
            handle = self._session.run(lesson, step, step.shown_code.text, timings=False)
            first = await self._whole(key, handle, Report(run=handle.run))
            sides = []
            for code, told, (keep, compare) in (
                (step.shown_code.text, first, (kept, "")),
                (edit, replace(report, timings=()), ("", kept)),
            ):
                if self.problem or index >= len(told.traces) or told.traces[index].error is not None:
                    self.problem = self.problem or "the original code makes no such call"
                    return
                trace = told.traces[index]
                call = TimeCall(label=trace.label, call=trace.call.text, on="one", keep=keep, compare=compare)
                wanted = (StageRequest(index=index, stage="hlo"),)
                asked = self._session.request(lesson, step, code, requests=wanted, calls=(call,), brief=True)
                told = await self._whole(key, asked, requested(told, asked.run, wanted, timings=True))
                jaxpr, hlo = told.stage(index, "jaxpr"), told.stage(index, "hlo")
                if jaxpr is None or hlo is None or hlo.error is not None:
                    self.problem = self.problem or (hlo.error if hlo and hlo.error else "there is no HLO")
                    return
                timings = tuple(each for each in told.timings if each.error is None)
                sides.append(Side(trace, jaxpr, hlo, timings, expression_at(own, code)))
        a, b = sides
        self._rows = aligned(a.jaxpr, b.jaxpr, a.source, b.source)
        self.found = compared(a, b, equations_of(self._rows, a.jaxpr, b.jaxpr))

    def take(self, event: RunEvent) -> None:
        """Fold an event of its runs."""
        if self._report is None or not self._report.takes(event):
            return
        self._report = advance(self._report, event)
        if isinstance(event, Done):
            if event.status not in ("ok", "error"):
                self.problem = event.reason or event.status
            self._ended.set()

    async def _whole(self, key: StepKey, handle: Handle, report: Report) -> Report:
        """The report once its run is done."""
        self._report = report
        self._ended.clear()
        await self._runs.launch(handle, RunPurpose("compare", key, take=self.take))
        await self._ended.wait()
        return self._report

    def lines(self, width: int, own: str, words: str, whose: str) -> list[Line]:
        """The comparison; what is under way, or why there is none."""
        if self.problem:
            return wrap([("✗ ", "warning"), (self.problem, "")], width)
        if self.found is None:
            return [((f"{words or 'comparing'} …", "muted"),)]
        lines = comparison_lines(self.found, self._rows, (f"{whose} own code", "your edit"), width, (own, own))
        return [*lines, (), *wrap([(NO_TIME, "muted")], width)]
