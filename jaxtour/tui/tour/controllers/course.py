"""The keys that go through the course, and those of the whole tour."""

from collections.abc import Callable
from functools import partialmethod
from typing import Literal

from jaxtour.tui.signals import to_shell
from jaxtour.tui.themes import THEMES
from jaxtour.tui.tour.controllers.step import StepController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.model import Tour


class CourseController:
    """The actions that go to another step, open a list, or concern the whole tour."""

    def __init__(self, host: ScreenHost, step: StepController) -> None:
        self.host = host
        self.tour = host.tour
        self.step = step

    def _go(self, move: Callable[[Tour, Literal[1, -1]], bool], by: Literal[1, -1], at_the_end: str) -> None:
        """Go to the next step or lesson, or the previous one."""
        self.step.leave_editor()
        if move(self.tour, by):
            self.host.arrived()
        else:
            self.host.note(at_the_end)

    next_step = partialmethod(_go, Tour.move, 1, "this is the last step of the course")
    previous_step = partialmethod(_go, Tour.move, -1, "this is the first step of the course")
    next_lesson = partialmethod(_go, Tour.move_lesson, 1, "this is the last lesson")
    previous_lesson = partialmethod(_go, Tour.move_lesson, -1, "this is the first lesson")

    def open(self, lesson: int, step: int | None = None) -> None:
        """Go to a step of a lesson, or to the one where the learner continues it."""
        self.step.leave_editor()
        self.tour.open(lesson, self.tour.continued(lesson) if step is None else step)
        self.host.arrived()

    def welcome(self) -> None:
        """Say what the tour is and which keys it has, before its first step."""
        from jaxtour.tui.screens.welcome import WelcomeScreen

        async def begun(action: str | None) -> None:
            if action:
                await self.host.act(action)

        self.host.app.push_screen(WelcomeScreen(self.tour), begun)

    def lessons(self) -> None:
        """Open the home screen."""
        from jaxtour.tui.screens.home import HomeScreen

        async def chosen(found: tuple[int, int] | Literal["review"] | None) -> None:
            if found == "review":
                await self.host.act("start_review")
            elif found is not None:
                self.open(*found)

        # What the learner did a moment ago counts too.
        self.host.settle()
        self.host.app.push_screen(HomeScreen(self.tour), chosen)

    def palette(self) -> None:
        """Find an action, a step or a lesson by name, or a step by its text."""
        from jaxtour.tui.screens.find import FindScreen, Found

        async def chosen(found: Found | None) -> None:
            if found is None:
                return
            if found.action:
                await self.host.act(found.action)
            else:
                self.open(found.lesson, found.step)

        self.host.app.push_screen(FindScreen(self.tour, self.host.context), chosen)

    def help(self) -> None:
        """Open the list of keys."""
        from jaxtour.tui.screens.help import HelpScreen

        self.host.app.push_screen(HelpScreen(self.tour.keys, lambda: self.host.context, ascii_only=self.tour.ascii))

    def theme(self) -> None:
        """Switch to the next theme."""
        app, names = self.host.app, [theme.name for theme in THEMES]
        here = names.index(app.theme) if app.theme in names else -1
        app.theme = names[(here + 1) % len(names)]

    def shell(self) -> None:
        """Stop until the shell continues the tour."""
        if not to_shell():
            self.host.note("no shell with job control started the tour; q leaves it")

    async def quit(self) -> None:
        """Leave."""
        await self.host.app.action_quit()
