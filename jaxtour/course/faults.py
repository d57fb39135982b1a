"""A fault inside a file that was read: where, and what to say."""

import difflib
from collections.abc import Iterable

from jaxtour.course.nodes import Node, Scalar, Sequence
from jaxtour.course.remedies import shown


class FaultError(Exception):
    """Something in a node is not as a lesson needs it; becomes a `Problem` where the file is known."""

    def __init__(self, place: Node | tuple[int, int], message: str) -> None:
        super().__init__(message)
        self.place = place if isinstance(place, tuple) else (place.line, place.column)
        """Line and column, from 1."""
        self.message = message


def suggestion(name: str, known: Iterable[str]) -> str:
    """`: did you mean x?`, or what there is to choose from."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f": did you mean `{near[0]}`?" if near else f": there are {', '.join(names)}"


def kind(node: Node) -> str:
    """What a node is, for a message."""
    if isinstance(node, Scalar):
        return f"`{shown(node.text)}`"
    return "a list" if isinstance(node, Sequence) else "a mapping"
