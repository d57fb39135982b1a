"""Turns nodes into the model's values by msgspec, and its errors into faults with a place in the file."""

import re
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from jaxtour.course.faults import FaultError, kind, suggestion
from jaxtour.course.nodes import Key, Mapping, Node, Scalar, at
from jaxtour.course.remedies import QUOTE, shown

WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
}
UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
MISSING = re.compile(r"Object missing required field `(.*)`")
LENGTH = re.compile(r"Expected `(\w+)` of length (<=|>=) (\d+)")
BOUND = re.compile(r"Expected `\w+` (<|<=|>|>=) ([-\d.]+)")
EXPECTED = re.compile(r"Expected `([^`]+)`, got")
STEPS = re.compile(r"\.([^.\[\]`]+)|\[(\d+|\.\.\.)\]")
BOUND_WORDS = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}


def convert(node: Node, kind_of: Any, key: Scalar | None = None) -> Any:
    """The node as a value of this type; raises `FaultError` for the first thing that does not fit.

    `key` is what the value was given for, if the error is to name it.
    """
    if key and _is_empty(node):
        raise FaultError(key, f"`{shown(key.text)}` has no value: give it one, or delete the line")
    try:
        return msgspec.convert(plain(node), kind_of, strict=False)
    except msgspec.ValidationError as error:
        raise _fault(str(error), node, kind_of, key.text if key else "") from None


def plain(node: Node) -> Any:
    """The node as dicts, tuples and texts; raises `FaultError` for a key without a value."""
    if isinstance(node, Scalar):
        one_line = node.style in ("literal", "folded") and node.text.count("\n") == 1
        return node.text.removesuffix("\n") if one_line else node.text
    if not isinstance(node, Mapping):
        for item in node.items:
            if _is_empty(item):
                raise FaultError(item, f"this entry has no value: delete it, or if it is text, {QUOTE}")
        return tuple(plain(item) for item in node.items)
    for key, value in node.entries.values():
        if not _is_empty(value):
            continue
        if node.flow:
            message = f"`{shown(key.text)}` became a key, since a comma ends a value inside {{...}}: {QUOTE}"
            raise FaultError(key, message if len(node.entries) > 1 else f"`{shown(key.text)}` has no value: {QUOTE}")
        raise FaultError(key, f"`{shown(key.text)}` has no value: give it one, or delete the line")
    return {name: plain(value) for name, (_, value) in node.entries.items()}


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style == "plain" and not node.text


def _fault(text: str, root: Node, kind_of: Any, start: str) -> FaultError:
    """A message of msgspec, `what - at `$.path``, said in words and with a place."""
    what, _, where = text.partition(" - at `$")
    path, node, wanted = _follow(STEPS.findall(where), root, kind_of)
    name = (start + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)).lstrip(".")
    if match := UNKNOWN.fullmatch(what):
        return _unknown_key(match[1], node, wanted)
    if match := MISSING.fullmatch(what):
        return FaultError(node, f"`{match[1]}` is missing{f' in `{name}`' if name else ''}")
    label = f"`{name}`" if name else "it"
    if what.startswith("Invalid enum value"):
        text = node.text if isinstance(node, Scalar) else ""
        return FaultError(node, f"{label} cannot be {kind(node)}{suggestion(text, _choices(wanted))}")
    if what.endswith("of length >= 1"):
        return FaultError(node, f"{label} must not be empty")
    return FaultError(node, f"{label} must be {_wanted(what, node)}{_remedy(what, node)}")


def _follow(steps: list[tuple[str, str]], node: Node, kind_of: Any) -> tuple[list[Key], Node, Any]:
    """The path as keys, the node at its end, and the type that is asked for there."""
    path: list[Key] = []
    for name, index in steps:
        kind_of = _inner(kind_of, name, node)
        key: Key | None = name or (int(index) if index.isdigit() else _culprit(node, kind_of))
        if key is None:
            break
        path.append(key)
        node = at(node, key)
    return path, node, kind_of


def _culprit(node: Node, kind_of: Any) -> str | None:
    """The key of a mapping whose value does not fit; msgspec does not name it."""
    if isinstance(node, Mapping):
        for name, (_, value) in node.entries.items():
            try:
                msgspec.convert(plain(value), kind_of, strict=False)
            except msgspec.ValidationError:
                return name
    return None


def _members(kind_of: Any) -> list[Any]:
    """The types of a union, without their annotations and without None."""
    while get_origin(kind_of) is Annotated:
        kind_of = get_args(kind_of)[0]
    if get_origin(kind_of) in (Union, UnionType):
        return [inner for part in get_args(kind_of) if part is not NoneType for inner in _members(part)]
    return [kind_of]


def _structs(kind_of: Any) -> list[type[msgspec.Struct]]:
    return [part for part in _members(kind_of) if isinstance(part, type) and issubclass(part, msgspec.Struct)]


def _inner(kind_of: Any, name: str, node: Node) -> Any:
    """The type of a field by this name, or of a list's or a mapping's values."""
    for struct in _structs(kind_of):
        for field in msgspec.structs.fields(struct):
            if field.encode_name == name:
                return field.type
    for part in _members(kind_of):
        arguments = get_args(part)
        if get_origin(part) is tuple and not isinstance(node, Mapping):
            return arguments[0]
        if get_origin(part) is dict and isinstance(node, Mapping):
            return arguments[1]
    return Any


def _choices(kind_of: Any) -> list[str]:
    return [str(value) for part in _members(kind_of) if get_origin(part) is Literal for value in get_args(part)]


def _unknown_key(name: str, node: Node, wanted: Any) -> FaultError:
    known = [field.encode_name for struct in _structs(wanted) for field in msgspec.structs.fields(struct)]
    place: Node = node.entries[name][0] if isinstance(node, Mapping) and name in node.entries else node
    return FaultError(place, f"unknown key `{shown(name)}`{suggestion(name, known)}")


def _wanted(what: str, node: Node) -> str:
    """What the value must be, after "must be"."""
    if "regex" in what:
        identifier = "a-z0-9" in what
        return "small letters, digits and hyphens" if identifier else "one line of text"
    if match := LENGTH.fullmatch(what):
        unit = "entries" if match[1] == "array" else "characters"
        return f"{BOUND_WORDS[match[2]]} {match[3]} {unit} long"
    if match := BOUND.fullmatch(what):
        return f"{BOUND_WORDS[match[1]]} {match[2].removesuffix('.0')}, not {kind(node)}"
    if match := EXPECTED.match(what):
        kinds = [WORDS.get(part, part) for part in match[1].split(" | ") if part != "null"]
        return f"{' or '.join(kinds)}, not {kind(node)}"
    return f"something else: {what}"


def _remedy(what: str, node: Node) -> str:
    """What to write instead, where YAML has made a list or a mapping of what was meant as text."""
    match = EXPECTED.match(what)
    meant_as_text = match is not None and "str" in match[1].split(" | ")
    if meant_as_text and not isinstance(node, Scalar):
        return f": {QUOTE}" if node.flow else ": use |"
    return ""
