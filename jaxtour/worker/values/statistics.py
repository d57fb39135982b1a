"""Statistics of one value: its range, mean and zeros, and what is not a number or close to its dtype's limits."""

import functools
import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

BLOCK = 2**20
"""The elements of a block; blocks keep a large array from needing large temporary ones."""
NEAR = 0.9
"""A value from this fraction of its dtype's largest number on is close to overflow."""

Number = float | int
_REFERENCE: Any = getattr(jax, "Ref", ())


@dataclass(slots=True)
class Summary:
    """The statistics of an equation's result, over all its evaluations; a complex number counts by its size."""

    count: int = 0
    """The number of elements."""
    low: Number | None = None
    """The least finite element; None without one."""
    high: Number | None = None
    mean: float | None = None
    """The mean of the finite elements."""
    finite: int = 0
    zeros: int = 0
    nan: int = 0
    inf: int = 0
    subnormal: int = 0
    """Elements below the dtype's smallest normal number, which have fewer digits or become zero."""
    near: int = 0
    """Finite elements beyond `NEAR` of the dtype's largest number."""

    @property
    def bad(self) -> bool:
        """Whether an element is nan or infinite."""
        return bool(self.nan or self.inf)

    def add(self, other: "Summary") -> None:
        """Add the statistics of another evaluation, or of other elements."""
        if other.low is not None:
            self.low = other.low if self.low is None else min(self.low, other.low)
        if other.high is not None:
            self.high = other.high if self.high is None else max(self.high, other.high)
        if other.mean is not None:
            share = other.finite / (self.finite + other.finite)
            self.mean = other.mean if self.mean is None else self.mean * (1 - share) + other.mean * share
        for name in ("count", "finite", "zeros", "nan", "inf", "subnormal", "near"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def row(self) -> list[Any]:
        """Return the fields of a `Statistics` on the wire after shape and dtype."""
        zeros = self.zeros / self.count if self.count else None
        return [self.low, self.high, self.mean, self.nan, self.inf, zeros, self.subnormal, self.near]


def elements(value: Any) -> Any | None:
    """Return a value's elements as a flat NumPy array of a dtype NumPy computes with; None if they are not numbers.

    Narrow dtypes that NumPy does not know (bf16, f8, int4) become wider ones.
    """
    if isinstance(value, (bool, int, float, complex)):
        return np.asarray(value).reshape(-1)
    kept = _kept_as(getattr(value, "dtype", None))
    if kept is None or not getattr(value, "is_fully_addressable", True) or isinstance(value, _REFERENCE):
        return None
    array = np.asarray(value).reshape(-1)
    return array if array.dtype == kept else array.astype(kept)


@functools.lru_cache(maxsize=64)
def _kept_as(dtype: Any) -> Any | None:
    """Return the dtype in which NumPy computes with numbers of this one; None for keys and empty tangents."""
    if dtype is None or dtype == jax.dtypes.float0 or jnp.issubdtype(dtype, jax.dtypes.extended):
        return None
    if jnp.issubdtype(dtype, np.floating):
        return np.dtype(dtype) if np.dtype(dtype).itemsize >= 4 else np.dtype(np.float32)
    if jnp.issubdtype(dtype, np.integer) and np.dtype(dtype).kind not in "iu":
        return np.dtype(np.int32)
    return np.dtype(dtype) if np.dtype(dtype).kind in "buic" else None


def summary(value: Any) -> Summary | None:
    """Return the statistics of a value; None for one that is not made of numbers, such as a key."""
    array = elements(value)
    if array is None:
        return None
    dtype = getattr(value, "dtype", array.dtype)
    if array.size == 1 and array.dtype.kind == "f":
        return _of_one(float(array[0]), dtype)
    if array.size <= BLOCK:
        return _of_block(array, dtype) if array.size else Summary()
    whole = Summary()
    for start in range(0, array.size, BLOCK):
        whole.add(_of_block(array[start : start + BLOCK], dtype))
    return whole


def _of_one(number: float, dtype: Any) -> Summary:
    """Return what `_of_block` returns, for a single number, in a tenth of the time."""
    if not math.isfinite(number):
        return Summary(count=1, nan=int(number != number), inf=int(number == number))
    tiny, huge = _ends(dtype)
    size = abs(number)
    return Summary(1, number, number, number, 1, int(not size), 0, 0, int(0 < size < tiny), int(size > huge))


def _of_block(block: Any, dtype: Any) -> Summary:
    found = Summary(count=block.size)
    if block.dtype.kind in "bui":
        low, high = block.min(), block.max()
        found.finite, found.zeros = block.size, block.size - int(np.count_nonzero(block))
        found.low, found.high, found.mean = int(low), int(high), float(block.mean(dtype=np.float64))
        return found
    found.zeros = block.size - int(np.count_nonzero(block))
    low, high = (0.0, math.nan) if block.dtype.kind == "c" else (block.min(), block.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        found.nan, found.inf = _not_finite(block)
        with np.errstate(over="ignore", invalid="ignore"):
            block = np.abs(block) if block.dtype.kind == "c" else block
        block = block[np.isfinite(block)]
        if not block.size:
            return found
        low, high = block.min(), block.max()
    found.finite, found.low, found.high = block.size, float(low), float(high)
    found.mean = _mean(block)
    tiny, huge = _ends(dtype)
    if low < tiny and high > -tiny:
        size = np.abs(block)
        found.subnormal = int(np.count_nonzero(size < tiny)) - (block.size - int(np.count_nonzero(block)))
    if max(-low, high) > huge:
        found.near = int(np.count_nonzero(np.abs(block) > huge))
    return found


def _not_finite(block: Any) -> tuple[int, int]:
    """Return the numbers of nan and of infinite elements."""
    nan = int(np.count_nonzero(np.isnan(block)))
    return nan, block.size - nan - int(np.count_nonzero(np.isfinite(block)))


def _mean(block: Any) -> float:
    with np.errstate(over="ignore"):
        mean = float(block.mean(dtype=np.float64))
    # The sum of large numbers overflows where their mean does not.
    return mean if math.isfinite(mean) else float((block / block.size).sum(dtype=np.float64))


@functools.lru_cache(maxsize=64)
def _ends(dtype: Any) -> tuple[float, float]:
    """Return a dtype's smallest normal number, and the size from which on a number is near its largest."""
    told: Any = jnp.finfo(dtype)  # type: ignore[no-untyped-call]
    return float(told.smallest_normal), NEAR * float(told.max)
