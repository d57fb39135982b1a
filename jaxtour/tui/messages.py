"""The messages between parts of the app."""

from textual.message import Message

from jaxtour.tui.tour.state import Shown
from jaxtour.tui.widgets.arrange import Slot


class Arrived(Message):
    """The worker's events wait in the app's inbox, so that a flood is one message."""


class WorkerGone(Message):
    """The guard cannot be started, or has ended."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Turned(Message):
    """Another pane or stage is visible, which may need a request."""


class GraphicsKnown(Message):
    """The terminal has reported that it shows more than half blocks."""


class RestartWanted(Message):
    """The learner wants a new worker."""


class Note(Message):
    """A note for the bottom line."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class EditEnded(Message):
    """The learner leaves the editor, or runs its code."""

    def __init__(self, *, run: bool = False) -> None:
        super().__init__()
        self.run = run


class NamesWanted(Message):
    """The learner wants the completions of a name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        """The text before the cursor: `jnp.li`."""


class Travelled(Message):
    """The learner moves along the schedule of the memory."""

    def __init__(self, by: int) -> None:
        super().__init__()
        self.by = by


class Unfolded(Message):
    """The learner opens or folds an equation of the graph, or all of them."""

    def __init__(self, line: int | None) -> None:
        super().__init__()
        self.line = line


class AskedBelow(Message):
    """The question of the step came into view, or left it."""


class ShownWanted(Message):
    """The learner clicks on the name of a pane or of a stage."""

    def __init__(self, slot: Slot, shown: Shown | None = None) -> None:
        super().__init__()
        self.slot = slot
        self.shown = shown
