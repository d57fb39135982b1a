"""What is to be known of a timed call's results, so that they need not be kept while others like them are computed."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from .placing import Subject, is_spread, is_transfer
from .trees import leaves_of


@dataclass(frozen=True)
class Results:
    """Of the results of two calls with the same inputs."""

    arrays: bool
    """Whether there is an array of JAX among them."""
    spread: bool = False
    """Whether one is on several devices."""
    gave_away: bool = False
    """Whether the call deleted an input, as a donated one is."""
    kept: bool = False
    """Whether both calls gave the very same arrays."""
    handed: bool = False
    """Whether these are inputs."""
    widths: frozenset[str] = frozenset()
    """Names of the types that the call computes in: of its results or, where these are no floats, of its inputs."""


def results_of(subject: Subject, result: Any, again: Any, *, gave_away: bool) -> Results:
    """Of two results; `again` is None where there was no second call."""
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
    """Of arrays and NumPy's numbers; a number of Python's own tells nothing of the array that it was fetched from."""
    typed = (str(leaf.dtype) for leaf in leaves if isinstance(leaf, (jax.Array, np.ndarray, np.generic)))
    return frozenset(name for name in typed if name.startswith(("float", "complex", "bfloat")))


def _arrays(result: Any) -> list[Any]:
    return [leaf for leaf in leaves_of(result) if isinstance(leaf, (jax.Array, np.ndarray))]
