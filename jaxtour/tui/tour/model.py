"""The tour without its screen: the learner's place, the runs, and what they reported."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from jaxtour.course.catalogue import Catalogue, LessonEntry, ReadLessons
from jaxtour.course.edits import Edits, is_scratch
from jaxtour.course.model import Broken, Lesson, Step, StepKey
from jaxtour.course.progress import Progress
from jaxtour.course.standing import undone
from jaxtour.engine.cells import limit_of, profile_request, unmet
from jaxtour.engine.compare.verify import over
from jaxtour.engine.report import Report, RunPurpose, Runs, advance, files_of, joined, requested
from jaxtour.engine.session import EngineError, Session
from jaxtour.engine.wire.commands import ProfileRequest, StageRequest, TimeCall
from jaxtour.engine.wire.messages import Died, Done, Event, RunEvent, RunProgress, State, Trace
from jaxtour.text import Raw
from jaxtour.tui.actions import Keys
from jaxtour.tui.choices import DeviceChoice
from jaxtour.tui.peaks import Peaks
from jaxtour.tui.tour.practice import Exercises, Predictions
from jaxtour.tui.tour.scratch import Scratch
from jaxtour.tui.tour.state import PREPARING, Activity, Kept, StepState, Worker, doing, stage_after
from jaxtour.tui.tour.view import StepView
from jaxtour.tui.tour.whereabouts import Whereabouts


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
        self.edits = Edits(progress)
        self.keys = keys or Keys()
        self.clock = clock
        self._defer = defer or (lambda write: write())
        """Runs a write to disk later, since it is flushed and a key should not wait for it."""
        self.whereabouts = Whereabouts(progress, clock, self._defer)
        self.ascii = ascii_only
        self.coloured = False
        """Whether the first frame is on the screen."""
        self.stable = stable
        self.activity = Activity(since=clock())
        self.worker = Worker(session)
        self.lesson: Lesson
        self.step: Step | Broken
        self.scratch: Scratch | None = None
        """The scratch step, if it is the step shown."""
        self.index = 0
        """The lesson's index in the catalogue."""
        self.lessons = ReadLessons()
        self._done: set[StepKey] = set()
        self._states: dict[StepKey, StepState] = defaultdict(StepState)
        self.exercises = Exercises(progress, self._defer)
        self.runs = Runs(session)
        self.predictions = Predictions(progress, self._defer)
        self.peaks = Peaks(session, self.runs, kept or progress.path.parent / "peaks.json", self._defer)
        self._kept: Kept | None = None
        self._file = Raw()
        """The text of the other file that the source pane shows."""

    # Place ----------------------------------------------------------------------------------------------------------

    @property
    def key(self) -> StepKey:
        """The step shown."""
        return self.lesson.id, self.step.id

    @property
    def state(self) -> StepState:
        """The state of the step shown."""
        return self.state_of(self.key)

    def state_of(self, key: StepKey) -> StepState:
        """Return the state of a step."""
        return self._states[key]

    @property
    def entry(self) -> LessonEntry:
        """The catalogue's entry of the lesson shown."""
        return self.catalogue.entries[self.index]

    def reload(self, lesson: Lesson) -> None:
        """Show a new version of the lesson; the place and the states of its steps stay, also while it is unreadable."""
        place = self.number - 1
        self.lesson = self.lessons.renew(self.entry, lesson, self.step)
        steps = self.lesson.steps
        self.step = next((step for step in steps if step.id == self.step.id), steps[min(place, len(steps) - 1)])

    def renew(self, catalogue: Catalogue) -> None:
        """Take the lessons of a folder as they are now; the place stays, also in a file with another name."""
        before, self.catalogue, self.index = self.entry, catalogue, catalogue.place_of(self.entry)
        self.lessons.keep(catalogue.entries)
        if self.entry is not before:
            self.reload(self.entry.lesson())

    def go(self, lesson_id: str | None = None, step_id: str | None = None) -> None:
        """Show a step by ids, or the first lesson or step if there is no such id."""
        self.open(next((i for i, entry in enumerate(self.catalogue.entries) if entry.id == lesson_id), 0), step_id)

    def open(self, index: int, step: str | int | None = None) -> None:
        """Show a step by the lesson's index, and the step's id or index."""
        self.index = index
        self.lesson = self.lessons.of(self.catalogue.entries[index])
        steps = self.lesson.steps
        found = step if isinstance(step, int) else next((i for i, each in enumerate(steps) if each.id == step), 0)
        self.step = steps[found]
        self.scratch = None
        self.whereabouts.arrive(self.key)

    def move(self, by: Literal[1, -1]) -> bool:
        """Go to the next step or the previous one, across lessons; False at the ends of the course."""
        place = self.number - 1 + (0 if self.scratch and by < 0 else by)
        if 0 <= place < len(self.lesson.steps):
            self.open(self.index, place)
            return True
        return self.move_lesson(by, -1 if by < 0 else 0)

    def move_lesson(self, by: Literal[1, -1], step: int = 0) -> bool:
        """Go to a step of the next lesson or the previous one; False at the ends of the course."""
        index = self.index + by
        if not 0 <= index < len(self.catalogue.entries):
            return False
        self.open(index, step)
        return True

    @property
    def place(self) -> tuple[Lesson, dict[str, str] | None]:
        """The lesson in which the step shown runs, and edits of earlier steps that it builds on."""
        return (self.scratch.lesson, self.scratch.base) if self.scratch else (self.lesson, None)

    @property
    def alone(self) -> bool:
        """Whether there is no other step."""
        return len(self.catalogue.entries) == 1 and len(self.lesson.steps) == 1

    def is_done(self, lesson: str, step: str) -> bool:
        """Return whether the step is done, even if that is not written yet."""
        return (lesson, step) in self._done or self.progress.is_done(lesson, step)

    @property
    def number(self) -> int:
        """The step's number in its lesson, from 1; a scratch step has that of the step before it."""
        shown = self.scratch.after if self.scratch else self.step
        return next(i for i, step in enumerate(self.lesson.steps, 1) if step.id == shown.id)

    @property
    def code(self) -> Raw:
        """The code shown: the learner's edit, or the lesson's own."""
        return self.kept.code

    @property
    def kept(self) -> Kept:
        """What the progress keeps of the step shown, read again when it has changed."""
        kept = self._kept
        if kept is None or kept.step is not self.step or kept.changes != self.progress.changes:
            kept = self._kept = Kept.of(self.lesson, self.step, self.progress, self.is_done)
        return kept

    def show_file(self, path: str) -> None:
        """Show another file of the program in the source pane, or with an empty path the step's own code.

        Raises OSError for a file that cannot be read.
        """
        self._file = Raw(Path(path).read_text(encoding="utf-8", errors="replace")) if path else Raw()
        self.state.file = path

    def set_code(self, code: str) -> None:
        """Keep the learner's edit; the lesson's own code, or empty code, sets it aside."""
        if isinstance(self.step, Step):
            self.edits.write(self.key, self.step, code)

    def continued(self, index: int) -> int:
        """Return the index of the step where the learner continues a lesson: the first undone one, or 0."""
        start = self.number - 1 if index == self.index else 0
        return undone(self.lessons.of(self.catalogue.entries[index]), self.is_done, start) or 0

    @property
    def view(self) -> StepView:
        """The step view of the step shown."""
        return StepView.of(
            self.state,
            lesson=self.lesson,
            number=self.number,
            scratch=self.scratch is not None,
            **self.kept.facts(self._file if self.state.file else None),
            tried=self.exercises.tried.get(self.key) or self.exercises.of(self.key),
            **self.worker.facts(ready=self.preparing),
            elsewhere="/".join(key) if (key := self.activity.key) and key != self.key else "",
            keys=self.keys,
            ascii=self.ascii,
            coloured=self.coloured,
            stable=self.stable,
        )

    # Runs -----------------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a run of the learner is in progress."""
        return self.runs.current is not None

    def lose(self, reason: str) -> None:
        """Note why there is no guard, which ends whatever waited for it; an empty reason means that there is one."""
        self.worker.gone, self.activity = reason, Activity(since=self.clock())
        if reason:
            self.fold(self.runs.drop_early(reason))

    async def interrupt(self) -> None:
        """Stop the current run, including one that waits for a connection."""
        if dropped := self.runs.drop_early("interrupted"):
            self.fold(dropped)
        else:
            await self.session.interrupt()

    @property
    def waiting(self) -> bool:
        """Whether something is in progress."""
        doing = self.busy or bool(self.activity.words) or self.worker.state not in ("ready", "dead")
        return doing and not self.worker.gone

    async def run(self) -> bool:
        """Run the step shown; return False if it cannot run here, with the reason in its state."""
        step, key, state = self.step, self.key, self.state
        if isinstance(step, Broken):
            return False
        state.reason = (unmet(self.lesson, step, self.session.facts) or "") if self.session.facts else ""
        if state.reason:
            return False
        # The code shown runs: the starter of an exercise, not its solution.
        state.code, state.ran_setup = self.code.text, step.setup.text
        try:
            self.show_file(state.file)  # it may have changed
        except OSError:
            self.show_file("")
        self.worker.left(dirty=False)
        view = self.view
        if view.trace:
            state.sought = view.trace.label, [each.label for each in view.traces[: view.index]].count(view.trace.label)
        lesson, base = self.place
        handle = self.session.run(lesson, step, state.code, base=base, default_timeout_s=limit_of(step))
        state.report = Report(handle.run, self.session.left_out(lesson, step))
        await self.runs.launch(handle, RunPurpose("run", key, step))
        return True

    @property
    def preparing(self) -> bool:
        """Whether the worker only prepares for the next step, which ends as soon as the learner wants anything."""
        return self.worker.preparing and not self.busy

    @property
    def idle(self) -> bool:
        """Whether the worker can take what the learner wants next."""
        return not self.busy and self.worker.free

    async def request(self, ladder: Raw | None = None) -> bool:
        """Request the missing stage of the step shown, or the ladder of a call; return whether a request was sent."""
        view = self.view
        missing, program = view.missing, view.program
        if not (missing or ladder):
            return False
        requests, of = (missing,) if missing else (), program.key if program else ""
        asked = await self._request(requests=requests, ladder=ladder.text if ladder else None, ladder_of=of)
        if asked and ladder:
            self.state.climbed = view.index, ladder
        return asked

    async def _request(
        self,
        *,
        requests: tuple[StageRequest, ...] = (),
        ladder: str | None = None,
        ladder_of: str = "",
        calls: tuple[TimeCall, ...] = (),
        patience: float = 1.0,
        profile: ProfileRequest | None = None,
    ) -> bool:
        """Send a request in the step's namespace; its events belong to the report of the step shown."""
        step, state, before = self.step, self.state, self.state.report
        if not self.idle or not isinstance(step, Step):
            return False
        lesson, base = self.place
        handle = self.session.request(
            lesson, step, state.code, requests=requests, ladder=ladder, ladder_of=ladder_of, calls=calls,
            patience=patience, profile=profile, programs=before.keys if before else (), base=base,
        )  # fmt: skip
        if before is not None:
            index = profile.index if profile else None
            state.know(requested(before, handle.run, requests, ladder is not None, bool(calls), index))
        try:
            await self.runs.launch(handle, RunPurpose("request", self.key))
        except EngineError:
            state.know(before)
            raise
        return True

    async def measure(self, patience: float = 1.0) -> bool:
        """Measure in the step's namespace; return whether a request was sent. `patience` is as in `Session.run`."""
        calls = self.view.timed_calls
        return bool(calls) and await self._request(calls=calls, patience=patience)

    async def profile(self) -> bool:
        """Profile the traced call shown, in the step's namespace; return whether a request was sent."""
        trace, report = self.view.trace, self.state.report
        if trace is None or trace.error is not None:
            return False
        return await self._request(profile=profile_request(trace, report.programs if report else ()))

    async def configure(self, choice: DeviceChoice) -> None:
        """Restart the worker on other devices and replay earlier steps; results and progress stay."""
        self.worker.left(dirty=True)
        await self.session.configure(choice.platform, choice.devices, choice.device, wait=choice.wait)

    async def prepare(self) -> None:
        """Replace a dirty runner by one where the learner continues: at the step shown, or after it if it has run.

        While the learner stays at the step of the last request, the runner stays too: more requests may follow.
        """
        if not self.worker.dirty or self.worker.requested == self.key or not self.idle:
            return
        self.worker.left(dirty=False)
        steps = self.lesson.steps
        place = self.number - (self.state.report is None)
        following = steps[place] if place < len(steps) else None
        if isinstance(following, Step):
            await self.worker.prepare(self.lesson, following)

    def fold(self, events: Iterable[Event]) -> bool:
        """Fold events into the states of their steps, unless their run is unknown; return whether a step has ended."""
        ended = False
        for event in joined(events):
            if isinstance(event, RunEvent):
                ended |= self._fold_run(event)
            elif isinstance(event, State | Died):
                state = event.state if isinstance(event, State) else "dead"
                self._note(PREPARING if self.preparing else state if state not in ("ready", "dead", "running") else "")
        return ended

    def _fold_run(self, event: RunEvent) -> bool:
        owner = self.runs.owner(event)
        if owner and owner.purpose in ("peaks", "compare", "names"):
            (owner.take or self.peaks.take)(event)
            words = "" if isinstance(event, Done) else self.activity.words
            self._note(doing(event) if isinstance(event, RunProgress) else words)
            if isinstance(event, Done) and owner.purpose != "names":
                self.worker.left(dirty=True)
            return False
        if isinstance(event, RunProgress):
            self._note(doing(event) if owner else PREPARING, owner.key if owner else None)
        if owner is None or owner.key is None:
            return False
        state = self.state_of(owner.key)
        if isinstance(event, Done):
            self._note("")
            of = owner.key if owner.purpose == "request" else None
            self.worker.left(dirty=event.dirty and event.status in ("ok", "error"), of=of)
        if state.report is None or not state.report.takes(event):
            return False
        state.know(advance(state.report, event))
        if isinstance(event, Trace) and state.sought and event.label == state.sought[0]:
            places = [place for place, each in enumerate(state.report.traces) if each.label == event.label]
            state.trace = places[min(state.sought[1], len(places) - 1)]
        if isinstance(event, Done) and self.lesson.plain:
            state.files = tuple(sorted({str(path) for path in files_of(state.report)} - {self.view.own}))
        if owner.step is None or not isinstance(event, Done):
            return False
        if not is_scratch(owner.step):
            self._ended(owner.step, state, state.report, owner.key)
        return True

    def _ended(self, step: Step, state: StepState, report: Report, key: StepKey) -> None:
        state.own = report if state.code == step.shown_code.text else state.own
        self.exercises.ended(key, step, report)
        self.predictions.ran(key, step, report, state.code)
        state.stage = stage_after(step, state)
        if over(step, report) and not self.is_done(*key):
            self._done.add(key)
            self._kept = None
            self._defer(lambda: self.progress.mark_done(*key))

    def _note(self, words: str, key: StepKey | None = None) -> None:
        if (words, key) != (self.activity.words, self.activity.key):
            self.activity = Activity(words, self.clock(), key)
