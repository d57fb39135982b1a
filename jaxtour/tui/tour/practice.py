"""Keeps what the learner does in a step: predicts its answer, and solves its exercise."""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, Self

import msgspec

from jaxtour.course.edits import change_of, is_own
from jaxtour.course.model import Ask, Broken, Exercise, Proof, Step, StepKey, Variation
from jaxtour.course.progress import Progress, SavedStep
from jaxtour.engine.compare.answers import Judgement, grade, mark_of, proof_of, reply, truth
from jaxtour.engine.compare.verify import answered, over
from jaxtour.engine.report import Report

WITHOUT_TRACES = ("result", "devices")
"""What there is to look at even if no call was traced."""


class Prediction(msgspec.Struct, frozen=True):
    """What there is to say about a step's question at one moment."""

    ask: Ask
    open: bool
    """Whether it can be answered: the code has not run, or its run left nothing to look at."""
    said: str | None = None
    """The prediction in force; None if the learner made none."""
    first: str | None = None
    """The first one, which counts, if it is different."""
    was_right: bool | None = None
    """Whether that one was right."""
    verdict: Judgement | None = None
    """The verdict; None before the run, and without a prediction."""
    truth: str | None = None
    """The right answer; None before the run, and while the worker is looking for it."""
    reply: str = ""
    """The author's reply to a learner who said this."""
    ended: bool = False
    """Whether the run has ended, so that no answer will come."""
    changed: bool = False
    """Whether code other than the lesson's own ran, which the question is about."""

    @classmethod
    def of(cls, step: Step, report: Report | None, said: str | None, saved: SavedStep, code: str) -> Self | None:
        """Return what there is to say after a run of this code; None for a step without a question."""
        ask = step.ask
        if ask is None:
            return None
        ran = answered(step, report)
        ended = report is not None and report.done is not None
        own, judged = is_own(step, code), saved.right is not None
        free = report is None or (ended and not ran and not report.traces and (own or not judged))
        first = saved.answer if saved.right is not None else None
        if said is None and (ran or first is None):
            said = saved.answer
        made = cls(ask, free, said, first if first != said else None, saved.right, ended=ended)
        if report is None or not (ran or (ended and judged and not own)):
            return made
        if not own:
            return msgspec.structs.replace(made, first=None, changed=True)
        right = truth(ask, report.answer)
        return msgspec.structs.replace(
            made,
            truth=right,
            verdict=None if said is None else grade(ask, said, report.answer),
            reply="" if said is None or right is None else reply(ask, said),
        )


class Judged(NamedTuple):
    """What a run of a step means for the learner."""

    over: bool
    """Whether the code has run as the step intended."""
    change: Variation | None
    """The suggested change that ran."""
    prediction: Prediction | None
    """What there is to say about the step's question; None without one."""
    sights: tuple[Proof, ...]
    """What to look at."""
    word: str
    """The word to mark where the answer is visible; empty for none."""

    @classmethod
    def of(cls, step: Step | Broken, report: Report | None, said: str | None, saved: SavedStep, code: str) -> Self:
        """Judge a run of this code, or that there was none."""
        if isinstance(step, Broken):
            return cls(False, None, None, (), "")
        return cls(
            over=over(step, report),
            change=change_of(step, code) if report and report.executed else None,
            prediction=Prediction.of(step, report, said, saved, code),
            sights=sights(step, report),
            word=mark_of(step.ask, report.answer) if step.ask and report else "",
        )


SAID = attrgetter("executed", "done", "failure", "checked", "answer", "traces", "retraces")
"""The facts of a report that `Judged` is made from, besides whether there are timings."""


class LastJudged:
    """The last judgement of a step's run, and the facts that it was made from."""

    def __init__(self) -> None:
        self.made_from: tuple[object, ...] = ()
        self.judged = Judged(False, None, None, (), "")


def sights(step: Step | Broken, report: Report | None) -> tuple[Proof, ...]:
    """Return what to look at after the run, beside the text.

    First what proves the answer, then what the step is about, and then what the text speaks of. Nothing after an
    exercise without a text: its verdict is all there is to see.
    """
    if isinstance(step, Broken) or report is None or not over(step, report) or (step.exercise and not goes_on(step)):
        return ()
    about = step.show or ("jaxpr" if report.traces else "time" if report.timings else None)
    proof = proof_of(step.ask) if step.ask else None
    if proof == "lesson":
        return ()
    shown = dict.fromkeys(each for each in (proof, about, *spoken_of(step.after)) if each and each != "lesson")
    times = bool(step.time or report.timings) or any(each.reason or each.count > 1 for each in report.retraces)
    return tuple(each for each in shown if (times if each == "time" else report.traces or each in WITHOUT_TRACES))


@lru_cache(maxsize=8)
def spoken_of(text: str) -> tuple[Proof, ...]:
    """Return the stages and panes that a text names, as in `the **Time** pane`, in text order."""
    return tuple(dict.fromkeys(_NAMES[word.lower()] for word in _NAMED.findall(text)))


_NAMED = re.compile(r"\b(?:jaxpr|StableHLO|HLO)(?=s?\b)|\b(?:Result|Time|Devices|cost|memory|values)\b(?=\*\*| pane)")
_NAMES: dict[str, Proof] = {
    "jaxpr": "jaxpr", "stablehlo": "stablehlo", "hlo": "hlo", "cost": "cost", "memory": "memory", "values": "values",
    "result": "result", "time": "time", "devices": "devices",
}  # fmt: skip


def goes_on(step: Step | Broken) -> bool:
    """Return whether there is something to read after the run."""
    return isinstance(step, Step) and bool(step.after or step.ask)


class Predictions:
    """Keeps predictions in the learner's progress: the first one of each step, and whether it was right."""

    def __init__(self, progress: Progress, defer: Callable[[Callable[[], None]], object]) -> None:
        self._progress = progress
        self._defer = defer

    def made(self, key: StepKey, said: str) -> None:
        """Remember a prediction, unless an earlier one was judged."""

        def keep() -> None:
            if self._progress.saved(*key).right is None:
                self._progress.update(*key, answer=said)

        self._defer(keep)

    def ran(self, key: StepKey, step: Step, report: Report, code: str) -> None:
        """Judge it after a run of the lesson's own code, which it is about."""
        ask = step.ask
        if ask is None or not answered(step, report) or not is_own(step, code):
            return

        def judge() -> None:
            saved = self._progress.saved(*key)
            if saved.answer is None or saved.right is not None:
                return
            verdict = grade(ask, saved.answer, report.answer)
            if verdict != "open":
                self._progress.update(*key, right=verdict == "right")

        self._defer(judge)


class Tried(msgspec.Struct, frozen=True):
    """How the learner is doing with an exercise."""

    hints: int = 0
    """The number of hints shown."""
    attempts: int = 0
    """How many runs failed."""
    gave_up: bool = False
    """Whether the solution was shown before the learner's own passed."""
    warned: bool = False
    """Whether the learner has been told to try first."""


class Exercises:
    """Counts hints and failed runs."""

    def __init__(self, progress: Progress, defer: Callable[[Callable[[], None]], object]) -> None:
        self._progress = progress
        self._defer = defer
        self.tried: dict[StepKey, Tried] = {}
        """What is known so far; `of` reads the rest from the progress."""

    def of(self, key: StepKey) -> Tried:
        """Return what is known about an exercise."""
        if key not in self.tried:
            saved = self._progress.saved(*key)
            self.tried[key] = Tried(hints=saved.hints, attempts=saved.attempts, gave_up=saved.gave_up)
        return self.tried[key]

    def warn(self, key: StepKey) -> None:
        """Remember that the learner has been told to try first."""
        self.tried[key] = msgspec.structs.replace(self.of(key), warned=True)

    def note(self, key: StepKey, **fields: Any) -> None:
        """Change fields that the progress keeps too."""
        self.tried[key] = msgspec.structs.replace(self.of(key), **fields)
        self._defer(lambda: self._progress.update(*key, **fields))

    def ended(self, key: StepKey, step: Step, report: Report) -> None:
        """Count a run that did not pass, unless it was interrupted."""
        passed = report.checked is not None and report.checked.passed
        stopped = report.done is not None and report.done.status == "interrupted"
        if step.exercise and not passed and not stopped:
            self.note(key, attempts=self.of(key).attempts + 1)


def exercise_of(step: Step | Broken) -> Exercise | None:
    """Return the exercise of a step, if it is one."""
    return step.exercise if isinstance(step, Step) else None
