"""The least that Textual can show: what a first frame is compared with."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class EmptyApp(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        yield Static("first frame")


if __name__ == "__main__":
    EmptyApp().run()
