"""Finds the node of a lesson that does not fit the model, and says what belongs there, in words for authors.

msgspec's own errors do not name the place in the file and are worded for programmers, so this module walks the model's
types along with the nodes: https://jcristharif.com/msgspec/inspect.html
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from jaxtour.course.model import PATTERNS
from jaxtour.course.reader import FaultError, Mapping, Node, Scalar, Sequence, kind, suggestion
from jaxtour.course.remedies import QUOTE
from jaxtour.text import short

SCALARS: dict[type[inspect.Type], tuple[type, str]] = {
    inspect.IntType: (int, "a whole number"),
    inspect.FloatType: (float, "a number"),
    inspect.BoolType: (bool, "true or false"),
}
SIMPLE = re.compile(r"[\w.-]{1,40}")
"""Texts that stay one entry inside `[...]`."""
BOUNDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}


def misfit(node: Node, kind_of: Any, name: str, otherwise: str) -> FaultError:
    """Return the first misfit in a node; `otherwise` is msgspec's message, used if none is found.

    `name` is the node's key, or empty for a whole lesson or step.
    """
    found = next(_misfits(node, inspect.type_info(kind_of), name), None)
    return found or FaultError(node, f"{_label(name)} has an invalid value: {otherwise}")


def _misfits(node: Node, wanted: inspect.Type, name: str) -> Iterator[FaultError]:
    """Yield everything that does not fit, in the order of the file."""
    types = _members(wanted)
    if any(isinstance(each, inspect.AnyType) for each in types):
        return
    match node:
        case Mapping():
            nested = next((each for each in types if isinstance(each, inspect.StructType | inspect.DictType)), None)
            if isinstance(nested, inspect.StructType):
                yield from _in_struct(node, nested, name)
                return
            if isinstance(nested, inspect.DictType):
                for key, (_, value) in node.entries.items():
                    yield from _misfits(value, nested.value_type, _below(name, key))
                return
        case Sequence():
            if array := next((each for each in types if isinstance(each, inspect.VarTupleType)), None):
                for place, item in enumerate(node.items):
                    yield from _misfits(item, array.item_type, f"{name}[{place}]")
                if len(node.items) < (array.min_length or 0):
                    yield FaultError(node, f"{_label(name)} must not be empty")
                return
        case Scalar():
            reasons = [_unfit(node.text, each) for each in types]
            if None in reasons:
                return
            texts = [why for why, each in zip(reasons, types, strict=True) if isinstance(each, inspect.StrType)]
            # Of several types, only text explains more than that it is another type.
            if reason := texts[0] if texts else reasons[0] if len(types) == 1 else None:
                yield FaultError(node, f"{_label(name)} {reason}")
                return
    remedy = next(filter(None, (_remedy(each, node) for each in types)), "")
    entry = isinstance(node, Mapping) and any(isinstance(each, inspect.VarTupleType) for each in types)
    if any(_kind(each) == "text" for each in types) and not isinstance(node, Scalar) and not entry:
        # YAML has read a list or a mapping where the author meant text.
        remedy = f": {QUOTE}" if node.flow else ": use |"
    kinds = " or ".join(map(_kind, types))
    yield FaultError(node, f"{_label(name)} must be {kinds}, not {kind(node)}{remedy}")


def _in_struct(node: Mapping, struct: inspect.StructType, name: str) -> Iterator[FaultError]:
    fields = {field.encode_name: field for field in struct.fields}
    for key, (place, value) in node.entries.items():
        if key in fields:
            yield from _misfits(value, fields[key].type, _below(name, key))
        else:
            yield FaultError(place, f"unknown key `{short(key)}`{suggestion(key, fields)}")
    for key, field in fields.items():
        if field.required and key not in node.entries:
            yield FaultError(node, f"`{key}` is missing{f' in `{name}`' if name else ''}")


def _unfit(text: str, wanted: inspect.Type) -> str | None:
    """Return why a text is not a value of the type, worded to follow its name, or None if it is one."""
    if isinstance(wanted, inspect.LiteralType):
        choices = [str(value) for value in wanted.values]
        return None if text in choices else f"cannot be `{short(text)}`{suggestion(text, choices)}"
    if isinstance(wanted, inspect.StrType):
        return _unfit_text(text, wanted)
    if type(wanted) not in SCALARS:
        return f"must be {_kind(wanted)}, not `{short(text)}`{_remedy(wanted, text)}"
    python, words = SCALARS[type(wanted)]
    try:
        value: float = msgspec.convert(text, python, strict=False)
    except msgspec.ValidationError:
        return f"must be {words}, not `{short(text)}`"
    for bound, words in BOUNDS.items():
        limit = getattr(wanted, bound, None)
        if limit is not None and not _holds(value, bound, limit):
            return f"must be {words} {limit:g}, not `{short(text)}`"
    return None


def _holds(value: float, bound: str, limit: float) -> bool:
    return {"gt": value > limit, "ge": value >= limit, "lt": value < limit, "le": value <= limit}[bound]


def _unfit_text(text: str, wanted: inspect.StrType) -> str | None:
    if len(text) < (wanted.min_length or 0):
        return "must not be empty"
    if wanted.max_length is not None and len(text) > wanted.max_length:
        return f"must be at most {wanted.max_length} characters long"
    if wanted.pattern is not None and re.search(wanted.pattern, text) is None:
        return f"must be {PATTERNS[wanted.pattern]}"
    return None


def _kind(wanted: inspect.Type) -> str:
    """Return a type's name in an author's words."""
    if isinstance(wanted, inspect.StrType):
        return "text"
    if isinstance(wanted, inspect.LiteralType):
        return "text" if isinstance(wanted.values[0], str) else " or ".join(map(str, wanted.values))
    if isinstance(wanted, inspect.VarTupleType):
        return "a list"
    return SCALARS[type(wanted)][1] if type(wanted) in SCALARS else "a mapping"


def _remedy(wanted: inspect.Type, found: Node | str) -> str:
    """Return what to write instead, to follow a message: for a list or a mapping."""
    if isinstance(wanted, inspect.VarTupleType):
        text = found if isinstance(found, str) else ""
        return f": write `[{text}]`" if SIMPLE.fullmatch(text) else ": begin each entry with `- `"
    if isinstance(wanted, inspect.StructType):
        return f": its keys are {', '.join(field.encode_name for field in wanted.fields)}"
    return ": write `name: value`" if isinstance(wanted, inspect.DictType) else ""


def _members(wanted: inspect.Type) -> list[inspect.Type]:
    """Return the types of a union, without None and without metadata."""
    if isinstance(wanted, inspect.Metadata):
        return _members(wanted.type)
    if isinstance(wanted, inspect.UnionType):
        return [inner for each in wanted.types for inner in _members(each)]
    return [] if isinstance(wanted, inspect.NoneType) else [wanted]


def _below(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _label(name: str) -> str:
    return f"`{name}`" if name else "it"
