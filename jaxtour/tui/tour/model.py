"""The tour itself, without a screen: where the learner is, what ran, and what came of it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec

from jaxtour.course.catalogue import Catalogue, LessonEntry
from jaxtour.course.model import Broken, Lesson, Problem, Step
from jaxtour.course.progress import Progress
from jaxtour.engine.cells import time_calls
from jaxtour.engine.commands import TimeCall
from jaxtour.engine.messages import Died, Done, Event, RunEvent, State
from jaxtour.engine.messages import RunProgress as Doing
from jaxtour.engine.report import Report, Request, advance, requested
from jaxtour.engine.runs import Handle, Runs
from jaxtour.engine.session import EngineError, Session
from jaxtour.engine.verify import status
from jaxtour.text.raw import Raw
from jaxtour.tui.actions import Keys
from jaxtour.tui.choices import Choice
from jaxtour.tui.incoming import Activity, Key, RunPurpose, doing, joined
from jaxtour.tui.peaks import Peaks
from jaxtour.tui.tour.view import StepState, StepView


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
        kept: Path | None = None,
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
        self._states: dict[Key, StepState] = {}
        self._runs: Runs[RunPurpose] = Runs(session)
        self.peaks = Peaks(session, self._runs, kept or progress.path.parent / "peaks.json", self._defer)
        self._dirty = False
        """Whether a timing or a look has left the runner in no state to go on from."""
        self._looked: Key | None = None
        """The step whose state the runner has been looked into: it can be looked into again as it is."""

    # Where the learner is -------------------------------------------------------------------------------------------

    @property
    def key(self) -> Key:
        """The step shown."""
        return self.lesson.id, self.step.id

    @property
    def state(self) -> StepState:
        """What was done at the step shown."""
        return self.state_of(self.key)

    def state_of(self, key: Key) -> StepState:
        """What was done at a step."""
        return self._states.setdefault(key, StepState())

    def reload(self, lesson: Lesson) -> None:
        """Show a lesson's new text in place of the one shown; what was done at its steps stays."""
        self._lessons[self.catalogue.entries[self.index].path] = self.lesson = with_steps(lesson)
        self.step = next((step for step in self.lesson.steps if step.id == self.step.id), self.lesson.steps[0])

    def read(self, entry: LessonEntry) -> Lesson:
        """The lesson of an entry, read once; one that cannot be read at all has one broken step that says why."""
        if entry.path not in self._lessons:
            self._lessons[entry.path] = with_steps(entry.lesson())
        return self._lessons[entry.path]

    def known(self, entry: LessonEntry) -> Lesson | None:
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

    @property
    def alone(self) -> bool:
        """Whether there is no other step than the one shown."""
        return len(self.catalogue.entries) == 1 and len(self.lesson.steps) == 1

    def is_done(self, lesson: str, step: str) -> bool:
        """Whether the step has been done, also when that is not written yet."""
        return (lesson, step) in self._done or self.progress.is_done(lesson, step)

    @property
    def number(self) -> int:
        """The step's place in its lesson, from 1."""
        return next(i for i, step in enumerate(self.lesson.steps, 1) if step.id == self.step.id)

    @property
    def code(self) -> Raw:
        """The code shown: the learner's edit, or the lesson's own."""
        if isinstance(self.step, Broken):
            return Raw()
        return Raw(self.progress.edit(*self.key) or self.step.shown_code.text)

    def set_code(self, code: str) -> None:
        """Keep the learner's edit; code that is the lesson's own, or empty, is no edit."""
        if isinstance(self.step, Step):
            own = code.rstrip() == self.step.shown_code.text.rstrip() or not code.strip()
            self.progress.set_edit(*self.key, None if own else code)

    def forget_edit(self) -> None:
        """Back to the lesson's own code."""
        self.progress.set_edit(*self.key, None)

    def first_undone(self, index: int) -> int:
        """Where to go on in a lesson: its first step that is not done, or its first."""
        lesson = self.read(self.catalogue.entries[index])
        return next((i for i, step in enumerate(lesson.steps) if not self.is_done(lesson.id, step.id)), 0)

    @property
    def view(self) -> StepView:
        """The step shown, complete."""
        lesson = self.lesson
        key = self.activity.key
        return StepView.of(
            self.state,
            lesson=lesson,
            step=self.step,
            number=self.number,
            done=tuple(self.is_done(lesson.id, step.id) for step in lesson.steps),
            code=self.code,
            edited=self.progress.edit(*self.key) is not None,
            worker="dead" if self.dead else self.session.state,
            detail=self.gone or self.session.detail,
            held=self.held,
            cpu_helps=self.cpu_helps,
            elsewhere="/".join(key) if key and key != self.key else "",
            facts=self.session.facts,
            keys=self.keys,
            ascii=self.ascii,
            coloured=self.coloured,
            stable=self.stable,
        )

    # What runs ------------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether something that the learner asked for is in progress."""
        return self._runs.current is not None

    @property
    def dead(self) -> bool:
        """Whether there is no worker."""
        return bool(self.gone) or self.session.state == "dead"

    @property
    def held(self) -> bool:
        """Whether there is no worker since another process holds the accelerator."""
        return self.dead and self.session.code == "tpu busy"

    @property
    def cpu_helps(self) -> bool:
        """Whether there is no worker, and it is an accelerator that may be the cause."""
        facts, config = self.session.facts, self.session.config
        tried = config.platform or (facts.platforms[0] if facts and facts.platforms else "")
        return self.dead and tried != "cpu" and bool(tried or self.session.code)

    @property
    def waiting(self) -> bool:
        """Whether something is going on whose end is awaited."""
        return not self.gone and (self.busy or bool(self.activity.words) or self.session.state not in ("ready", "dead"))

    async def run(self) -> bool:
        """Run the step shown; False when it cannot run here, with the reason in its state."""
        step, key = self.step, self.key
        if isinstance(step, Broken):
            return False
        # Imported here: it brings packaging, which the first frame has no use for.
        from jaxtour.engine.requirements import unmet

        state = self.state
        state.reason = (unmet(self.lesson, step, self.session.facts) or "") if self.session.facts else ""
        if state.reason:
            return False
        # What is shown is what runs: of an exercise that is the starter, not the solution.
        state.code = self.code.text
        self._dirty, self._looked = False, None
        handle = self.session.run(self.lesson, step, state.code)
        state.report = Report(run=handle.run)
        await self._runs.launch(handle, RunPurpose("run", key, step))
        return True

    @property
    def idle(self) -> bool:
        """Whether the worker waits for something to do."""
        return not self.gone and not self.busy and self.session.state == "ready" and self.session.current is None

    async def request(self, ladder: Raw | None = None) -> bool:
        """Have the worker show what is missing of the step shown, or the ladder of a call; whether it was asked."""
        step, look = self.step, self.view.missing
        if not self.idle or not isinstance(step, Step) or not (look or ladder):
            return False
        self.state.climbed = ladder or self.state.climbed
        requests = (look,) if look else ()
        call = ladder.text if ladder else None
        handle = self.session.request(self.lesson, step, self.state.code, requests=requests, ladder=call)
        await self._ask(handle, Request(handle.run, requests, ladder is not None))
        return True

    async def _ask(self, handle: Handle, wanted: Request) -> None:
        """Have a look made; what comes belongs to the report of the step shown."""
        state, before = self.state, self.state.report
        if before is not None:
            state.report = requested(before, wanted.run, wanted.requests, wanted.ladder, wanted.timings)
        try:
            await self._runs.launch(handle, RunPurpose("request", self.key))
        except EngineError:
            state.report = before
            raise

    @property
    def timed_calls(self) -> tuple[TimeCall, ...]:
        """What is measured on request: what the step times or, where it times nothing, the traced call shown."""
        if isinstance(self.step, Broken) or self.state.report is None or self.state.report.failure:
            return ()
        trace = self.view.trace
        shown = (TimeCall(label=trace.label, call=trace.call.text),) if trace and trace.error is None else ()
        return time_calls(self.step) or shown

    async def measure(self, patience: float = 1.0) -> bool:
        """Measure in the state that the step left; whether it was asked for. `patience` is as in `Session.run`."""
        step, calls = self.step, self.timed_calls
        if not self.idle or not isinstance(step, Step) or not calls:
            return False
        handle = self.session.request(self.lesson, step, self.state.code, calls=calls, patience=patience)
        await self._ask(handle, Request(handle.run, timings=True))
        return True

    async def measure_peaks(self) -> bool:
        """Measure what the devices can do at most; whether it was asked for."""
        if not self.idle:
            return False
        await self.peaks.ask()
        return True

    async def configure(self, choice: Choice) -> None:
        """Have a worker on other devices; what ran before it is replayed, results and progress stay."""
        self._dirty, self._looked = True, None
        await self.session.configure(choice.platform, choice.devices, choice.device, wait=choice.wait)

    def ladder_wanted(self, call: Raw) -> bool:
        """Whether a call's ladder is not there, or not whole."""
        state = self.state
        report = state.report
        return state.climbed != call or report is None or not report.levels or report.ladder_error is not None

    def forget_failed(self) -> None:
        """Let the stage shown be asked for once more, if it failed."""
        report, stage = self.state.report, self.view.stage
        if report and stage and stage.error is not None and stage.stage != "jaxpr":
            others = {key: each for key, each in report.stages.items() if each is not stage}
            self.state.report = replace(report, stages=others)

    async def prepare(self) -> None:
        """When timings or looks have used up the worker's state, bring it to where the learner goes on.

        That is where the step shown starts or, if it has run, the one after it. What is looked into is left as it is
        while the learner is there: more looks may follow.
        """
        if not self._dirty or self._looked == self.key or not self.idle:
            return
        self._dirty, self._looked = False, None
        steps = self.lesson.steps
        place = self.number - (self.state.report is None)
        following = steps[place] if place < len(steps) else None
        if isinstance(following, Step):
            await self.session.prepare(self.lesson, following)

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
        asked = self._runs.owner(event)
        if asked and asked.purpose == "peaks":
            self.peaks.take(event)
            self._note(doing(event) if isinstance(event, Doing) else self.activity.words, None)
            if isinstance(event, Done):
                self._note("", None)
                self._dirty, self._looked = True, None
            return
        if isinstance(event, Doing):
            self._note(doing(event) if asked else "preparing the next step", asked.key if asked else None)
        if asked is None or asked.key is None:
            return
        state = self.state_of(asked.key)
        if isinstance(event, Done):
            self._note("", None)
            self._dirty = event.dirty and event.status in ("ok", "error")
            self._looked = asked.key if asked.purpose == "request" else None
        if state.report is None or not state.report.takes(event):
            return
        state.report = advance(state.report, event)
        if asked.step and isinstance(event, Done):
            self._ended(asked.step, state.report, asked.key)

    def _ended(self, step: Step, report: Report, key: Key) -> None:
        if status(step, report) not in ("ok", "raised") or (report.checked and not report.checked.passed):
            return
        if not self.is_done(*key):
            self._done.add(key)
            self._defer(lambda: self.progress.mark_done(*key))

    def _note(self, words: str, key: Key | None) -> None:
        if (words, key) != (self.activity.words, self.activity.key):
            self.activity = Activity(words, self.clock(), key)


def with_steps(lesson: Lesson) -> Lesson:
    """The lesson; one without any steps gets a broken one that says why."""
    if lesson.steps:
        return lesson
    problem = next(iter(lesson.problems), Problem(file=lesson.file, line=1, column=1, message="no steps"))
    step = Broken(id="unreadable", title="This lesson cannot be shown", error=problem)
    return msgspec.structs.replace(lesson, steps=(step,))
