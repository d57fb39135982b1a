"""What the keys do that measure, and that tell what a measurement means."""

from jaxtour.engine.session import EngineError
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost

PATIENCE = 10.0
"""How many times as long a measurement may take where somebody wants it steadier."""


class TimingController:
    """The actions of the timings."""

    def __init__(self, host: ScreenHost, slots: SlotController) -> None:
        self.host = host
        self.tour = host.tour
        self.slots = slots

    async def measure(self) -> None:
        """Measure what the step times, or the traced call that is shown."""
        await self._measure(1.0)

    async def measure_long(self) -> None:
        """Measure with more patience."""
        await self._measure(PATIENCE)

    async def _measure(self, patience: float) -> None:
        self.slots.focus("time")
        if not self.tour.timed_calls:
            self.host.note("the code raised: there is nothing to time")
            return
        try:
            if not await self.tour.measure(patience):
                self.host.note("the worker is busy; measure when it is ready")
        except EngineError as error:
            self.host.note(str(error))
        self.host.refresh_view()

    def verdicts(self) -> None:
        """Tell what is behind the timings, and what they do not mean."""
        from jaxtour.tui.screens.timings import TimingsScreen

        self.host.app.push_screen(TimingsScreen(self.tour, self.tour.state))

    def roofline(self) -> None:
        """Hold the timings against what the device can do at most."""
        from jaxtour.tui.screens.roofline import RooflineScreen

        self.host.app.push_screen(RooflineScreen(self.tour, self.tour.state))
