"""The messages between parts of the app."""

from dataclasses import dataclass

from textual.message import Message

from jaxtour.tui.tour.state import Shown
from jaxtour.tui.widgets.arrange import Slot


class Arrived(Message):
    """Events of the worker wait in the app's inbox, so that a flood is one message."""


@dataclass
class WorkerGone(Message):
    """The guard cannot be started, or has ended."""

    reason: str


class Turned(Message):
    """Another pane or stage is visible, which may need a request."""


class GraphicsKnown(Message):
    """The terminal has said that it shows more than half blocks."""


class RestartWanted(Message):
    """The learner wants a new worker."""


@dataclass
class Note(Message):
    """A note for the bottom line."""

    text: str


@dataclass
class EditEnded(Message):
    """The learner leaves the editor, or runs its code."""

    run: bool = False


@dataclass
class NamesWanted(Message):
    """The learner wants to know how a name goes on."""

    text: str
    """What stands before the cursor: `jnp.li`."""


@dataclass
class Travelled(Message):
    """The learner goes along the schedule of the memory."""

    by: int


@dataclass
class Unfolded(Message):
    """The learner opens or folds an equation of the graph, or all of them."""

    line: int | None


@dataclass
class ShownWanted(Message):
    """The learner clicks on the name of a pane or of a stage."""

    slot: Slot
    shown: Shown | None = None
