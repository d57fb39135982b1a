"""Proves what a step has besides its own code: the solutions of its exercise, and its changes to try.

The starter of an exercise fails, every right solution passes, and every wrong one fails for its reason. A change raises
what it should, and nothing else.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from jaxtour.course.edits import varied
from jaxtour.course.model import Broken, Exercise, Lesson, Step
from jaxtour.engine.cells import asked_of, timeout_of
from jaxtour.engine.compare.verify import WELL, Mismatch, as_expected, verify
from jaxtour.engine.headless import TIMEOUT_S, Headless, Outcome
from jaxtour.engine.report import Report
from jaxtour.engine.wire.commands import Run
from jaxtour.text import clean, short

_MESSAGE = 300


class _Verdict(NamedTuple):
    passed: bool
    message: str


async def proved(
    engine: Headless,
    lesson: Lesson,
    tell: Callable[[Outcome], None] | None = None,
    steps: Sequence[Step | Broken] | None = None,
) -> list[Outcome]:
    """Return the outcomes of a lesson's steps, with what is wrong with their exercises, and with changes to try.

    With `steps` it proves only those; earlier ones run for their state alone. `tell` is called with each step's outcome
    before its changes are tried.
    """
    found: list[tuple[Outcome, list[Mismatch]]] = []
    async for outcome in engine.survey(lesson, steps):
        step, told = _proven(outcome), []
        if step and step.exercise:
            told = [each async for each in _faults(engine, lesson, step, step.exercise)]
        found.append((outcome, told))
        if tell:
            tell(outcome)
    # A change may change what later probes find. The states that the worker kept serve most of them; a fresh worker,
    # which has none, takes seconds: it settles those that could not be tried there, or did not do what they should.
    changes = [each for outcome, told in found if (step := _proven(outcome)) for each in _changes(step, told)]
    for change in [each for each in changes if not await _holds(engine, lesson, each)]:
        change.told.extend(await _tried(engine, lesson, change))
    return [_with(outcome, told) for outcome, told in found]


def _proven(outcome: Outcome) -> Step | None:
    """Return the step, if its own code did what it should: only then the rest is worth proving."""
    return outcome.step if isinstance(outcome.step, Step) and outcome.status in WELL else None


def _with(outcome: Outcome, told: list[Mismatch]) -> Outcome:
    problems = tuple(each._replace(message=clean(each.message, keep_newlines=False)) for each in told)
    return replace(outcome, status="failed", problems=problems) if problems else outcome


async def _faults(engine: Headless, lesson: Lesson, step: Step, exercise: Exercise) -> AsyncIterator[Mismatch]:
    """Yield what is wrong with the exercise, one line each."""
    if (await _verdict(engine, lesson, step, exercise.starter.text)).passed:
        yield Mismatch("exercise: the starter passes its check: nothing is left to do", ("exercise", "starter"))
    for number, other in enumerate(exercise.others):
        verdict = await _verdict(engine, lesson, step, other.text)
        if not verdict.passed:
            told = short(verdict.message, _MESSAGE)
            yield Mismatch(f"exercise: others[{number}] fails its check: {told}", ("exercise", "others", number))
    for number, wrong in enumerate(exercise.wrong):
        verdict = await _verdict(engine, lesson, step, wrong.code.text)
        if verdict.passed:
            yield Mismatch(f"exercise: wrong[{number}] passes its check", ("exercise", "wrong", number))
        elif _words(wrong.because) not in _words(verdict.message):
            told = short(verdict.message, _MESSAGE)
            message = f"exercise: wrong[{number}] fails, but not because `{short(wrong.because, 80)}`: {told}"
            yield Mismatch(message, ("exercise", "wrong", number, "because"))


class _Change(NamedTuple):
    """A change to try, as the whole code of its step."""

    step: Step
    number: int
    code: str
    told: list[Mismatch]
    """What is wrong with the step, where this change adds its own."""


def _changes(step: Step, told: list[Mismatch]) -> list[_Change]:
    codes = [(number, varied(step, number)) for number in range(len(step.tries))]
    return [_Change(step, number, code, told) for number, code in codes if code is not None]


async def _tried(engine: Headless, lesson: Lesson, change: _Change) -> list[Mismatch]:
    """Return what is wrong with a change, from a run in the state before its step."""
    step, number, code, _ = change
    run = await engine.session.run(lesson, step, code, timings=False, default_timeout_s=TIMEOUT_S)
    return _wrong(step, number, await engine.whole(Report(run=run)))


async def _holds(engine: Headless, lesson: Lesson, change: _Change) -> bool:
    """Return whether a change does what it should in the state that the worker kept, if it did."""
    step, number, code, _ = change
    asked = Run(run=0, attempt=code, timeout_s=timeout_of(step, TIMEOUT_S))
    report = await engine.whole(Report(run=await engine.session.probe(lesson, step, asked)))
    return report.done is not None and report.done.status == "ok" and not _wrong(step, number, report)


def _wrong(step: Step, number: int, report: Report) -> list[Mismatch]:
    """Return what a change did that it should not: at most one."""
    change, failure, done = step.tries[number], report.failure, report.done
    told = f"{failure.type}: {short(failure.message, 120)}" if failure else ""
    if done and done.status not in ("ok", "error"):
        return [Mismatch(f"tries[{number}]: {done.status}: {done.reason}", ("tries", number))]
    if change.raises is None:
        if failure is None or as_expected(step.raises or "", failure):
            return []
        remedy = f"add `raises: {failure.type}` if it should"
        return [Mismatch(f"tries[{number}]: raised {told}; {remedy}", ("tries", number))]
    if as_expected(change.raises, failure):
        return []
    got = f"got {told}" if told else "but nothing was raised"
    return [Mismatch(f"tries[{number}]: expected {change.raises}, {got}", ("tries", number, "raises"))]


async def _verdict(engine: Headless, lesson: Lesson, step: Step, code: str) -> _Verdict:
    """Return what this code leads to: first in the state that the step ran in, or a new one if that is gone."""
    session = engine.session
    asked = asked_of(step, timings=False, default_timeout_s=TIMEOUT_S)
    run = await session.probe(lesson, step, msgspec.structs.replace(asked, ask=None, attempt=code))
    report = await engine.whole(Report(run=run))
    if report.checked is None and report.done and report.done.status != "timeout":
        run = await session.run(lesson, step, code, timings=False, default_timeout_s=TIMEOUT_S)
        report = await engine.whole(Report(run=run))
    if report.checked is not None:
        return _Verdict(report.checked.passed, report.checked.message)
    return _Verdict(False, next(iter(verify(step, report)), "the check did not run"))


def _words(text: str) -> str:
    return " ".join(text.casefold().split())
