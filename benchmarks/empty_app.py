"""The smallest Textual app: the reference for a first frame."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class EmptyApp(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        yield Static("first frame")


if __name__ == "__main__":
    EmptyApp().run()
