"""What the parts of the app tell each other."""

from dataclasses import dataclass

from textual.message import Message

from jaxtour.tui.tour.view import Shown
from jaxtour.tui.widgets.arrange import Slot


class Arrived(Message):
    """The worker said something; what it said waits with the app, so that a flood is one message."""

    def can_replace(self, message: Message) -> bool:
        """One of these is as good as many."""
        return isinstance(message, Arrived)


@dataclass
class WorkerGone(Message):
    """The engine cannot be started, or has ended."""

    reason: str


class Turned(Message):
    """Something else is to be seen, which may have to be made first."""


class RestartWanted(Message):
    """The learner wants a new worker."""


@dataclass
class Note(Message):
    """Something to say in the bottom line for a while."""

    text: str


@dataclass
class EditEnded(Message):
    """The learner leaves the editor, or runs what is in it."""

    run: bool = False


@dataclass
class Unfolded(Message):
    """The learner opens or folds an equation in the graph, or all of them."""

    line: int | None


@dataclass
class ShownWanted(Message):
    """The learner clicks on the name of a pane, or of a stage."""

    slot: Slot
    shown: Shown | None = None
