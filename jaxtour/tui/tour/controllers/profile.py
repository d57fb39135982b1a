"""The keys that profile the traced call shown, and open its tables and its timeline."""

from jaxtour.engine.session import EngineError
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost


class ProfileController:
    """The actions about the time of a call by line."""

    def __init__(self, host: ScreenHost, slots: SlotController) -> None:
        self.host = host
        self.tour = host.tour
        self.slots = slots

    async def profile(self) -> None:
        """Profile the call shown; once it is profiled, open the tables."""
        if self.tour.view.profiled is None:
            await self.again()
            return
        from jaxtour.tui.screens.profile import ProfileScreen

        self.host.app.push_screen(ProfileScreen(self.tour, self.again))

    async def again(self) -> None:
        """Profile the call shown, even if it has been profiled."""
        self.slots.focus("source")
        try:
            if not await self.tour.profile():
                self.host.note("the worker is busy; profile when it is ready")
        except EngineError as error:
            self.host.note(str(error))
        self.host.refresh_view()

    def timeline(self) -> None:
        """Open the timeline of one profiled call."""
        from jaxtour.tui.screens.profile import TimelineScreen

        profile = self.tour.view.profiled
        if profile is not None and profile.timeline is not None and profile.timeline.threads:
            self.host.app.push_screen(TimelineScreen(self.tour, profile))
