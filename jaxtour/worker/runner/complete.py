"""Lists the completions of a name, without running any of the learner's code.

Attributes are looked up as `inspect.getattr_static` does: properties, `__getattr__` and `__dir__` are not called.
"""

import builtins
import keyword
import types
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from .. import compat

MOST = 200
_LONGEST = 80
_MISSING = object()
_DESCRIPTORS = property, types.GetSetDescriptorType, types.MemberDescriptorType


def completions(namespace: Mapping[str, Any], beginning: str) -> dict[str, Any]:
    """Return the `names` that complete a dotted prefix, sorted, at most `MOST`, and how many `more` there are."""
    *path, start = beginning.split(".")
    found: Mapping[str, Any] = {**vars(builtins), **namespace}
    for name in path:
        value = found.get(name, _MISSING)
        found = {} if value is _MISSING else _attributes(value)
    names = [name for name in found if _fits(name, start)]
    if not path:
        # Builtins are many and mostly errors: those come last, behind the learner's own names.
        names += [name for name in keyword.kwlist if name.startswith(start) and name not in found]
    names.sort(key=lambda name: (not path and name not in namespace, name.lower(), name))
    return {
        "names": [{"name": name, "kind": _kind(found.get(name, _MISSING))} for name in names[:MOST]],
        "more": max(0, len(names) - MOST),
    }


def _fits(name: object, start: str) -> bool:
    """Return whether a name has the prefix and is valid; private names are listed only for a private prefix."""
    if not isinstance(name, str) or len(name) > _LONGEST or not name.isidentifier():
        return False
    return name.startswith(start) and (start.startswith("_") or not name.startswith("_"))


def _attributes(value: Any) -> Mapping[str, Any]:
    """Return the attributes of a value by name; a descriptor stands for the value that only it could compute."""
    if isinstance(value, types.ModuleType):
        return object.__getattribute__(value, "__dict__")  # type: ignore[no-any-return]
    kind: type = type(value)
    if issubclass(kind, _DESCRIPTORS):
        return {}  # its value is not known without running it
    found = _of_class(kind)
    if issubclass(kind, type):
        found |= _of_class(value)
    elif isinstance(found.get("__dict__"), types.GetSetDescriptorType):
        found |= object.__getattribute__(value, "__dict__")
    return found


def _of_class(kind: type) -> dict[str, Any]:
    """Return what instances of a class find in it and its bases."""
    found: dict[str, Any] = {}
    for each in reversed(_mro(kind)):
        found |= each.__dict__
    return found


def _mro(kind: type) -> tuple[type, ...]:
    """Return the classes of a class, whatever its metaclass says."""
    return type.__dict__["__mro__"].__get__(kind)  # type: ignore[no-any-return]


def _kind(value: Any) -> str:
    """Return what a value is, in a word or two."""
    kind = type(value)
    if value is _MISSING:
        return "keyword"
    if issubclass(kind, types.ModuleType):
        return "module"
    if issubclass(kind, type):
        return "class"
    if kind is np.ndarray or (issubclass(kind, jax.Array) and not compat.is_tracer(value)):
        return f"{value.dtype}[{','.join(map(str, value.shape))}]"[:_LONGEST]
    if issubclass(kind, _DESCRIPTORS):
        return "attribute"
    if issubclass(kind, staticmethod | classmethod) or "__call__" in _of_class(kind):
        return "function"
    return kind.__name__[:_LONGEST]
