"""What timed calls returned: facts about the results, which need not stay in memory, and how their values differ."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import compat
from ..runner.describe import is_array
from .placing import Subject, is_spread, is_transfer
from .trees import leaves_of


@dataclass(frozen=True)
class Results:
    """Facts about the results of two calls with the same inputs."""

    arrays: bool
    """Whether they include a JAX array."""
    spread: bool = False
    """Whether one is on several devices."""
    gave_away: bool = False
    """Whether the call deleted an input, as donation does."""
    kept: bool = False
    """Whether both calls returned the same array objects."""
    handed: bool = False
    """Whether the results are inputs."""
    widths: frozenset[str] = frozenset()
    """The types the call computes in: those of its results or, if these are not floats, of its inputs."""


def results_of(subject: Subject, result: Any, again: Any, *, gave_away: bool) -> Results:
    """Compare two results; `again` is None if there was no second call."""
    every = leaves_of(result)
    first, second = _arrays(result), _arrays(again)
    compared = bool(first) and len(first) == len(second) and not is_transfer(subject.call)
    inputs = {id(leaf) for leaf in leaves_of((subject.held, subject.inputs))}
    handed = compared and all(id(leaf) in inputs for leaf in second)
    return Results(
        arrays=any(isinstance(leaf, jax.Array) for leaf in every),
        spread=any(map(is_spread, every)),
        gave_away=gave_away,
        kept=compared and not handed and all(one is other for one, other in zip(first, second, strict=True)),
        handed=handed,
        widths=_floats(every) or _floats(subject.inputs),
    )


def _floats(leaves: list[Any]) -> frozenset[str]:
    """Return float types of arrays and NumPy scalars; a Python number does not show its array's type."""
    typed = (str(leaf.dtype) for leaf in leaves if isinstance(leaf, (jax.Array, np.ndarray, np.generic)))
    return frozenset(name for name in typed if name.startswith(("float", "complex", "bfloat")))


def _arrays(result: Any) -> list[Any]:
    return [leaf for leaf in leaves_of(result) if is_array(leaf)]


CAP_BYTES = 128 * 1024 * 1024
"""Larger results are not fetched for comparison."""
_MOST_SHAPES = 4


@dataclass(frozen=True)
class Values:
    """The leaves of a result, on the host."""

    arrays: tuple[np.ndarray[Any, Any], ...]

    @property
    def shapes(self) -> str:
        """The shapes as JAX writes them, such as `f32[3], i32[]`; only their number if there are many."""
        if len(self.arrays) > _MOST_SHAPES:
            return f"{len(self.arrays)} arrays"
        return ", ".join(map(short_type, self.arrays))


def values_of(result: Any) -> Values | None:
    """Return a result's numbers; None if it has none, or too many."""
    leaves = leaves_of(result)
    if sum(int(getattr(leaf, "nbytes", 0)) for leaf in leaves) > CAP_BYTES:
        return None
    arrays = []
    for leaf in leaves:
        if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
            return None
        if isinstance(leaf, jax.Array) and compat.is_key(leaf):
            leaf = compat.key_numbers(leaf)
        if isinstance(leaf, (jax.Array, np.ndarray, np.generic, bool, int, float, complex)):
            arrays.append(np.asarray(leaf))
    return Values(tuple(arrays)) if arrays else None


def short_type(array: np.ndarray[Any, Any]) -> str:
    """Return an array's type as JAX writes it, such as `f32[3]`."""
    dtype = re.sub(r"^(float|int|uint|complex)(?=\d)", lambda match: match[0][0], str(array.dtype))
    return f"{dtype}[{','.join(map(str, array.shape))}]"


def difference(ours: Values, theirs: Values) -> dict[str, Any] | None:
    """Return the fields of a `Difference` except its other side; None if nothing can be compared.

    A loop's list of arrays compares with the one array of `vmap`.
    """
    ours, theirs = _stacked_as(ours, theirs), _stacked_as(theirs, ours)
    if [array.shape for array in ours.arrays] != [array.shape for array in theirs.arrays]:
        return {"shapes": f"{ours.shapes} against {theirs.shapes}"}
    pairs = zip(ours.arrays, theirs.arrays, strict=True)
    found = [each for one, other in pairs if (each := apart(one, other)) is not None]
    if len(found) < len(ours.arrays):
        return None
    absolutes = [absolute for absolute, _ in found]
    largest = max((_largest(array) for array in (*ours.arrays, *theirs.arrays)), default=0.0)
    ulps = [ulp for _, ulp in found if ulp is not None]
    if any(absolute is None for absolute in absolutes):
        return {"absolute": None, "ulp": None}
    return {
        "absolute": max(absolute for absolute in absolutes if absolute is not None),
        "ulp": max(ulps) if ulps else None,
        "largest": largest,
    }


def _stacked_as(several: Values, one: Values) -> Values:
    """Return several arrays stacked, if the other result is one array of that shape."""
    shapes = {array.shape for array in several.arrays}
    if len(one.arrays) != 1 or len(shapes) != 1 or one.arrays[0].shape != (len(several.arrays), *shapes.pop()):
        return several
    return Values((np.stack(several.arrays),))


def _largest(array: np.ndarray[Any, Any]) -> float:
    with np.errstate(over="ignore"):
        magnitudes = np.abs(array).astype(np.float64)
    return float(np.max(magnitudes, initial=0.0, where=np.isfinite(magnitudes)))


def apart(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> tuple[float | None, float | None] | None:
    """Return the largest difference, absolute and in ulp; None for arrays that hold no numbers."""
    if not (jnp.issubdtype(one.dtype, np.number) or one.dtype == bool):
        return None
    if not (jnp.issubdtype(other.dtype, np.number) or other.dtype == bool):
        return None
    ulp = _ulp(one.dtype, other.dtype)
    if any(np.iscomplexobj(array) for array in (one, other)):
        one, other = (np.stack([array.real, array.imag]) for array in (one, other))
    if one.size == 0:
        return 0.0, None if ulp is None else 0.0
    if ulp is None and np.issubdtype(kind := np.result_type(one, other), np.integer):
        return _whole_apart(one.astype(kind), other.astype(kind)), None
    wide, other_wide = one.astype(np.float64), other.astype(np.float64)
    same = (wide == other_wide) | (np.isnan(wide) & np.isnan(other_wide))
    finite = np.isfinite(wide) & np.isfinite(other_wide)
    if not np.all(finite | same):
        return None, None
    wide, other_wide = np.where(same, 0.0, wide), np.where(same, 0.0, other_wide)
    with np.errstate(over="ignore"):
        between = np.minimum(np.abs(wide - other_wide), np.finfo(np.float64).max)
    if ulp is None:
        return float(between.max()), None
    epsilon, tiny = ulp
    largest = np.maximum(np.maximum(np.abs(wide), np.abs(other_wide)), tiny)
    spacing = np.ldexp(epsilon, np.frexp(largest)[1] - 1)  # a logarithm would round up just below a power of two
    return float(between.max()), float((between / spacing).max())


def _whole_apart(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Return the largest difference of integers of one type; float64 would round it, the unsigned type holds it."""
    high, low = np.maximum(one, other).astype(np.uint64), np.minimum(one, other).astype(np.uint64)
    with np.errstate(over="ignore"):  # of negative numbers
        return float((high - low).max())


def _ulp(one: Any, other: Any) -> tuple[float, float] | None:
    """Return the distance from 1 to the next number, and the smallest normal number, of the less precise type."""
    info: Callable[[Any], Any] = jnp.finfo
    widths = [info(dtype) for dtype in (one, other) if jnp.issubdtype(dtype, np.inexact)]
    if not widths:
        return None
    narrow = max(widths, key=lambda each: float(each.eps))
    return float(narrow.eps), float(narrow.tiny)
