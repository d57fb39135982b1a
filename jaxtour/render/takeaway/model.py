"""What a lesson to take away consists of, whatever it is written as."""

from typing import Literal, NamedTuple, TypeAlias

Language: TypeAlias = Literal["python", "jaxpr", "text"]


class Prose(NamedTuple):
    """Something to read."""

    text: str
    """Markdown; HTML in it is text."""


class Folded(NamedTuple):
    """Something that is read on a click."""

    summary: str
    text: str = ""
    """Markdown; HTML in it is text."""
    code: str = ""
    language: Language = "python"


class Output(NamedTuple):
    """What a cell printed, gave or raised."""

    kind: Literal["stdout", "stderr", "value", "error"]
    text: str
    """As the program wrote it; of an error, its traceback, which ends in its class and message."""
    name: str = ""
    """Of an error, its class."""
    message: str = ""


class Code(NamedTuple):
    """Code that runs."""

    text: str
    outputs: tuple[Output, ...] = ()
    raises: bool = False
    """Whether what comes after runs although this raises."""
    folded: str = ""
    """The words to click on, if the code is not shown at once."""


DraftPart: TypeAlias = Prose | Folded | Code


class Takeaway(NamedTuple):
    """A lesson to take away."""

    title: str
    made_by: str
    parts: tuple[DraftPart, ...]
