"""Compares the learner's edit of a step with the lesson's own code: two more runs, which the step does not show."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from jaxtour import files
from jaxtour.course.model import Check, Lesson, Step
from jaxtour.engine.compare.comparison import Comparison, Side, compared, expression_at
from jaxtour.engine.handle import Handle
from jaxtour.engine.report import Report, Runs, requested
from jaxtour.engine.session import Session
from jaxtour.engine.wire.commands import StageRequest, TimeCall
from jaxtour.engine.wire.messages import Checked, RunEvent
from jaxtour.render.comparison import aligned, comparison_lines, equations_of
from jaxtour.render.ir.ladder import LadderRow
from jaxtour.render.text.layout import Line, wrap
from jaxtour.text import Raw
from jaxtour.tui.tour.unshown import Unshown

RUN_S = 30.0
"""The time limit of each code."""
WORKERS = 3
"""Measurements of each call, each in a new worker: one process is a few per cent faster than the next."""
PATIENCE = 0.5
"""The patience of one measurement; there are several."""
NO_TIME = "Time takes seconds to measure and is left out: t times the step, and jaxtour diff compares two files."


@dataclass
class Half:
    """One of the two pieces of code, and what the worker reported about it."""

    whose: str
    """Whose code it is, for sentences: `your code`."""
    code: str
    report: Report | None = None
    """The report of its run; None before the run."""
    side: Side | None = None

    def amiss(self, index: int) -> str:
        """Return why its call cannot be compared, as a predicate: `raised NameError`; empty if it can."""
        report = self.report
        if report is None or index >= len(report.traces):
            raised = report.failure if report else None
            return f"raised {raised.type}" if raised else "makes no such call"
        error = report.traces[index].error
        return f"cannot be traced: {error}" if error is not None else ""


class Comparing:
    """Compares the results of a step's two pieces of code: the lesson's, and the learner's."""

    def __init__(self, session: Session, runs: Runs) -> None:
        self._session = session
        self._runs = runs
        self._run = Unshown(runs)
        self.problem = ""
        """Why there is nothing to compare, in one line."""
        self.found: Comparison | None = None
        self.rows: list[LadderRow] = []
        self._asked: tuple[Lesson, Step, int] | None = None
        self._halves: tuple[Half, Half] | None = None

    async def compare(self, lesson: Lesson, step: Step, halves: tuple[Half, Half], index: int, own: str) -> None:
        """Compare the traced call of this index; raises `EngineError` without a worker.

        `own` is the worker's file name for the step's code. A half without a report runs first.
        """
        self.found, self.problem = None, ""
        self._asked, self._halves = (lesson, step, index), halves
        try:
            made = files.temporary_folder()
        except OSError as error:
            self.problem = str(error.strerror)
            return
        with self._reserved(), made as folder:
            kept = str(Path(folder, "results.npz"))
            for half, keep, compare in zip(halves, (kept, ""), ("", kept), strict=True):
                if half.report is None:
                    handle = self._session.run(lesson, step, half.code, timings=False, default_timeout_s=RUN_S)
                    half.report = await self._whole(handle, Report(run=handle.run))
                if why := (f"did not end: {self.problem}" if self.problem else half.amiss(index)):
                    self.problem = f"{half.whose} {why}"
                    return
                told = await self._request(half, keep=keep, compare=compare, hlo=True)
                jaxpr, hlo = told.stage(index, "jaxpr"), told.stage(index, "hlo")
                if self.problem or jaxpr is None or hlo is None or hlo.error is not None:
                    self.problem = self.problem or (hlo.error if hlo and hlo.error else "there is no HLO")
                    return
                timings = tuple(each for each in told.timings if each.error is None)
                half.side = Side(told.traces[index], jaxpr, hlo, timings, expression_at(own, half.code))
        self._find()

    async def measure(self) -> None:
        """Measure both calls alternately, each time in a new worker; raises `EngineError` without a worker."""
        if self.found is None or self._halves is None:
            return
        self.problem = ""
        with self._reserved():
            for half in self._halves * WORKERS:
                told = await self._request(half)
                errors = [each.error for each in told.timings if each.error is not None]
                self.problem = self.problem or next(iter(errors), told.timing_error) or ""
                if self.problem or half.side is None:
                    return
                half.side = replace(half.side, timings=(*half.side.timings, *told.timings))
        self._find()

    @contextmanager
    def _reserved(self) -> Iterator[None]:
        """Keep the worker: preparing the next step in between would cost a new one each time."""
        self._runs.reserved = True
        try:
            yield
        finally:
            self._runs.reserved = False

    def _find(self) -> None:
        a, b = (half.side for half in self._halves or ())
        assert a is not None and b is not None
        self.rows = aligned(a.jaxpr, b.jaxpr, a.source, b.source)
        self.found = compared(a, b, equations_of(self.rows, a.jaxpr, b.jaxpr))

    async def _request(self, half: Half, *, keep: str = "", compare: str = "", hlo: bool = False) -> Report:
        """Return the half's report with its HLO, and with one call or a measurement of it."""
        assert self._asked is not None and half.report is not None
        lesson, step, index = self._asked
        trace = half.report.traces[index]
        call = TimeCall(label=trace.label, call=trace.call.text, on="one", keep=keep, compare=compare)
        wanted = (StageRequest(index=index, stage="hlo"),) if hlo else ()
        asked = self._session.request(
            lesson, step, half.code, requests=wanted, calls=(call,), brief=hlo, patience=PATIENCE
        )
        told = requested(msgspec.structs.replace(half.report, timings=()), asked.run, wanted, timings=True)
        return await self._whole(asked, told)

    def take(self, event: RunEvent) -> None:
        """Fold an event of its runs."""
        self._run.take(event)

    async def _whole(self, handle: Handle, report: Report) -> Report:
        """Return the report once its run is done."""
        assert self._asked is not None
        lesson, step, _ = self._asked
        found = await self._run.whole((lesson.id, step.id), handle, report)
        self.problem = self.problem or self._run.problem
        return found

    def lines(self, width: int, own: str, words: str) -> list[Line]:
        """Return the comparison, its progress, or why there is none."""
        if self.found is None or self.problem or self._halves is None:
            return self.state(width, words)
        names = self._halves[0].whose, self._halves[1].whose
        lines = comparison_lines(self.found, self.rows, names, width, (own, own))
        return [*lines, (), *wrap([(NO_TIME, "muted")], width)]

    def state(self, width: int, words: str) -> list[Line]:
        """Return the progress, or why there is nothing to compare."""
        if self.problem:
            return wrap([("✗ ", "warning"), (self.problem, "")], width)
        return [((f"{words or 'comparing'} …", "muted"),)]


def compared_step(step: Step, checked: Checked | None = None) -> Step:
    """Return the step without its check, with a trace of what to compare.

    That is the call of the failed check, with the inputs that it failed on; or else a call whose program is checked,
    or what the step traces, or a call whose value is checked.
    """
    checks = step.exercise.checks if step.exercise else ()
    outcomes = zip(checks, checked.outcomes if checked else (), strict=False)
    failed = [
        _call(_program(each) or _value(each), each, told.inputs) for each, told in outcomes if told.passed is False
    ]
    programs = [_call(_program(each), each) for each in checks]
    values = [_call(_value(each), each) for each in checks]
    trace = next(filter(None, (*failed, *programs)), None) or step.trace or next(filter(None, values), None)
    return msgspec.structs.replace(step, exercise=None, ask=None, time=(), trace=trace)


def _program(check: Check) -> Raw | None:
    """Return the call whose program is checked."""
    return check.jaxpr or check.hlo or check.memory


def _value(check: Check) -> Raw | None:
    """Return the expression whose value or gradient is checked."""
    return check.value or check.gradient


def _call(written: Raw | None, check: Check, inputs: int = 0) -> Raw | None:
    """Return the checked call, with one set of the check's inputs in place of their names; None if it is not a call."""
    if written is None:
        return None
    tree = ast.parse(written.text.strip(), mode="eval")
    given = list(check.given[inputs].items()) if inputs < len(check.given) else []
    for name, source in reversed(given):  # each may use those before it
        tree = _Filler(name, ast.parse(source.text.strip(), mode="eval").body).visit(tree)
    return Raw(ast.unparse(tree)) if isinstance(tree.body, ast.Call) else None


class _Filler(ast.NodeTransformer):
    def __init__(self, name: str, by: ast.expr) -> None:
        self._name, self._by = name, by

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._by if node.id == self._name else node
