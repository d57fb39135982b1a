"""What the keys of a step's screen do."""

from typing import TYPE_CHECKING, Literal, Protocol

from textual.screen import Screen

from jaxtour.course.model import Step
from jaxtour.engine.session import EngineError
from jaxtour.tui.actions import Context
from jaxtour.tui.messages import EditEnded, Note, RestartWanted, Turned
from jaxtour.tui.panes import PANES
from jaxtour.tui.panes.source import rows_of
from jaxtour.tui.widgets.arrange import Slot
from jaxtour.tui.widgets.pane import Pane
from jaxtour.tui.widgets.panes import Panes
from jaxtour.tui.yank import yank

if TYPE_CHECKING:
    from jaxtour.tui.tour import Tour

THEMES = ("dark", "light", "ansi")


class Refilled(Protocol):
    """A screen that lies over the step's, and shows what the worker says."""

    def refill(self) -> None:
        """Show what is known by then."""


class StepKeys(Screen[None]):
    """A method for each action of the registry."""

    tour: "Tour"
    panes: Panes
    over: Refilled | None = None
    """What lies over this screen, where it has to be kept up to date."""

    def refresh_view(self, *, fresh: bool = False) -> None:
        """Show what the tour knows now."""
        raise NotImplementedError

    @property
    def context(self) -> Context:
        """What decides which keys work now."""
        raise NotImplementedError

    def refresh_keys(self) -> None:
        """Write the bottom line."""
        raise NotImplementedError

    def drop_note(self) -> None:
        """Take away what stands in the bottom line."""
        raise NotImplementedError

    # The step -------------------------------------------------------------------------------------------------------

    @property
    def editing(self) -> bool:
        """Whether the source is being edited."""
        return self.panes.editor is not None

    async def action_run(self) -> None:
        """Run the step."""
        self.keep_edit()
        self.panes.expect_front()
        try:
            await self.tour.run()
        except EngineError as error:
            self.post_message(Note(str(error)))
        self.refresh_view()

    def action_next_step(self) -> None:
        """Go a step on."""
        self.leave_editor()
        self._moved(self.tour.move(1), "this was the last step of the course")

    def action_previous_step(self) -> None:
        """Go a step back."""
        self.leave_editor()
        self._moved(self.tour.move(-1), "this is the first step of the course")

    def action_next_lesson(self) -> None:
        """Go a lesson on."""
        self.leave_editor()
        self._moved(self.tour.move_lesson(1), "this is the last lesson")

    def action_previous_lesson(self) -> None:
        """Go a lesson back."""
        self.leave_editor()
        self._moved(self.tour.move_lesson(-1), "this is the first lesson")

    def _moved(self, moved: bool, otherwise: str) -> None:
        if moved:
            self.arrived()
        else:
            self.post_message(Note(otherwise))

    def arrived(self) -> None:
        """Show a step from its beginning."""
        self.drop_note()
        self.panes.bring("lesson")
        self.refresh_view(fresh=True)
        self.keep_focus()
        self.post_message(Turned())

    def action_setup(self) -> None:
        """Open or fold the code that runs first; the cursor stays with its line."""
        before = rows_of(self.tour.view).code.start
        self.tour.visit.setup = not self.tour.visit.setup
        self.panes.by_slot["source"].shift_place(rows_of(self.tour.view).code.start - before)
        self.refresh_view()

    # Questions and exercises ----------------------------------------------------------------------------------------

    def action_answer(self) -> None:
        """Ask for the learner's prediction."""
        from jaxtour.tui.screens.ask import AskScreen

        step, visit = self.tour.step, self.tour.visit

        def answered(text: str | None) -> None:
            if text:
                visit.prediction = text
                self.panes.bring("lesson")
                self.refresh_view()

        if isinstance(step, Step) and step.ask:
            self.app.push_screen(AskScreen(step.ask, ascii_only=self.tour.ascii), answered)

    def action_hint(self) -> None:
        """Show the next hint."""
        self.tour.visit.hints += 1
        self.panes.bring("lesson")
        self.refresh_view()

    def action_solution(self) -> None:
        """Show the solution."""
        self.tour.visit.solution = True
        self.panes.bring("lesson")
        self.refresh_view()

    # Editing --------------------------------------------------------------------------------------------------------

    async def action_edit(self) -> None:
        """Edit the code in place."""
        if self.panes.editor is not None:
            self.panes.editor.focus(scroll_visible=False)
            return
        await self.panes.edit(self.tour.code)
        self.refresh_view()

    async def on_edit_ended(self, message: EditEnded) -> None:
        """Keep the edit, and run it if that was asked for."""
        if message.run:
            await self.action_run()
        else:
            self.leave_editor()
            self.refresh_view()

    def leave_editor(self) -> None:
        """Keep the edit and show the source again."""
        self.keep_edit()
        self.panes.end_edit()

    def keep_edit(self) -> None:
        """Keep what stands in the editor, for whatever comes."""
        if self.panes.editor is not None:
            self.tour.set_code(self.panes.editor.text)

    def action_undo(self) -> None:
        """Go back to the lesson's own code, after asking."""
        from jaxtour.tui.screens.confirm import ConfirmScreen

        def confirmed(yes: bool | None) -> None:
            if yes:
                self.tour.forget_edit()
                self.refresh_view(fresh=True)

        whose = "the file's" if self.tour.lesson.plain else "the lesson's"
        self.app.push_screen(ConfirmScreen(f"Back to {whose} own code?", "Your edit is forgotten."), confirmed)

    # Panes ----------------------------------------------------------------------------------------------------------

    @property
    def pane(self) -> Pane:
        """The pane that keys go to."""
        focused = self.focused
        return focused if isinstance(focused, Pane) else self.panes.by_slot[self.panes.front]

    def action_next_pane(self) -> None:
        """Focus the next pane."""
        self._focus_by(1)

    def action_previous_pane(self) -> None:
        """Focus the pane before."""
        self._focus_by(-1)

    def _focus_by(self, by: Literal[1, -1]) -> None:
        slots: list[Slot] = [spec.name for spec in PANES]
        here = slots.index(self.pane.spec.name)
        self.focus_slot(slots[(here + by) % len(slots)])

    def focus_slot(self, slot: Slot) -> None:
        """Focus a pane, wherever it is."""
        self.panes.bring(slot, by_hand=True)
        if self.panes.zoomed:
            self.panes.zoom(slot)
        pane = self.panes.by_slot[slot]
        if pane.focusable:
            # At once: keys that were typed ahead are meant for it.
            self.set_focus(pane, scroll_visible=False)
        else:
            pane.focus(scroll_visible=False)
        self.post_message(Turned())

    def action_zoom(self) -> None:
        """Let the pane fill the screen, or bring the others back."""
        self.panes.zoom(None if self.panes.zoomed else self.pane.spec.name)
        self.refresh_view()
        self.keep_focus()

    def action_unzoom(self) -> None:
        """Bring the other panes back."""
        self.panes.zoom(None)
        self.refresh_view()
        self.keep_focus()
        self.post_message(Turned())

    def keep_focus(self) -> None:
        """See to it that keys go to a pane that can be seen."""
        if self.editing:
            return
        focused = self.focused
        slot = focused.spec.name if isinstance(focused, Pane) else self.panes.front
        if self.panes.zoomed:
            slot = self.panes.zoomed
        elif not self.panes.wide and self.panes.by_slot[slot].spec.tab:
            slot = self.panes.front
        if focused is not self.panes.by_slot[slot]:
            self.panes.by_slot[slot].focus(scroll_visible=False)

    def action_yank(self) -> None:
        """Copy the pane's text."""
        pane = self.pane
        what = self.tour.visit.stage if pane.spec.name == "stage" else pane.spec.name
        name = f"{self.tour.lesson.id}-{self.tour.step.id}-{what}"
        self.post_message(Note(yank(self.app, name, pane.document.text)))

    # The worker and the tour ----------------------------------------------------------------------------------------

    async def action_interrupt(self) -> None:
        """Interrupt the step."""
        await self.tour.session.interrupt()
        self.refresh_view()

    def action_idle_interrupt(self) -> None:
        """Say that there is nothing to interrupt."""
        self.post_message(Note(f"nothing is running; {self.tour.keys.first('quit')} leaves the tour"))

    def action_restart(self) -> None:
        """Start the worker again."""
        self.post_message(Note("the worker starts again"))
        self.post_message(RestartWanted())

    def action_theme(self) -> None:
        """The next theme."""
        here = THEMES.index(self.app.theme) if self.app.theme in THEMES else -1
        self.app.theme = THEMES[(here + 1) % len(THEMES)]

    def action_lessons(self) -> None:
        """Open the list of lessons."""
        from jaxtour.tui.screens.lessons import LessonsScreen

        def chosen(index: int | None) -> None:
            if index is not None:
                self.open_lesson(index)

        self.app.push_screen(LessonsScreen(self.tour), chosen)

    def open_lesson(self, index: int) -> None:
        """Go on in a lesson where it is not done."""
        self.leave_editor()
        self.tour.open(index, self.tour.first_undone(index))
        self.arrived()

    def action_help(self) -> None:
        """Open the list of keys."""
        from jaxtour.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.tour.keys, ascii_only=self.tour.ascii))

    def action_palette(self) -> None:
        """Find an action, a step or a lesson by name."""
        from jaxtour.tui.screens.find import FindScreen, Found, everything

        async def chosen(found: Found | None) -> None:
            if found is None:
                return
            if found.action:
                await self.run_action(found.action)
                return
            self.leave_editor()
            step = self.tour.first_undone(found.lesson) if found.step is None else found.step
            self.tour.open(found.lesson, step)
            self.arrived()

        found = everything(self.tour, self.context)
        self.app.push_screen(FindScreen(found, self.tour.keys, ascii_only=self.tour.ascii), chosen)

    async def action_quit(self) -> None:
        """Leave."""
        await self.app.action_quit()
