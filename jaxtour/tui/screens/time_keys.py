"""What the keys do that measure, and that tell what a measurement means."""

from jaxtour.engine.session import EngineError
from jaxtour.tui.messages import Note
from jaxtour.tui.screens.step_keys import StepKeys

PATIENCE = 10.0
"""How many times as long a measurement may take where somebody wants it steadier."""


class TimeKeys(StepKeys):
    """A method for each action of the timings."""

    async def action_measure(self) -> None:
        """Measure what the step times, or the traced call that is shown."""
        await self._measure(1.0)

    async def action_measure_long(self) -> None:
        """Measure with more patience."""
        await self._measure(PATIENCE)

    async def _measure(self, patience: float) -> None:
        tour = self.tour
        self.focus_slot("time")
        if not tour.timed_calls:
            self.post_message(Note("the code raised: there is nothing to time"))
            return
        try:
            if not await tour.measure(patience):
                self.post_message(Note("the worker is busy; measure when it is ready"))
        except EngineError as error:
            self.post_message(Note(str(error)))
        self.refresh_view()

    def action_verdicts(self) -> None:
        """Tell what is behind the timings, and what they do not mean."""
        from jaxtour.tui.screens.timings import TimingsScreen

        self.app.push_screen(TimingsScreen(self.tour, self.tour.visit))

    def action_roofline(self) -> None:
        """Hold the timings against what the device can do at most."""
        from jaxtour.tui.screens.timings import RooflineScreen

        screen = self.over = RooflineScreen(self.tour, self.tour.visit)

        def closed(_: None) -> None:
            self.over = None

        self.app.push_screen(screen, closed)
