"""The state before a step's code ran, out of the code's reach: names with copies of their data, and JAX's modules."""

import contextlib
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from .. import compat
from ..compat_settings import settings
from ..timing.trees import mapped
from .failures import attempt

_PROTECTED = ("jax", "numpy", "builtins", "math", "functools")
"""Packages whose functions the code may replace, as in `jnp.sum = max`."""
_SHARED_BYTES = 256 * 1024**2
"""Larger arrays are shared instead of copied."""


@dataclass(frozen=True)
class Before:
    """The names that a step's code found, and what JAX and NumPy offered then."""

    names: dict[str, Any]
    _offered: list[tuple[types.ModuleType, dict[str, Any]]]
    _settings: dict[str, Any]

    @classmethod
    def now(cls, namespace: Mapping[str, Any]) -> "Before":
        """Return the state at this moment."""
        modules = [(module, _functions(module)) for name, module in [*sys.modules.items()] if _is_public(name)]
        return cls(copies(namespace), modules, settings())

    @property
    def is_reachable(self) -> bool:
        """Whether `again` can go back to it: the process has the settings that it had then."""
        now = settings()
        return all(now.get(name) == value for name, value in self._settings.items())

    @contextlib.contextmanager
    def again(self, live: dict[str, Any]) -> Iterator[None]:
        """Go back to this state inside this context: in `live`, where all functions look their names up, and in JAX."""
        now = dict(live)
        live.clear()
        live.update(copies(self.names))
        try:
            with self.modules():
                yield
        finally:
            live.clear()
            live.update(now)
            now_set = settings()
            for name, value in self._settings.items():
                if now_set.get(name) != value:
                    jax.config.update(name, value)

    @contextlib.contextmanager
    def modules(self) -> Iterator[None]:
        """Undo inside this context what the code has changed in these modules."""
        changed = [
            (vars(module), name, vars(module).get(name), value)
            for module, offered in self._offered
            for name, value in offered.items()
            if vars(module).get(name) is not value
        ]
        for space, name, _, value in changed:
            space[name] = value
        try:
            yield
        finally:
            for space, name, theirs, _ in changed:
                space[name] = theirs


def copies(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names with copies of their values."""
    return {name: copied(value) for name, value in names.items()}


def copied(value: Any) -> Any:
    """Return the value with copies of its arrays and containers, which nobody else can change, donate or delete."""
    copy, error = attempt(mapped, _copy, value)
    return value if error is not None else copy


def _copy(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.copy()
    if not isinstance(leaf, jax.Array) or compat.is_tracer(leaf) or leaf.is_deleted():
        return leaf
    if not leaf.is_fully_addressable or leaf.nbytes > _SHARED_BYTES:
        return leaf
    return jax.device_put(leaf, may_alias=False)  # `leaf.copy()` would compile, 20 ms for each shape


def _is_public(name: str) -> bool:
    package, _, rest = name.partition(".")
    return package in _PROTECTED and not any(part.startswith("_") for part in rest.split("."))


def _functions(module: types.ModuleType) -> dict[str, Any]:
    """Return the functions that a module offers; its other values are internal, and may change."""
    offered = dict(vars(module))
    return {name: value for name, value in offered.items() if callable(value) or isinstance(value, types.ModuleType)}
