"""The keys that change the code: the learner's own editor, suggested changes, scratch steps, and going back."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jaxtour.course.edits import SCRATCH
from jaxtour.course.model import Step
from jaxtour.engine.report import Report, RunPurpose
from jaxtour.engine.session import EngineError
from jaxtour.engine.wire.messages import Names, RunEvent
from jaxtour.tui.messages import NamesWanted
from jaxtour.tui.tour.controllers.step import StepController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.scratch import scratch_after
from jaxtour.tui.tour.unshown import Unshown

if TYPE_CHECKING:
    from jaxtour.tui.tour.controllers.outside import OutsideEditing
    from jaxtour.tui.widgets.editor import Editor


class ChangeController:
    """The actions that change the code of the step shown."""

    def __init__(self, host: ScreenHost, step: StepController) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes
        self.step = step
        self._outside: OutsideEditing | None = None
        self._own_run = Unshown(host.tour.runs)

    # Going back ----------------------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Go to the code before the edit: an earlier one of the learner's, and finally the lesson's own."""
        self.step.leave_editor()
        tour = self.tour
        tour.edits.turn(tour.key)
        self._recall()
        key = tour.keys.first("undo")
        if tour.edits.text(tour.key) is not None:
            words = f"an edit of yours; {key} goes on, at last to the original code"
        else:
            whose = "nothing" if tour.scratch else "the file's own code" if tour.lesson.plain else "the original code"
            words = f"{whose}; {key} brings yours back"
        self.host.refresh_view(fresh=True)
        self.host.note(words)

    def _recall(self) -> None:
        """Show the results of the lesson's own code again, if that is the code now and it has run."""
        state, step = self.tour.state, self.tour.step
        own = isinstance(step, Step) and self.tour.code.text == step.shown_code.text
        if own and state.own is not None and state.report is not None and state.report.done:
            state.report, state.code = state.own, self.tour.code.text

    def redo(self) -> None:
        """Go to the newest edit."""
        self.undo()

    def both(self) -> None:
        """Show the edit next to the lesson's new code, and let the learner choose."""
        from jaxtour.tui.screens.both import BothScreen

        step, key = self.tour.step, self.tour.key

        def chosen(new: bool | None) -> None:
            if new is None or not isinstance(step, Step):
                return
            self.tour.edits.rebase(key, step)
            if new:
                self.tour.edits.set_aside(key)
                self._recall()
            self.host.refresh_view(fresh=new)
            undo = self.tour.keys.first("undo")
            self.host.note(f"the lesson's code; {undo} brings your edit back" if new else "your edit stays")

        if isinstance(step, Step):
            self.step.leave_editor()
            self.host.app.push_screen(BothScreen(self.tour, step), chosen)

    # Suggested changes ---------------------------------------------------------------------------------------------

    async def vary(self) -> None:
        """Apply the change that the step suggests, or let the learner choose among several."""
        from jaxtour.tui.screens.tries import TriesScreen

        step = self.tour.step
        if not isinstance(step, Step):
            return
        self.step.leave_editor()
        if len(step.tries) == 1:
            await self._vary(step, 0)
        else:
            self.host.app.push_screen(TriesScreen(self.tour, step), partial(self._vary, step))

    async def _vary(self, step: Step, number: int | None) -> None:
        """Apply a change to the lesson's own code, and run it."""
        if number is None:
            return
        if not self.tour.edits.vary(self.tour.key, step, number):
            self.host.note(f"{step.tries[number].label!r} does not fit the lesson's code")
            return
        self.host.refresh_view()
        self._show_changed()
        # Not awaited: keys must keep working while the lesson's own code runs.
        self.host.app.run_worker(self._run_varied(step), group="vary", exclusive=True, exit_on_error=False)

    def _show_changed(self) -> None:
        """Bring the first changed line of the source into view."""
        from jaxtour.tui.panes.source import changed, rows_of

        view, source = self.tour.view, self.panes.by_slot["source"]
        if lines := changed(view):
            source.move_to(rows_of(view).code.start + min(lines))

    async def _run_varied(self, step: Step) -> None:
        """Run the edit; if the results of the lesson's own code are unknown, run that first."""
        tour, key, state = self.tour, self.tour.key, self.tour.state
        known = state.own is not None or step.exercise or tour.session.trust.question(tour.lesson)
        tour.runs.reserved = True  # preparing the next step in between would cost a new worker
        try:
            if not known:
                handle = tour.session.run(tour.lesson, step, step.shown_code.text, timings=bool(step.time))
                own = await self._own_run.whole(key, handle, Report(run=handle.run))
                if self._own_run.problem:
                    self.host.note(f"the lesson's own code did not run: {self._own_run.problem}")
                    return
                state.own = own
        except EngineError as error:
            self.host.note(str(error))
            return
        finally:
            tour.runs.reserved = False
        if tour.key == key:
            await self.step.run()

    # Scratch steps -------------------------------------------------------------------------------------------------

    async def scratch(self) -> None:
        """Open a scratch step in the state that the step leaves; from there, go back."""
        if self.tour.scratch:
            self.leave_scratch()
            return
        self.step.leave_editor()
        tour = self.tour
        if isinstance(tour.step, Step):
            tour.scratch = scratch_after(tour.lesson, tour.step, tour.code.text)
            tour.step = tour.scratch.step
        self.host.arrived()
        await self.step.edit()

    def leave_scratch(self) -> None:
        """Go back to the step; keeps the scratch step."""
        self.step.leave_editor()
        self.tour.open(self.tour.index, self.tour.step.id.removesuffix(SCRATCH))
        self.host.arrived()

    # Names and editors ---------------------------------------------------------------------------------------------

    async def names_wanted(self, message: NamesWanted) -> None:
        """Ask the worker for the completions of a name, and show them at the cursor."""
        tour, editor, step = self.tour, self.panes.editor, self.tour.step
        if editor is None or not isinstance(step, Step):
            return
        if not tour.idle:
            await editor.offer(message.text, ())
            if not editor.names.shown:
                self.host.note("the worker is busy; it can list names when it is ready")
            return
        lesson, base = tour.place
        take = partial(self._named, editor, message.text)
        try:
            handle = tour.session.names(lesson, step, tour.state.code, message.text, base=base)
            await tour.runs.launch(handle, RunPurpose("names", tour.key, take=take))
        except EngineError as error:
            self.host.note(str(error))

    def _named(self, editor: "Editor", beginning: str, event: RunEvent) -> None:
        if isinstance(event, Names) and editor.is_attached:
            editor.call_later(editor.offer, beginning, event.names)

    async def outside(self) -> None:
        """Edit the code in the learner's own editor; each save becomes the edit."""
        from jaxtour.tui.tour.controllers.outside import OutsideEditing

        self._outside = self._outside or OutsideEditing(self.host)
        self.step.leave_editor()
        file = self.tour.state.file or self.tour.lesson.file.text
        await self._outside.open(Path(file) if self.tour.lesson.plain else None)
