"""The screen of a step, as its controllers see it."""

from typing import Protocol

from textual.app import App
from textual.message import Message
from textual.widget import Widget

from jaxtour.tui.actions import Context
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.panes import Panes


class ScreenHost(Protocol):
    """The interface of `TourScreen` for its controllers."""

    tour: Tour
    panes: Panes

    @property
    def app(self) -> App[object]:
        """The app, which shows other screens."""

    @property
    def focused(self) -> Widget | None:
        """The widget with the keys."""

    def set_focus(self, widget: Widget | None, scroll_visible: bool = True) -> None:
        """Give a widget the keys, at once."""

    def post_message(self, message: Message) -> bool:
        """Send the app a message."""

    def note(self, text: str) -> None:
        """Show a note in the bottom line for a while."""

    def refresh_view(self, *, fresh: bool = False) -> None:
        """Show the tour as it is now; `fresh` for another step."""

    def refresh_keys(self) -> None:
        """Update the bottom line."""

    def arrived(self) -> None:
        """Show another step from its beginning."""

    @property
    def context(self) -> Context:
        """The facts that decide which keys work now."""

    async def act(self, action: str) -> None:
        """Run the action of a key."""

    async def open_line(self, line: Widget) -> None:
        """Mount an input line over the bottom line, and focus it."""

    def close_line(self, line: Widget) -> None:
        """Remove that line."""
