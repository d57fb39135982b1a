"""Reads YAML as a stream of events into nodes with their places, and refuses what a lesson does not need.

YAML bombs are made of aliases, tags, merge keys and deep nesting. The reader refuses these while it receives events,
before it builds anything from them. Every refusal is a `CourseError` with a `Problem`.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NoReturn, Protocol, TypeAlias

import msgspec
import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from jaxtour.course.model import CourseError, Problem
from jaxtour.course.remedies import QUOTE, explain
from jaxtour.text import Raw, short

ScalarStyle: TypeAlias = Literal["plain", "quoted", "literal", "folded"]
NodeKey: TypeAlias = str | int


class Scalar(msgspec.Struct, frozen=True):
    """A text exactly as in the YAML file: never converted into a number, a date or a boolean."""

    text: str
    line: int
    """The line, counted from 1, like `column`."""
    column: int
    style: ScalarStyle = "plain"
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


def at(node: Node, *path: NodeKey) -> Node:
    """Return the node at a path of keys and indices, or the last existing node on that path."""
    for key in path:
        if isinstance(node, Mapping) and isinstance(key, str) and key in node.entries:
            node = node.entries[key][1]
        elif isinstance(node, Sequence) and isinstance(key, int) and key < len(node.items):
            node = node.items[key]
        else:
            break
    return node


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


MAX_BYTES = 1024 * 1024
TOO_LARGE = "the file is larger than 1 MiB: split the lesson"
MAX_DEPTH = 32
MAX_NODES = 20_000
"""A lesson of 40 steps has about 1 000."""

LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
# Lists what is refused: compiling the far larger set of what is accepted would delay the start by 5 ms.
NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
SURROGATE = re.compile("[\ud800-\udfff]")
STYLES: dict[str | None, ScalarStyle] = {"|": "literal", ">": "folded", "'": "quoted", '"': "quoted"}


class EventParser(Protocol):
    """The interface that both parsers share."""

    def check_event(self) -> bool: ...
    def get_event(self) -> Any: ...


def event_parser(text: str) -> EventParser:
    """Return the parser of PyYAML's loader: libyaml if built in, else the Python one, which is 20 times slower."""
    return yaml.CBaseLoader(text) if yaml.__with_libyaml__ else yaml.BaseLoader(text)


def decode(data: bytes, file: str) -> str:
    """Return a file's text without a byte order mark; raises `CourseError` if it is too long or not text."""
    if len(data) > MAX_BYTES:
        _refuse(file, 1, 1, TOO_LARGE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        _refuse(file, *_end_of(before), f"byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8")
    if bad := NOT_TEXT.search(text):
        message = f"the character U+{ord(bad[0]):04X} is not text: delete it, or write it as an escape in double quotes"
        _refuse(file, *_end_of(text[: bad.start()]), message)
    return text


def parse(text: str, file: str, above: int = 0) -> YamlDocument:
    """Parse text into nodes; raises `CourseError`. `above` counts the lines of the file before the text."""
    lines = LINE_END.split(text)
    try:
        root = _Builder(file, above).build(_events(event_parser(text)))
    except (yaml.YAMLError, ValueError) as error:
        line, column, message = explain(error, lines)
        _refuse(file, line + above, column, message, error)
    return YamlDocument(file, lines, root)


def _events(parser: EventParser) -> Iterator[Any]:
    while parser.check_event():
        yield parser.get_event()


class _Builder:
    """Builds nodes from events, with its own stack, so that a deeply nested file cannot exhaust Python's."""

    def __init__(self, file: str, above: int) -> None:
        self.file = file
        self.above = above
        self.root: Node | None = None
        self.stack: list[Sequence | Mapping] = []
        self.keys: list[Scalar | None] = []
        """The key that waits for its value, for each open collection."""
        self.nodes = 0

    def build(self, events: Iterator[Any]) -> Node:
        for event in events:
            if isinstance(event, NodeEvent):
                self._node(event)
            elif isinstance(event, (SequenceEndEvent, MappingEndEvent)):
                self.stack.pop()
                self.keys.pop()
            elif isinstance(event, DocumentStartEvent):
                if event.tags:
                    self._refuse(event, "jaxtour does not read %TAG: delete the line")
                if self.root is not None:
                    self._refuse(event, "a second document begins here: a file holds one lesson")
        if self.root is None:
            _refuse(self.file, 1, 1, "the file is empty: a lesson begins with `format: 1`")
        return self.root

    def _node(self, event: Any) -> None:
        self._check(event)
        line, column = self._place_of(event)
        flow = bool(self.stack and self.stack[-1].flow)
        node: Node
        if isinstance(event, ScalarEvent):
            node = Scalar(event.value, line, column, STYLES.get(event.style, "plain"), flow)
        elif isinstance(event, SequenceStartEvent):
            node = Sequence(line, column, bool(event.flow_style))
        else:
            node = Mapping(line, column, bool(event.flow_style))
        self._place(node)
        if not isinstance(node, Scalar):
            self.stack.append(node)
            self.keys.append(None)

    def _check(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES} values: split the lesson")
        if isinstance(event, AliasEvent):
            name = short(event.anchor or "")
            self._refuse(event, f"`*{name}` is a YAML alias, which jaxtour does not read: write it out, or {QUOTE}")
        if event.anchor is not None:
            name = short(event.anchor)
            self._refuse(event, f"`&{name}` is a YAML anchor, which jaxtour does not read: delete it, or {QUOTE}")
        if event.tag is not None:
            self._refuse(event, f"`!` begins a YAML tag, which jaxtour does not read: {QUOTE}")
        if isinstance(event, CollectionStartEvent) and len(self.stack) >= MAX_DEPTH:
            self._refuse(event, f"nested more than {MAX_DEPTH} deep: if this is text, {QUOTE}")
        # Only an escape in double quotes can produce one.
        if isinstance(event, ScalarEvent) and event.style == '"' and SURROGATE.search(event.value):
            self._refuse(event, "half a surrogate pair is not a character: write the character itself")

    def _place(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self.keys[-1]
        if key is not None:
            parent.entries[key.text] = (key, node)
            self.keys[-1] = None
            return
        if not isinstance(node, Scalar):
            kind = "list" if isinstance(node, Sequence) else "mapping"
            _refuse(self.file, node.line, node.column, f"a {kind} cannot be a key: if this is text, {QUOTE}")
        if node.text == "<<" and node.style == "plain":
            _refuse(self.file, node.line, node.column, "jaxtour does not read merge keys (`<<`): write the keys out")
        if earlier := parent.entries.get(node.text):
            place = f"line {earlier[0].line}, column {earlier[0].column}"
            message = f"duplicate key `{short(node.text)}`, first given at {place}: keep one"
            _refuse(self.file, node.line, node.column, message)
        self.keys[-1] = node

    def _refuse(self, event: Any, message: str) -> NoReturn:
        _refuse(self.file, *self._place_of(event), message)

    def _place_of(self, event: Any) -> tuple[int, int]:
        return event.start_mark.line + 1 + self.above, event.start_mark.column + 1


def _end_of(text: str) -> tuple[int, int]:
    """Return line and column right after a text."""
    lines = LINE_END.split(text)
    return len(lines), len(lines[-1]) + 1


def _refuse(file: str, line: int, column: int, message: str, cause: BaseException | None = None) -> NoReturn:
    problem = Problem(file=Raw(file), line=line, column=column, message=message)
    raise CourseError(str(problem), problem) from cause
