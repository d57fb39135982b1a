"""Facts about a timed call's results, so that the results need not stay in memory."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

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
    """Float types of arrays and NumPy scalars; a Python number does not show the type of the array it came from."""
    typed = (str(leaf.dtype) for leaf in leaves if isinstance(leaf, (jax.Array, np.ndarray, np.generic)))
    return frozenset(name for name in typed if name.startswith(("float", "complex", "bfloat")))


def _arrays(result: Any) -> list[Any]:
    return [leaf for leaf in leaves_of(result) if isinstance(leaf, (jax.Array, np.ndarray))]
