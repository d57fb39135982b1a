"""What a YAML file is once it has been read: scalars, sequences and mappings that know where they stand."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["plain", "quoted", "literal", "folded"]
Key: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, exactly as YAML gives it: nothing is turned into a number, a date or a truth value."""

    text: str
    line: int
    """From 1, like `column`."""
    column: int
    style: Style = "plain"
    flow: bool = False
    """Whether it stands inside `[...]` or `{...}`."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    flow: bool = False
    items: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values; no key comes twice."""

    line: int
    column: int
    flow: bool = False
    entries: dict[str, tuple[Scalar, "Node"]] = field(default_factory=dict)

    def value(self, key: str) -> "Node | None":
        """The value of a key, if there is one."""
        entry = self.entries.get(key)
        return entry[1] if entry else None


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read."""

    file: str
    lines: list[str]
    """As YAML counts them, without their ends."""
    root: Node


def at(node: Node, *path: Key) -> Node:
    """The node that a path of keys and indices leads to, or the last one on the way that exists."""
    for key in path:
        if isinstance(node, Mapping) and isinstance(key, str) and key in node.entries:
            node = node.entries[key][1]
        elif isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
            node = node.items[key]
        else:
            break
    return node
