"""The keys that run and measure a step, answer its question and edit its code."""

from functools import partialmethod

from jaxtour.course.model import Step
from jaxtour.course.trust import Question
from jaxtour.engine.session import EngineError
from jaxtour.tui.messages import RestartWanted, WorkerGone
from jaxtour.tui.panes.source import rows_of
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost

PATIENCE = 10.0
"""How many times as long a steadier measurement may take."""


class StepController:
    """The actions of the step shown, and of its worker."""

    def __init__(self, host: ScreenHost, slots: SlotController) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes
        self.slots = slots

    async def run(self) -> None:
        """Run the step; asks first if the lesson comes from elsewhere."""
        self.keep_edit()
        if question := self.tour.session.trust.question(self.tour.lesson):
            self._ask_trust(question)
            return
        self.host.note("")  # it was about the previous results
        self.panes.expect_front()
        if self.tour.worker.lost:
            self.tour.session.expect_start()
            self.host.post_message(RestartWanted())
        try:
            await self.tour.run()
        except EngineError as error:
            self.host.note(str(error))
        self.host.refresh_view()

    def _ask_trust(self, question: Question) -> None:
        from jaxtour.tui.screens.trust import TrustAnswer, TrustScreen

        lesson, trust = self.tour.lesson, self.tour.session.trust

        async def answered(answer: TrustAnswer | None) -> None:
            if answer is None:
                self.host.note("its new code has not run" if question.changes else "none of this lesson has run")
                return
            unkept = ""
            if answer == "saves":
                trust.allow_saves(question)
            try:
                trust.allow(lesson, keep=answer == "always")
            except OSError as error:
                unkept = f"trusted for now only: cannot write {trust.path}: {error.strerror or error}"
            await self.run()
            if unkept:
                self.host.note(unkept)

        self.host.app.push_screen(TrustScreen(question, ascii_only=self.tour.ascii), answered)

    def setup(self) -> None:
        """Open the setup, from its first line, or fold it."""
        self.tour.state.setup = not self.tour.state.setup
        self.host.refresh_view()
        if self.tour.state.setup:
            self.host.panes.by_slot["source"].action_top()

    async def measure(self, patience: float = 1.0) -> None:
        """Measure the calls that the step times, or the traced call shown."""
        self.slots.focus("time")
        if not self.tour.view.timed_calls:
            self.host.note("nothing to time: the code raised an exception")
            return
        try:
            if not await self.tour.measure(patience):
                self.host.note("the worker is busy; measure when it is ready")
        except EngineError as error:
            self.host.note(str(error))
        self.host.refresh_view()

    measure_long = partialmethod(measure, PATIENCE)

    def verdicts(self) -> None:
        """Open the details of the timings and their verdicts."""
        from jaxtour.tui.screens.timings import TimingsScreen

        self.host.app.push_screen(TimingsScreen(self.tour, self.tour.state))

    def roofline(self) -> None:
        """Compare the timings with the device's peaks."""
        from jaxtour.tui.screens.timings import RooflineScreen

        self.host.app.push_screen(RooflineScreen(self.tour, self.tour.state))

    async def edit(self) -> None:
        """Edit the code in place."""
        if self.panes.editor is not None:
            self.panes.editor.focus(scroll_visible=False)
            return
        view = self.tour.view
        place = rows_of(view).place(self.panes.by_slot["source"].cursor)
        await self.panes.edit(self.tour.code.text, place[1] if place and place[0] == view.cell else 1)
        self.host.refresh_view()

    async def edit_ended(self, *, run: bool) -> None:
        """Keep the edit, and run it if requested."""
        if run:
            await self.run()
        else:
            self.leave_editor()
            self.host.refresh_view()

    def leave_editor(self) -> None:
        """Keep the edit and show the source again."""
        self.keep_edit()
        self.panes.end_edit()

    def keep_edit(self) -> None:
        """Keep the text in the editor."""
        if self.panes.editor is not None:
            self.tour.set_code(self.panes.editor.text)

    def compare(self) -> None:
        """Compare the edit with the lesson's own code."""
        from jaxtour.tui.screens.compare import CompareScreen

        step, report = self.tour.step, self.tour.state.report
        if not self.tour.idle:
            self.host.note("the worker is busy; compare when it is ready")
        elif isinstance(step, Step) and report is not None:
            self.host.app.push_screen(CompareScreen(self.tour, step, report, self.tour.view.index))

    async def interrupt(self) -> None:
        """Interrupt the step."""
        await self.tour.interrupt()
        self.host.refresh_view()

    def idle_interrupt(self) -> None:
        """Say that nothing is running."""
        self.host.note(f"nothing is running; {self.tour.keys.first('quit')} leaves the tour")

    async def restart(self) -> None:
        """Start the worker again; the next key may run the step already, which waits for it."""
        tour, session = self.tour, self.tour.session
        self.host.note("the worker starts again")
        if not tour.worker.gone and session.started.is_set():
            try:
                await session.restart()
            except EngineError as error:
                self.host.post_message(WorkerGone(str(error)))
            return
        if tour.worker.gone:
            session.expect_start()
        self.host.post_message(RestartWanted())
