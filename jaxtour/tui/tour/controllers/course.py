"""The keys that go through the course, and those of the whole tour."""

from collections.abc import Callable
from typing import Literal

from jaxtour.tui.themes import THEMES
from jaxtour.tui.tour.controllers.step import StepController
from jaxtour.tui.tour.host import ScreenHost


class CourseController:
    """The actions that go to another step, open a list, or are about the whole tour."""

    def __init__(self, host: ScreenHost, step: StepController) -> None:
        self.host = host
        self.tour = host.tour
        self.step = step

    def next_step(self) -> None:
        """Go to the next step."""
        self._go(self.tour.move, 1, "this is the last step of the course")

    def previous_step(self) -> None:
        """Go to the previous step."""
        self._go(self.tour.move, -1, "this is the first step of the course")

    def next_lesson(self) -> None:
        """Go to the next lesson."""
        self._go(self.tour.move_lesson, 1, "this is the last lesson")

    def previous_lesson(self) -> None:
        """Go to the previous lesson."""
        self._go(self.tour.move_lesson, -1, "this is the first lesson")

    def _go(self, move: Callable[[Literal[1, -1]], bool], by: Literal[1, -1], at_the_end: str) -> None:
        self.step.leave_editor()
        if move(by):
            self.host.arrived()
        else:
            self.host.note(at_the_end)

    def open(self, lesson: int | None, step: int | None = None) -> None:
        """Go to a step of a lesson, or to its first undone one; stay without a lesson."""
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
        """Switch to the next theme."""
        app, names = self.host.app, [theme.name for theme in THEMES]
        here = names.index(app.theme) if app.theme in names else -1
        app.theme = names[(here + 1) % len(names)]

    async def quit(self) -> None:
        """Leave."""
        await self.host.app.action_quit()
