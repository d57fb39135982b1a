"""The leaves of a traced call's arguments and results: their pytree paths, types, shardings and bytes."""

import functools
import inspect
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, TypeAlias

import jax
import numpy as np

from .. import compat
from ..runner.describe import sharding_text
from ..runner.failures import attempt
from ..runner.functions import layers
from ..runner.writer import Event

PytreePath: TypeAlias = tuple[str, ...]
"""A pytree path, key by key: `params`, `['w']`."""

SENT_CAP = 1024 * 1024
"""The most bytes of the inputs or of the outputs: a quarter of a frame."""
MOST_STATIC = 100
_TEXT_CAP = 200
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_KEY = re.compile(r"""\[(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\]])*\]|\.?[^.\[]+|.""", re.S)


@dataclass
class Leaves:
    """What a jaxpr does not say about its inputs and outputs, in their order."""

    inputs: Sequence[PytreePath] = ()
    outputs: Sequence[PytreePath] = ()
    shardings: Sequence[Any] = ()
    """The shardings of the inputs; None where JAX chooses."""
    result_shardings: Sequence[Any] = ()
    static: dict[str, Any] = field(default_factory=dict)
    """The values that were not traced, by path."""


def argument_keys(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[PytreePath]:
    """Return the path of every leaf of a call's arguments, which begins with the name of the function's parameter."""
    names = list(_names(function, len(args)))
    paths = jax.tree_util.tree_flatten_with_path((args, kwargs))[0]
    return [_keys(names[at.idx] if kind.idx == 0 else str(at.key), rest) for (kind, at, *rest), _ in paths]


def bound_values(function: Any) -> dict[str, Any]:
    """Return the values, other than arrays, that partials bind to a function's parameters, by name."""
    found: dict[str, Any] = {}
    for layer in layers(function):
        if isinstance(layer, functools.partial):
            names = _names(layer.func, len(layer.args))
            bound = {**dict(zip(names, layer.args, strict=False)), **layer.keywords}
            found = {name: value for name, value in bound.items() if not _has_arrays(value)} | found
    return found


def _has_arrays(value: Any) -> bool:
    leaves, error = attempt(jax.tree.leaves, value)
    return not error and any(isinstance(leaf, (jax.Array, np.ndarray)) for leaf in leaves or ())


def result_keys(result: Any) -> list[PytreePath]:
    """Return the path of every leaf of a call's result."""
    return [_keys("result", path) for path, _ in jax.tree_util.tree_flatten_with_path(result)[0]]


def _keys(root: str, path: Iterable[Any]) -> PytreePath:
    return (root, *(jax.tree_util.keystr((key,)) for key in path))


def _names(function: Any, count: int) -> Iterator[str]:
    """Yield the names of positional arguments."""
    signature, _ = attempt(inspect.signature, function)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(signature.parameters.values()) if signature else []
    own = [each.name for each in parameters if each.kind in kinds]
    rest = next((each.name for each in parameters if each.kind == each.VAR_POSITIONAL), "args")
    yield from own[:count]
    yield from (f"{rest}[{place}]" for place in range(count - len(own)))


def split(path: str) -> PytreePath:
    """Return the keys of a path as JAX prints it: `params['w'].x` has three."""
    return tuple(_KEY.findall(path))


def named(jaxpr: Any) -> Leaves:
    """Return the leaves as a jaxpr itself names them, without shardings."""
    inputs, outputs = ([split(path) for path in paths] for paths in compat.leaf_paths(jaxpr))
    return Leaves(inputs, outputs)


def arguments(jaxpr: Any, leaves: Leaves) -> Event:
    """Return the fields of an `arguments` event, for a closed jaxpr."""
    inner = getattr(jaxpr, "jaxpr", jaxpr)
    inputs, more_inputs = _rows(inner.invars, leaves.inputs, leaves.shardings, "in")
    outputs, more_outputs = _rows(inner.outvars, leaves.outputs, leaves.result_shardings, "result")
    static = {name: text_of(value) for name, value in list(leaves.static.items())[:MOST_STATIC]}
    more = more_inputs, more_outputs, len(leaves.static) - len(static)
    return {"inputs": inputs, "outputs": outputs, "static": static, "more": more}


def _rows(
    atoms: Sequence[Any], keys: Sequence[PytreePath], shardings: Sequence[Any], name: str
) -> tuple[list[list[Any]], int]:
    """Return a row for each leaf up to `SENT_CAP`, and the number of the others."""
    rows: list[list[Any]] = []
    size = 0
    for place, (atom, path, sharding) in enumerate(zip_longest(atoms, keys[: len(atoms)], shardings[: len(atoms)])):
        shape, dtype = [_length(size) for size in getattr(atom.aval, "shape", ())], getattr(atom.aval, "dtype", "")
        size_bytes = max(0, math.prod(shape)) * getattr(dtype, "itemsize", 0)
        path = [key[:_TEXT_CAP] for key in path or (f"{name}[{place}]",)]
        text = None if sharding is None else sharding_text(sharding)
        rows.append([path, compat.printed_type(atom), shape, str(dtype), size_bytes, text])
        size += sum(map(len, path)) + 4 * len(path) + 6 * len(shape) + 60 + len(text or "")
        if size > SENT_CAP:
            break
    return rows, len(atoms) - len(rows)


def _length(size: Any) -> int:
    return size if isinstance(size, int) else -1


def text_of(value: Any) -> str:
    """Return a value as `repr` writes it, in one short line."""
    text, error = attempt(repr, value)
    text = f"({type(value).__name__})" if error or text is None else _ADDRESS.sub("", " ".join(text.split()))
    return text if len(text) <= _TEXT_CAP else f"{text[:_TEXT_CAP]}…"
