"""The nodes of a YAML file: scalars, sequences and mappings with their places."""

from typing import Literal, TypeAlias

import msgspec

Style: TypeAlias = Literal["plain", "quoted", "literal", "folded"]
Key: TypeAlias = str | int


class Scalar(msgspec.Struct, frozen=True):
    """A text exactly as in the YAML file: never converted into a number, a date or a boolean."""

    text: str
    line: int
    """From 1, like `column`."""
    column: int
    style: Style = "plain"
    flow: bool = False
    """Whether it is inside `[...]` or `{...}`."""


class Sequence(msgspec.Struct, frozen=True):
    """A list."""

    line: int
    column: int
    flow: bool = False
    items: list["Node"] = []


class Mapping(msgspec.Struct, frozen=True):
    """Keys and values, without duplicate keys."""

    line: int
    column: int
    flow: bool = False
    entries: dict[str, tuple[Scalar, "Node"]] = {}

    def value(self, key: str) -> "Node | None":
        """Return the value of a key, or None."""
        entry = self.entries.get(key)
        return entry[1] if entry else None


Node: TypeAlias = Scalar | Sequence | Mapping


class YamlDocument(msgspec.Struct, frozen=True):
    """A parsed file."""

    file: str
    lines: list[str]
    """The lines as YAML counts them, without line ends."""
    root: Node


def at(node: Node, *path: Key) -> Node:
    """Return the node at a path of keys and indices, or the last existing node on that path."""
    for key in path:
        if isinstance(node, Mapping) and isinstance(key, str) and key in node.entries:
            node = node.entries[key][1]
        elif isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
            node = node.items[key]
        else:
            break
    return node
