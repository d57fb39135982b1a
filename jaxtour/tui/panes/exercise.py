"""The exercise in the lesson pane: the verdict on the learner's code, the hints, and the keys to continue."""

from jaxtour.course.model import Exercise, Step
from jaxtour.engine.cells import limit_of
from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import CheckOutcome
from jaxtour.render.checks import NO_WORDS, inline, outcome_lines
from jaxtour.render.text.layout import Line, width_of, wrap
from jaxtour.text import grouped, plural
from jaxtour.tui.tour.practice import Tried
from jaxtour.tui.tour.view import StepView

BLANK: Line = ()
APART = "   "
NO_END = "does a loop never end?"


def exercise_lines(view: StepView, step: Step, width: int) -> tuple[list[Line], int | None]:
    """Return verdict, hints and keys, and which of the lines to bring into view."""
    exercise = step.exercise
    assert exercise is not None
    verdict, here = _verdict(view, step, width)
    lines: list[Line] = [BLANK, *verdict] if verdict else []
    if not view.solved:
        count = len(exercise.hints)
        for number, hint in enumerate(exercise.hints[: view.tried.hints], 1):
            lines += [BLANK, *wrap(((f"hint {number} of {count}  ", "muted"), *inline(hint)), width, indent="  ")]
        lines += [BLANK, *_keys(view, exercise, width)]
    return lines, here + 1 if verdict else None


def _keys(view: StepView, exercise: Exercise, width: int) -> list[Line]:
    left = len(exercise.hints) - view.tried.hints
    runs = ("editor_run", "runs and checks it" if view.editing else "runs and checks it there")
    keys = [runs] if view.editing else [("edit", "edits the code"), runs]
    if left > 0:
        keys.append(("hint", f"gives a hint ({left} left)" if view.tried.hints else "gives a hint"))
    if view.tried.attempts or left <= 0:
        keys.append(("solution", "shows a solution"))
    lines: list[Line] = [()]
    for action, words in keys:
        part: Line = ((view.key(action), "strong"), (f" {words}", "muted"))
        if lines[-1] and width_of(lines[-1]) + len(APART) + width_of(part) <= width:
            lines[-1] = (*lines[-1], (APART, ""), *part)
        else:
            lines.append(part)
    return lines[1:]


def _verdict(view: StepView, step: Step, width: int) -> tuple[list[Line], int]:
    """Return the lines, and the number of the most important one."""
    report = view.report
    if report is None:
        return (_solved(view, " before", width), 0) if view.solved else ([], 0)
    if report.checked is None and report.done is None:
        return [], 0
    lines, here = _checked(view, report, width) if report.checked else (_unchecked(view, step, report, width), 0)
    if report.dropped:
        words = f"it printed too much: {grouped(report.dropped)} bytes were left out"
        lines += wrap((("! ", "warning"), (words, "")), width, indent="  ")
    if view.state.code != view.code.text:
        words = f"that was before your last edit: {view.key('run')} runs and checks it"
        lines += wrap((("· ", "faint"), (words, "muted")), width, indent="  ")
    return lines, here


def _checked(view: StepView, report: Report, width: int) -> tuple[list[Line], int]:
    checked = report.checked
    assert checked is not None
    outcomes = checked.outcomes
    passed = sum(outcome.passed is True for outcome in outcomes)
    of = f"{passed} of {plural(len(outcomes), 'check')} passed"
    if checked.passed:
        return _solved(view, f" {_effort(view.tried)}", width), 0
    if not any(outcome.passed is False for outcome in outcomes):
        words = checked.message or "the check did not pass"
        if report.failure:
            words = f"the code raised {report.failure.type}, so it was not checked"  # the result pane has the rest
        return wrap((("✗ ", "warning"), ("not yet: ", "warning"), (words, "")), width, indent="  "), 0
    lines: list[Line] = [(("✗ ", "warning"), ("not yet: ", "warning"), (of, ""))] if len(outcomes) > 1 else []
    here = 0
    for outcome in outcomes:
        if outcome.passed is False:
            here = len(lines)
        lines += _outcome(view, outcome, width)
    return lines, here


def _solved(view: StepView, how: str, width: int) -> list[Line]:
    if view.tried.gave_up:
        how = ", after a solution was shown; it comes back in review"
    words: Line = (("✓ ", "success"), ("solved", "success"), (how, "muted"))
    key: Line = ((view.key("solution"), "strong"), (" compares it with a solution", "muted"))
    if width_of(words) + len(APART) + width_of(key) <= width:
        return [(*words, (APART, ""), *key)]
    return [*wrap(words, width, indent="  "), (("  ", ""), *key)]


def _effort(tried: Tried) -> str:
    parts = [f"after {plural(tried.attempts, 'failed run')}"] if tried.attempts else ["at the first run"]
    parts += [f"with {plural(tried.hints, 'hint')}"] if tried.hints else []
    return ", ".join(parts)


def _outcome(view: StepView, outcome: CheckOutcome, width: int) -> list[Line]:
    place = view.pointed
    goes = "" if view.editing or not place else f": {view.key('to_failed')} goes there"
    words: Line = ((f"line {place.line}", "link"), (goes, "muted")) if place else ()
    return outcome_lines(outcome, width, words)


def _unchecked(view: StepView, step: Step, report: Report, width: int) -> list[Line]:
    """Return why the code was not checked, and what remains: the code, and a new worker."""
    done = report.done
    assert done is not None
    if done.status == "interrupted":
        return wrap((("· ", "faint"), ("interrupted, so it was not checked", "muted")), width, indent="  ")
    if done.status == "timeout":
        words = _past_limit(report, f"ran past the limit of {limit_of(step):g} s, and was stopped")
    elif done.status == "died":
        words = f"your code ended the worker: {done.reason or 'it died'}"
    else:
        words = "the check was not made"
        return wrap((("✗ ", "warning"), ("not yet: ", "warning"), (words, "")), width, indent="  ")
    lines = wrap((("✗ ", "warning"), ("not yet: ", "warning"), (words, "")), width, indent="  ")
    again = f"{view.key('restart')} starts a new worker" if view.dead else "a new worker starts by itself"
    return [*lines, *wrap((("  ", ""), (f"Your code is kept; {again}.", "muted")), width, indent="  ")]


def _past_limit(report: Report, ended: str) -> str:
    """Return what was not done at the limit: the code, its tracing, or a check, which may itself be slow."""
    if report.executed is None:
        return f"your code {ended}: {report.done.who if report.done and report.done.who else NO_END}"
    if (check := report.checking) is None:
        return f"your code ran, but tracing or timing it {ended}: {NO_END}"
    which = f"check {check.done + 1} of {check.of}" if check.of > 1 else "its check"
    return f"your code ran, but {which} {ended}: {check.label or NO_WORDS}. It calls your code with inputs of its own."
