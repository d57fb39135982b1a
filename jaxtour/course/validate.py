"""Converts nodes to the model's values with msgspec; if that fails, finds the node that does not fit and says why."""

from typing import Any

import msgspec

from jaxtour.course.faults import FaultError
from jaxtour.course.nodes import Mapping, Node, Scalar
from jaxtour.course.remedies import QUOTE
from jaxtour.text.words import short


def convert(node: Node, kind_of: Any, key: Scalar | None = None) -> Any:
    """Convert the node to a value of this type; raises `FaultError` for the first misfit.

    `key` is the value's key, if the error should name it.
    """
    if key and _is_empty(node):
        raise FaultError(key, f"`{short(key.text)}` has no value: give it one, or delete the line")
    try:
        return msgspec.convert(plain(node), kind_of, strict=False)
    except msgspec.ValidationError as error:
        # Imported here, because a valid lesson does not need it.
        from jaxtour.course.misfits import misfit

        raise misfit(node, kind_of, key.text if key else "", str(error)) from None


def plain(node: Node) -> Any:
    """Convert the node to dicts, tuples and texts; raises `FaultError` for a key without a value."""
    if isinstance(node, Scalar):
        one_line = node.style in ("literal", "folded") and node.text.count("\n") == 1
        return node.text.removesuffix("\n") if one_line else node.text
    if not isinstance(node, Mapping):
        for item in node.items:
            if _is_empty(item):
                raise FaultError(item, f"this entry has no value: delete it; if it is text, {QUOTE}")
        return tuple(plain(item) for item in node.items)
    for key, value in node.entries.values():
        if not _is_empty(value):
            continue
        if node.flow:
            message = f"`{short(key.text)}` became a key, because a comma ends a value inside {{...}}: {QUOTE}"
            raise FaultError(key, message if len(node.entries) > 1 else f"`{short(key.text)}` has no value: {QUOTE}")
        raise FaultError(key, f"`{short(key.text)}` has no value: give it one, or delete the line")
    return {name: plain(value) for name, (_, value) in node.entries.items()}


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style == "plain" and not node.text
