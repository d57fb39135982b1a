"""What the controllers may ask of the screen that owns them."""

from typing import Protocol

from textual.app import App
from textual.message import Message
from textual.widget import Widget

from jaxtour.tui.actions import Context
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.panes import Panes


class ScreenHost(Protocol):
    """The screen of a step, as its controllers see it."""

    tour: Tour
    panes: Panes

    @property
    def app(self) -> App[object]:
        """The app, which shows other screens."""

    @property
    def focused(self) -> Widget | None:
        """What keys go to."""

    def set_focus(self, widget: Widget | None, scroll_visible: bool = True) -> None:
        """Have the keys go to a widget, at once."""

    def post_message(self, message: Message) -> bool:
        """Tell the app."""

    def note(self, text: str) -> None:
        """Say something in the bottom line, until a key or for a while."""

    def refresh_view(self, *, fresh: bool = False) -> None:
        """Show what the tour knows now; `fresh` when it is another step."""

    def refresh_keys(self) -> None:
        """Write the bottom line."""

    def arrived(self) -> None:
        """Show a step from its beginning."""

    @property
    def context(self) -> Context:
        """What decides which keys work now."""

    async def act(self, action: str) -> None:
        """Do what an action's key does."""

    async def open_line(self, line: Widget) -> None:
        """Put a line to write in over the bottom line, and give it the keys."""

    def close_line(self, line: Widget) -> None:
        """Take it away again."""
