"""`jaxtour solve`: checks a learner's solution of an exercise, without a screen."""

from pathlib import Path

import msgspec

from jaxtour import interrupts
from jaxtour.commands.common import ascii_only, catalogue_for, coloured, headless, tell_findings, write, write_json
from jaxtour.commands.files import code_of
from jaxtour.commands.trust import check_trusted
from jaxtour.course.model import Broken, CourseError, Lesson, Step
from jaxtour.engine.cells import limit_of
from jaxtour.engine.headless import Outcome
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.messages import CheckOutcome, Failure
from jaxtour.render.checks import outcomes_lines
from jaxtour.render.text.layout import Line, wrap
from jaxtour.render.text.plain import text_of
from jaxtour.render.value import failure_lines
from jaxtour.text import plural


class SolveDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The document that `solve --json` prints."""

    lesson: str
    step: str
    right: bool
    message: str
    """Why it is not right yet."""
    outcomes: tuple[CheckOutcome, ...]
    failure: Failure | None
    """What the code raised."""
    hints: int
    """How many hints the exercise has."""


def solve(target: str, file: str, config: WorkerConfig, *, as_json: bool, width: int, trust: bool = False) -> int:
    """Print the verdict on a file; the exit code is 1 if it is not right yet."""
    lesson, step = _exercise(target)
    code = code_of(Path(file))
    check_trusted([lesson], trust=trust)
    outcome = interrupts.run(_outcome(lesson, step, code, config, trust=trust))
    if outcome.status == "skipped":
        raise CourseError(f"{lesson.id}/{step.id} cannot run here: {outcome.reason}")
    verdict = _verdict(lesson, step, outcome)
    if as_json:
        write_json(verdict)
    else:
        write(text_of(_lines(verdict, target, width), ascii_only(), coloured()))
    return int(not verdict.right)


def _exercise(target: str) -> tuple[Lesson, Step]:
    """Return the exercise that the target names; raises `CourseError` for anything else."""
    catalogue, wanted = catalogue_for(target)
    if wanted is None or "/" not in wanted:
        lesson = catalogue.entry(wanted).lesson() if wanted else catalogue.entries[0].lesson()
        place = f"{target.rstrip('/')}/{lesson.id}" if Path(target).is_dir() else target
        raise CourseError(f"{target}: name one of its exercises: {_exercises(lesson, place)}")
    lesson, step = catalogue.find(wanted)
    if isinstance(step, Broken):
        raise CourseError(f"{target} does not load: {step.error}")
    if step.exercise is None:
        raise CourseError(f"{target} is not an exercise: {_exercises(lesson, target.rpartition('/')[0])}")
    return lesson, step


def _exercises(lesson: Lesson, place: str) -> str:
    """Return the lesson's exercises as this command takes them; `place` is what names the lesson."""
    names = [f"{place}/{step.id}" for step in lesson.steps if isinstance(step, Step) and step.exercise]
    return f"choose from {', '.join(names)}" if names else f"lesson {lesson.id} has none"


async def _outcome(lesson: Lesson, step: Step, code: str, config: WorkerConfig, *, trust: bool) -> Outcome:
    async with headless(config, trust=trust) as engine:
        tell_findings(await engine.facts())
        return await engine.step(lesson, step, timings=False, code=code, limit_s=limit_of(step))


def _verdict(lesson: Lesson, step: Step, outcome: Outcome) -> SolveDocument:
    report = outcome.report
    assert report is not None and step.exercise is not None
    checked = report.checked
    # A run that did not finish has no checks: it says how it ended.
    message = checked.message if checked else next((each.message for each in outcome.problems), outcome.reason)
    return SolveDocument(
        lesson=lesson.id,
        step=step.id,
        right=checked is not None and checked.passed,
        message=message,
        outcomes=checked.outcomes if checked else (),
        failure=report.failure,
        hints=len(step.exercise.hints),
    )


def _lines(verdict: SolveDocument, target: str, width: int) -> list[Line]:
    lines: list[Line] = []
    if verdict.failure:
        lines += failure_lines(verdict.failure, width)
    elif not verdict.outcomes:
        lines.append(((verdict.message, "error"),))
    lines += outcomes_lines(verdict.outcomes, width)
    if verdict.right:
        return [*lines, (("✓ right", "success"),)]
    passed = sum(outcome.passed is True for outcome in verdict.outcomes)
    made = f": {passed} of {plural(len(verdict.outcomes), 'check')} passed" if verdict.outcomes else ""
    lines.append(((f"✗ not yet{made}", "error"),))
    if verdict.hints:
        lines += wrap([(f"{plural(verdict.hints, 'hint')}: jaxtour {target}, key h", "muted")], width)
    return lines
