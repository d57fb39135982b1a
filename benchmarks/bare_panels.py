"""A bare Textual app with as many bordered panels as the tour has panes, in the same places: the reference for Tab."""

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

LINES = 30
TEXT = "\n".join(f"{number:2} = a line of text as long as the lines of code usually are" for number in range(LINES))


class Panel(Static, can_focus=True):
    """A bordered text that can have the focus."""

    DEFAULT_CSS = """
    Panel { height: 1fr; border: round $foreground 30%; padding: 0 0 0 1; }
    Panel:focus { border: round $primary; }
    """

    def __init__(self, name: str) -> None:
        super().__init__(TEXT, id=name, markup=False)
        self.border_title = name


class BarePanels(App[None]):
    """Two panels on the left and four on the right, between two lines."""

    CSS = """
    #stage { height: 4fr; }
    #top, #keys { height: 1; background: $panel; }
    """
    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Static("bare panels", id="top")
        with Horizontal():
            yield Vertical(Panel("lesson"), Panel("source"))
            yield Vertical(Panel("stage"), Panel("result"), Panel("time"), Panel("devices"))
        yield Static("ready", id="keys")


if __name__ == "__main__":
    BarePanels().run()
