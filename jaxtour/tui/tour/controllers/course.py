"""What the keys do that go through the course, and those of the tour as a whole."""

from jaxtour.tui.tour.controllers.step import StepController
from jaxtour.tui.tour.host import ScreenHost

THEMES = ("dark", "light", "ansi")


class CourseController:
    """The actions that go to another step, or open a list."""

    def __init__(self, host: ScreenHost, step: StepController) -> None:
        self.host = host
        self.tour = host.tour
        self.step = step

    def next_step(self) -> None:
        """Go a step on."""
        self.step.leave_editor()
        self._moved(self.tour.move(1), "this was the last step of the course")

    def previous_step(self) -> None:
        """Go a step back."""
        self.step.leave_editor()
        self._moved(self.tour.move(-1), "this is the first step of the course")

    def next_lesson(self) -> None:
        """Go a lesson on."""
        self.step.leave_editor()
        self._moved(self.tour.move_lesson(1), "this is the last lesson")

    def previous_lesson(self) -> None:
        """Go a lesson back."""
        self.step.leave_editor()
        self._moved(self.tour.move_lesson(-1), "this is the first lesson")

    def _moved(self, moved: bool, otherwise: str) -> None:
        if moved:
            self.host.arrived()
        else:
            self.host.note(otherwise)

    def open(self, lesson: int | None, step: int | None = None) -> None:
        """Go to a step of a lesson, or to the first that is not done; without a lesson, stay."""
        if lesson is not None:
            self.step.leave_editor()
            self.tour.open(lesson, self.tour.first_undone(lesson) if step is None else step)
            self.host.arrived()

    def lessons(self) -> None:
        """Open the list of lessons."""
        from jaxtour.tui.screens.lessons import LessonsScreen

        self.host.app.push_screen(LessonsScreen(self.tour), self.open)

    def palette(self) -> None:
        """Find an action, a step or a lesson by name."""
        from jaxtour.tui.screens.find import FindScreen, Found, everything

        async def chosen(found: Found | None) -> None:
            if found is None:
                return
            if found.action:
                await self.host.act(found.action)
            else:
                self.open(found.lesson, found.step)

        found = everything(self.tour, self.host.context)
        self.host.app.push_screen(FindScreen(found, self.tour.keys, ascii_only=self.tour.ascii), chosen)

    def help(self) -> None:
        """Open the list of keys."""
        from jaxtour.tui.screens.help import HelpScreen

        self.host.app.push_screen(HelpScreen(self.tour.keys, ascii_only=self.tour.ascii))

    def theme(self) -> None:
        """The next theme."""
        app = self.host.app
        here = THEMES.index(app.theme) if app.theme in THEMES else -1
        app.theme = THEMES[(here + 1) % len(THEMES)]

    async def quit(self) -> None:
        """Leave."""
        await self.host.app.action_quit()
