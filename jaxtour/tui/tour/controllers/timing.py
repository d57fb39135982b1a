"""The keys that measure, and that explain a measurement."""

from functools import partialmethod

from jaxtour.engine.session import EngineError
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost

PATIENCE = 10.0
"""How many times as long a steadier measurement may take."""


class TimingController:
    """The actions of the timings."""

    def __init__(self, host: ScreenHost, slots: SlotController) -> None:
        self.host = host
        self.tour = host.tour
        self.slots = slots

    async def measure(self, patience: float = 1.0) -> None:
        """Measure the calls that the step times, or the traced call shown."""
        self.slots.focus("time")
        if not self.tour.timed_calls:
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
