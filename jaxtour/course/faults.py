"""A fault in a lesson file: its place and its message."""

import difflib
from collections.abc import Iterable

from jaxtour.course.nodes import Node, Scalar, Sequence
from jaxtour.text.words import short


class FaultError(Exception):
    """Raised for an invalid node; becomes a `Problem` once the file is known."""

    def __init__(self, place: Node | tuple[int, int], message: str) -> None:
        super().__init__(message)
        self.place = place if isinstance(place, tuple) else (place.line, place.column)
        """Line and column, from 1."""
        self.message = message


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `: did you mean x?`, or the names to choose from."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f": did you mean `{near[0]}`?" if near else f": choose from {', '.join(names)}"


def kind(node: Node) -> str:
    """Return what a node is, for a message."""
    if isinstance(node, Scalar):
        return f"`{short(node.text)}`"
    return "a list" if isinstance(node, Sequence) else "a mapping"
