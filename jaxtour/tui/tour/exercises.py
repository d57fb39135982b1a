"""How the learner fares with each exercise: kept while the tour is open, and in the progress."""

import ast
from collections.abc import Callable
from typing import Any

import msgspec

from jaxtour.course.model import Broken, Check, Exercise, Step
from jaxtour.course.progress import Progress
from jaxtour.engine.cells import timeout_of
from jaxtour.engine.report import Report, StepKey
from jaxtour.engine.wire.messages import Checked, Span
from jaxtour.text import Raw
from jaxtour.tui.tour.state import Tried
from jaxtour.tui.tour.view import StepView

LIMIT_S = 30.0
"""The time limit of the code of an exercise, and again of each call that it times: it may be a loop without an end."""


class Exercises:
    """Counts hints and failed runs."""

    def __init__(self, progress: Progress, defer: Callable[[Callable[[], None]], object]) -> None:
        self._progress = progress
        self._defer = defer
        self._tried: dict[StepKey, Tried] = {}

    def of(self, key: StepKey) -> Tried:
        """What is known of an exercise."""
        if key not in self._tried:
            saved = self._progress.saved(*key)
            self._tried[key] = Tried(hints=saved.hints, attempts=saved.attempts, gave_up=saved.gave_up)
        return self._tried[key]

    def warn(self, key: StepKey) -> None:
        """Remember that the learner was told to try first."""
        self._tried[key] = msgspec.structs.replace(self.of(key), warned=True)

    def note(self, key: StepKey, **fields: Any) -> None:
        """Change fields that the progress keeps too."""
        self._tried[key] = msgspec.structs.replace(self.of(key), **fields)
        self._defer(lambda: self._progress.update(*key, **fields))

    def ended(self, key: StepKey, step: Step, report: Report) -> None:
        """Count a run that did not pass, unless it was interrupted."""
        passed = report.checked is not None and report.checked.passed
        stopped = report.done is not None and report.done.status == "interrupted"
        if step.exercise and not passed and not stopped:
            self.note(key, attempts=self.of(key).attempts + 1)


def limit_of(step: Step) -> float | None:
    """The time limit of a step in the tour, in seconds; None without one, as the user can interrupt."""
    return timeout_of(step, LIMIT_S * (1 + len(step.time))) if step.exercise else None


def compared_step(step: Step, checked: Checked | None = None) -> Step:
    """The step without its check, tracing what is to be compared.

    That is the call of the check that failed, with the inputs that it failed on; or else a call whose program is
    checked, or what the step traces, or a call whose value is checked.
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
    """The call whose program is checked."""
    return check.jaxpr or check.hlo or check.memory


def _value(check: Check) -> Raw | None:
    """The expression whose value or gradient is checked."""
    return check.value or check.gradient


def _call(written: Raw | None, check: Check, inputs: int = 0) -> Raw | None:
    """The call as it is checked, with one set of the check's inputs in place of their names; None if it is none."""
    if written is None:
        return None
    tree = ast.parse(written.text.strip(), mode="eval")
    given = list(check.given[inputs].items()) if inputs < len(check.given) else []
    for name, source in reversed(given):  # one may use those before it
        tree = _Filler(name, ast.parse(source.text.strip(), mode="eval").body).visit(tree)
    return Raw(ast.unparse(tree)) if isinstance(tree.body, ast.Call) else None


class _Filler(ast.NodeTransformer):
    def __init__(self, name: str, by: ast.expr) -> None:
        self._name, self._by = name, by

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._by if node.id == self._name else node


def exercise_of(step: Step | Broken) -> Exercise | None:
    """The exercise of a step, if it is one."""
    return step.exercise if isinstance(step, Step) else None


def solved(view: StepView) -> bool:
    """Whether the code passed as it stands, or passed before and has not run since."""
    report = view.report
    if report is None:
        return bool(view.done) and view.done[view.number - 1]
    return report.checked is not None and report.checked.passed and view.state.code == view.code.text


def pointed(view: StepView) -> Span | None:
    """The place in the code shown that the failed check points at."""
    report = view.report
    if report is None or report.checked is None or report.checked.passed or view.state.code != view.code.text:
        return None
    spans = (span for outcome in report.checked.outcomes if outcome.passed is False for span in outcome.spans)
    return next((span for span in spans if span.file == view.own), None)


def first_keys(view: StepView) -> tuple[str, ...]:
    """The actions that come first in the bottom line of an exercise, the next thing to do foremost."""
    step = view.step
    if isinstance(step, Broken) or step.exercise is None or view.awaits or view.worker == "dead":
        return ()
    if solved(view):
        return ("next_step", "solution")
    changed = view.code.text != (view.state.code if view.report else step.shown_code.text)
    return ("run", "edit", "hint") if changed else ("edit", "hint", "run")
