"""The keys that profile the traced call shown, and open its tables and its timeline."""

from jaxtour.engine.session import EngineError
from jaxtour.engine.wire.profile import line_times
from jaxtour.tui.panes.source import rows_of
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost


class ProfileController:
    """The actions about the time of a call by line."""

    def __init__(self, host: ScreenHost, slots: SlotController) -> None:
        self.host = host
        self.tour = host.tour
        self.slots = slots
        self.awaits = False
        """Whether a profile was asked for, and its hottest line is still to be shown."""

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
            self.awaits = await self.tour.profile()
            if not self.awaits:
                self.host.note("the worker is busy; profile when it is ready")
        except EngineError as error:
            self.host.note(str(error))
        self.host.refresh_view()

    def arrived(self) -> None:
        """Bring the line that takes most of the time into view in the source, once the profile is there."""
        view = self.tour.view
        if view.report and view.report.request:
            return
        self.awaits = False
        if view.profiled is None:
            return
        rows = rows_of(view)
        lines = (rows.line(time.file, time.line) for time in line_times(view.profiled) if time.file and time.line)
        hottest = next((line for line in lines if line is not None), None)
        if hottest is not None:
            # The cursor stays: on a line with time, the border would no longer say what is not accounted for.
            source = self.host.panes.by_slot["source"]
            source.call_after_refresh(source.scroller.reveal, hottest)

    def timeline(self) -> None:
        """Open the timeline of one profiled call."""
        from jaxtour.tui.screens.profile import TimelineScreen

        profile = self.tour.view.profiled
        if profile is not None and profile.timeline is not None and profile.timeline.threads:
            self.host.app.push_screen(TimelineScreen(self.tour, profile))
