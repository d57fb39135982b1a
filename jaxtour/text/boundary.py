"""Makes decoded foreign text harmless, once, according to the types of its fields."""

from collections.abc import Callable
from functools import cache
from itertools import repeat
from operator import is_not
from types import UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from jaxtour.text.clean import clean
from jaxtour.text.raw import KEY, Raw

T = TypeVar("T", bound=msgspec.Struct)
Way: TypeAlias = Callable[[Any], Any]
"""Makes a value harmless; returns the same object if it already is."""


def harmless(struct: T) -> T:
    """The struct with all its text made harmless, or wrapped in `Raw` if its type says so; idempotent."""
    changes = {}
    kind: Any = type(struct)
    for name, way in _fields(kind):
        old = getattr(struct, name)
        if old is not None and (new := way(old)) is not old:
            changes[name] = new
    return msgspec.structs.replace(struct, **changes) if changes else struct


def _line(text: str) -> str:
    return text if text.isascii() and text.isprintable() else clean(text, keep_newlines=False)


def _raw(text: str | Raw) -> Raw:
    return text if isinstance(text, Raw) else Raw(text)


_TEXT: dict[str | None, Way] = {None: _line, "lines": clean, "raw": _raw}


@cache
def _fields(struct: Any) -> tuple[tuple[str, Way], ...]:
    """The fields that may hold text, with the way to make them harmless."""
    hints = get_type_hints(struct, include_extras=True)
    found = ((name, _way(hints[name])) for name in struct.__struct_fields__)
    return tuple((name, way) for name, way in found if way)


@cache
def _way(hint: Any, mark: str | None = None) -> Way | None:
    """The way to make a value of this type harmless; None for a type without text."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is str:
        return _TEXT[mark]
    if origin is Annotated:
        marks = (part.extra[KEY] for part in args[1:] if part.extra and KEY in part.extra)
        return _way(args[0], next(marks, mark))
    if origin in (Union, UnionType):
        ways = {getattr(part, "__origin__", part): way for part in args if (way := _way(part, mark))}
        return (lambda value: ways.get(type(value), _same)(value)) if ways else None
    if origin is tuple:
        return _tuple([_way(part, mark) for part in args if part is not Ellipsis], repeated=Ellipsis in args)
    if origin is dict:
        of_key, of_item = (_way(part) or _same for part in args)
        return lambda value: {of_key(key): of_item(item) for key, item in value.items()}
    return harmless if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def _same(value: Any) -> Any:
    return value


def _tuple(ways: list[Way | None], *, repeated: bool) -> Way | None:
    if not any(ways):
        return None

    def apply(value: tuple[Any, ...]) -> tuple[Any, ...]:
        each = repeat(ways[0]) if repeated else ways
        new = tuple(way(part) if way else part for way, part in zip(each, value, strict=False))
        return new if any(map(is_not, new, value)) else value

    return apply
