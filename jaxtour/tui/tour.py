"""The tour itself, without a screen: where the learner is, what ran, and what came of it."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from jaxtour.course.catalogue import Catalogue, Entry
from jaxtour.course.model import Broken, Lesson, Problem, Step
from jaxtour.course.progress import Progress
from jaxtour.engine.messages import Died, Done, Event, Facts, RunEvent, State, Text
from jaxtour.engine.messages import Progress as Doing
from jaxtour.engine.report import Report, advance
from jaxtour.engine.session import Session
from jaxtour.engine.verify import status
from jaxtour.tui.actions import Keys
from jaxtour.tui.visit import View, Visit

Key = tuple[str, str]
"""Lesson id and step id."""


class Activity(msgspec.Struct, frozen=True):
    """What the worker does now, and since when."""

    words: str = ""
    """`tracing predict`, `timing NumPy 3/15`; empty when it does nothing."""
    since: float = 0.0
    key: Key | None = None
    """The step that it is for."""


class Tour:
    """Moves through the course, runs steps on a session, and keeps what they reported."""

    def __init__(
        self,
        catalogue: Catalogue,
        session: Session,
        progress: Progress,
        *,
        keys: Keys | None = None,
        clock: Callable[[], float] = time.monotonic,
        defer: Callable[[Callable[[], None]], object] | None = None,
        ascii_only: bool = False,
        stable: bool = False,
    ) -> None:
        self.catalogue = catalogue
        self.session = session
        self.progress = progress
        self.keys = keys or Keys()
        self.clock = clock
        self._defer = defer or (lambda write: write())
        """How what may wait is written to disk: a write is flushed there, and a key should not wait for it."""
        self.ascii = ascii_only
        self.coloured = False
        """Set when the first frame is on the screen."""
        self.stable = stable
        self.activity = Activity(since=clock())
        self.gone = ""
        """Why there is no worker at all."""
        self.lesson: Lesson
        self.step: Step | Broken
        self.index = 0
        """The lesson's place in the catalogue."""
        self._lessons: dict[Path, Lesson] = {}
        self._done: set[Key] = set()
        self._visits: dict[Key, Visit] = {}
        self._runs: dict[int, tuple[Key, Step]] = {}
        self._launching: tuple[Key, Step] | None = None

    # Where the learner is -------------------------------------------------------------------------------------------

    @property
    def key(self) -> Key:
        """The step shown."""
        return self.lesson.id, self.step.id

    @property
    def visit(self) -> Visit:
        """What was done at the step shown."""
        return self.visit_of(self.key)

    def visit_of(self, key: Key) -> Visit:
        """What was done at a step."""
        return self._visits.setdefault(key, Visit())

    def read(self, entry: Entry) -> Lesson:
        """The lesson of an entry, read once; one that cannot be read at all has one broken step that says why."""
        if entry.path not in self._lessons:
            self._lessons[entry.path] = with_steps(entry.lesson())
        return self._lessons[entry.path]

    def known(self, entry: Entry) -> Lesson | None:
        """The lesson of an entry if it was read before."""
        return self._lessons.get(entry.path)

    def go(self, lesson_id: str | None = None, step_id: str | None = None) -> None:
        """Show a step by ids; the first lesson, or step, where the one named is gone."""
        entries = self.catalogue.entries
        self.open(next((i for i, entry in enumerate(entries) if entry.id == lesson_id), 0), step_id)

    def open(self, index: int, step: str | int | None = None) -> None:
        """Show a step of a lesson by the lesson's place, and the step's id or place."""
        self.index = index
        self.lesson = self.read(self.catalogue.entries[index])
        steps = self.lesson.steps
        if isinstance(step, int):
            self.step = steps[step]
        else:
            self.step = next((each for each in steps if each.id == step), steps[0])
        place = self.key
        self._defer(lambda: self.progress.set_place(*place))

    def move(self, by: Literal[1, -1]) -> bool:
        """Go a step on or back, over the ends of lessons; False at the ends of the course."""
        place = self.number - 1 + by
        if 0 <= place < len(self.lesson.steps):
            self.open(self.index, place)
            return True
        return self.move_lesson(by, -1 if by < 0 else 0)

    def move_lesson(self, by: Literal[1, -1], step: int = 0) -> bool:
        """Go to a step of the next lesson or the one before; False at the ends of the course."""
        index = self.index + by
        if not 0 <= index < len(self.catalogue.entries):
            return False
        self.open(index, step)
        return True

    def is_done(self, lesson: str, step: str) -> bool:
        """Whether the step has been done, also when that is not written yet."""
        return (lesson, step) in self._done or self.progress.is_done(lesson, step)

    @property
    def number(self) -> int:
        """The step's place in its lesson, from 1."""
        return next(i for i, step in enumerate(self.lesson.steps, 1) if step.id == self.step.id)

    @property
    def code(self) -> str:
        """The code shown: the learner's edit, or the lesson's own."""
        if isinstance(self.step, Broken):
            return ""
        return self.progress.edit(*self.key) or self.step.shown_code

    def set_code(self, code: str) -> None:
        """Keep the learner's edit; code that is the lesson's own, or empty, is no edit."""
        if isinstance(self.step, Step):
            own = code.rstrip() == self.step.shown_code.rstrip() or not code.strip()
            self.progress.set_edit(*self.key, None if own else code)

    def forget_edit(self) -> None:
        """Back to the lesson's own code."""
        self.progress.set_edit(*self.key, None)

    def first_undone(self, index: int) -> int:
        """Where to go on in a lesson: its first step that is not done, or its first."""
        lesson = self.read(self.catalogue.entries[index])
        return next((i for i, step in enumerate(lesson.steps) if not self.is_done(lesson.id, step.id)), 0)

    @property
    def view(self) -> View:
        """The step shown, complete."""
        visit = self.visit
        lesson = self.lesson
        return View(
            lesson=lesson,
            step=self.step,
            number=self.number,
            done=tuple(self.is_done(lesson.id, step.id) for step in lesson.steps),
            code=self.code,
            edited=self.progress.edit(*self.key) is not None,
            report=visit.report,
            prediction=visit.prediction,
            hints=visit.hints,
            solution=visit.solution,
            setup=visit.setup,
            trace=visit.trace,
            reason=visit.reason,
            worker="dead" if self.gone else self.session.state,
            detail=self.gone or self.session.detail,
            facts=self.session.facts,
            keys=self.keys,
            ascii=self.ascii,
            coloured=self.coloured,
            stable=self.stable,
        )

    # What runs ------------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a run that the learner asked for is in progress."""
        return self._launching is not None or self.session.current in self._runs

    @property
    def waiting(self) -> bool:
        """Whether something is going on whose end is awaited."""
        return not self.gone and (self.busy or bool(self.activity.words) or self.session.state not in ("ready", "dead"))

    async def run(self) -> bool:
        """Run the step shown; False when it cannot run here, with the reason in its visit."""
        step, key = self.step, self.key
        if isinstance(step, Broken):
            return False
        # Imported here: it brings packaging, which the first frame has no use for.
        from jaxtour.engine.requirements import unmet

        visit = self.visit
        visit.reason = (unmet(self.lesson, step, self.session.facts) or "") if self.session.facts else ""
        if visit.reason:
            return False
        self._launching = (key, step)
        # A number that no run has, until the session names one: the panes are empty at once.
        visit.report, visit.trace = Report(run=0), 0
        try:
            # What is shown is what runs: of an exercise that is the starter, not the solution.
            self._adopt(await self.session.run(self.lesson, step, self.code), key, step)
        finally:
            self._launching = None
        return True

    async def prepare(self) -> None:
        """Bring the worker to where the step after the one shown starts, while nobody waits."""
        steps = self.lesson.steps
        following = steps[self.number] if self.number < len(steps) else None
        if isinstance(following, Step) and self.session.state == "ready" and self.session.current is None:
            await self.session.prepare(self.lesson, following)

    def _adopt(self, run: int, key: Key, step: Step) -> None:
        if run not in self._runs:
            self._runs[run] = (key, step)
            self.visit_of(key).report = Report(run=run)

    def fold(self, events: Iterable[Event]) -> None:
        """Take in what the worker said; what belongs to no run of this sitting changes nothing."""
        for event in joined(events):
            if isinstance(event, RunEvent):
                self._fold_run(event)
            elif isinstance(event, State):
                self._note(event.state if event.state not in ("ready", "dead", "running") else "", None)
            elif isinstance(event, Died):
                self._note("", None)

    def _fold_run(self, event: RunEvent) -> None:
        # The events of a run may come before the number that `session.run` returns.
        if self._launching and event.run == self.session.current:
            self._adopt(event.run, *self._launching)
        known = self._runs.get(event.run)
        if isinstance(event, Doing):
            self._note(doing(event) if known else "preparing the next step", known[0] if known else None)
        if known is None:
            return
        key, step = known
        visit = self.visit_of(key)
        if visit.report is None or visit.report.run != event.run:
            return
        visit.report = advance(visit.report, event)
        if isinstance(event, Done):
            self._ended(step, visit.report, key)

    def _ended(self, step: Step, report: Report, key: Key) -> None:
        self._note("", None)
        if status(step, report) not in ("ok", "raised") or (report.checked and not report.checked.passed):
            return
        if not self.is_done(*key):
            self._done.add(key)
            self._defer(lambda: self.progress.mark_done(*key))

    def _note(self, words: str, key: Key | None) -> None:
        if (words, key) != (self.activity.words, self.activity.key):
            self.activity = Activity(words, self.clock(), key)


def doing(event: Doing) -> str:
    """A run's progress in words: `compiling jit(f)`, `timing NumPy 3/15`."""
    count = f"{event.done}/{event.of}" if event.of else ""
    label = "" if event.phase == "running" else event.label
    return " ".join(part for part in (event.phase, label, count) if part)


def joined(events: Iterable[Event]) -> list[Event]:
    """The events with neighbouring pieces of the same text made one: folding each would copy the whole each time."""
    whole: list[Event] = []
    pieces: list[Text] = []

    def flush() -> None:
        if pieces:
            first = pieces[0]
            text = "".join(piece.text for piece in pieces)
            whole.append(
                Text(run=first.run, stream=first.stream, text=text, dropped=first.dropped, background=first.background)
            )
            pieces.clear()

    for event in events:
        if isinstance(event, Text):
            if pieces and (event.dropped or _kind(event) != _kind(pieces[0])):
                flush()
            pieces.append(event)
        else:
            flush()
            whole.append(event)
    flush()
    return whole


def _kind(text: Text) -> tuple[int, str, bool]:
    return text.run, text.stream, text.background


def with_steps(lesson: Lesson) -> Lesson:
    """The lesson; one without any steps gets a broken one that says why."""
    if lesson.steps:
        return lesson
    problem = next(iter(lesson.problems), Problem(file=lesson.file, line=1, column=1, message="no steps"))
    step = Broken(id="unreadable", title="This lesson cannot be shown", error=problem)
    return msgspec.structs.replace(lesson, steps=(step,))


def place_of(facts: Facts | None) -> str:
    """The platform in a few letters: `cpu ×8`."""
    if facts is None or not facts.devices:
        return ""
    platform = facts.platforms[0] if facts.platforms else facts.devices[0].platform
    count = sum(device.platform == platform for device in facts.devices)
    return f"{platform} ×{count}" if count > 1 else platform
