"""Reads the wire format of protocol buffers without a library or a schema, by field numbers alone.

Source: https://protobuf.dev/programming-guides/encoding/.
"""

from collections import defaultdict
from typing import Any, TypeAlias

Message: TypeAlias = dict[int, list[Any]]
"""The values of each field: integers, or bytes."""

_FIXED = {1: 8, 5: 4}


def message(data: bytes) -> Message:
    """Return the fields of a message; raises ValueError or IndexError if it is cut short."""
    fields: Message = defaultdict(list)
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            fields[key >> 3].append(value)
            continue
        size = _FIXED.get(kind)
        if kind == 2:
            size, at = _varint(data, at)
        if size is None or at + size > len(data):
            raise ValueError(f"not a protocol buffer: field {key >> 3} at byte {at}")
        fields[key >> 3].append(data[at : at + size])
        at += size
    return fields


def first(fields: Message, number: int, default: Any = 0) -> Any:
    """Return the first value of a field."""
    found = fields.get(number)
    return found[0] if found else default


def name(fields: Message, number: int) -> str:
    """Return the first value of a field, as text."""
    return str(first(fields, number, b"").decode("utf-8", "replace"))


def integers(fields: Message, number: int) -> list[int]:
    """Return a repeated integer field, packed or not."""
    found: list[int] = []
    for value in fields.get(number, ()):
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            found.append(one)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 127) << shift
        if byte < 128:
            return result, at
        shift += 7
