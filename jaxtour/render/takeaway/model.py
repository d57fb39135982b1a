"""The parts of an exported lesson, whatever its format."""

from typing import Literal, NamedTuple, TypeAlias

Language: TypeAlias = Literal["python", "jaxpr", "text"]


class Prose(NamedTuple):
    """Something to read."""

    text: str
    """Markdown; HTML in it is text."""


class Folded(NamedTuple):
    """Something to read on a click."""

    summary: str
    text: str = ""
    """Markdown; HTML in it is text."""
    code: str = ""
    language: Language = "python"


class Output(NamedTuple):
    """What a cell printed, drew, gave or raised."""

    kind: Literal["stdout", "stderr", "figure", "value", "error"]
    text: str
    """The text as the program wrote it; for an error, its traceback, which ends in its class and message."""
    name: str = ""
    """The class of an error."""
    message: str = ""
    png: str = ""
    """A figure's picture, in base64."""


class Code(NamedTuple):
    """Code that runs."""

    text: str
    outputs: tuple[Output, ...] = ()
    raises: bool = False
    """Whether what follows runs even though this raises."""
    folded: str = ""
    """The label to click on, if the code is folded at first."""


DraftPart: TypeAlias = Prose | Folded | Code


class Takeaway(NamedTuple):
    """An exported lesson."""

    title: str
    made_by: str
    parts: tuple[DraftPart, ...]
