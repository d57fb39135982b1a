"""Checks a gradient: it is finite, and its slopes are those of finite differences."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..ir.lens import Call
from ..runner.failures import attempt
from ..timing.trees import settled
from .compare import last_place
from .look import Look, NotYetError
from .spaces import LessonError
from .words import numbers

_MOST_LEAVES = 8
"""The number of leaves of the argument with their own direction; further ones share one."""
_ROUGH, _FINE = 2e-2, 1e-4
"""Relative errors of a slope from differences: in single precision, and in double with parts in single."""
_ROUNDINGS = 30
"""The errors of the function's value, in last places."""


class _Slope(NamedTuple):
    """A slope that differs."""

    where: str
    differences: float
    gradient: float


def gradient(look: Look) -> None:
    """Check the gradient of a call's result with respect to one of its arguments."""
    source, place = look.check["gradient"], look.check.get("argument", 0)
    with look.call(source) as call:
        if place >= len(call.args):
            raise LessonError(f"{source} has no argument {place}")
        found = settled(jax.grad(call.function, argnums=place)(*call.args, **call.kwargs))
        for path, leaf in jax.tree_util.tree_flatten_with_path(found)[0]:
            finite = np.isfinite(np.asarray(leaf))
            if not finite.all():
                at = [*map(int, np.argwhere(~finite)[0])] if finite.ndim else ""
                number = numbers(np.asarray(leaf)[~finite][0])
                raise NotYetError(
                    "a finite gradient", f"{number}{f' at {jax.tree_util.keystr(path)}{at}' if at else ''}"
                )
        fine, error = attempt(_differs, call, place, look.tolerance, True)
        # Code that names its dtypes may not run in double precision, or only in part.
        if error is None and fine is None:
            return
        wrong = _differs(call, place, look.tolerance, False)
    if wrong is not None:
        expected = f"a slope of {wrong.differences:.5g}{wrong.where}, by finite differences"
        raise NotYetError(expected, f"{wrong.gradient:.5g} by its gradient")


def _differs(call: Call, place: int, tolerance: tuple[float, float], double: bool) -> _Slope | None:
    """Return the first direction along which gradient and differences disagree."""
    with jax.enable_x64(True) if double else nullcontext():
        args, kwargs = jax.tree.map(_double, (call.args, call.kwargs)) if double else (call.args, call.kwargs)
        flat, structure = jax.tree_util.tree_flatten_with_path(args[place])
        leaves = [jnp.asarray(leaf) for _, leaf in flat]
        names = [jax.tree_util.keystr(path) for path, _ in flat]

        def at(step: float, direction: list[Any]) -> Any:
            moved = [leaf + (step * each).astype(leaf.dtype) for leaf, each in zip(leaves, direction, strict=True)]
            whole = [*args]
            whole[place] = jax.tree.unflatten(structure, moved)
            return np.asarray(call.function(*whole, **kwargs))

        found = jax.tree.leaves(jax.grad(call.function, argnums=place)(*args, **kwargs))
        slopes = [np.asarray(leaf, np.float64) for leaf in found]
        largest = max([1.0, *(float(np.abs(np.asarray(leaf, np.float64)).max(initial=0)) for leaf in leaves)])
        for where, direction in _directions(leaves, names):
            eps = last_place(at(0.0, direction).dtype)
            if double and eps > last_place(jnp.float64):
                raise ValueError("it computes in single precision")
            step = float(np.cbrt(eps)) * largest
            ends = [float(at(sign * step, direction)) for sign in (1, -1)]
            parts = [slope * each for slope, each in zip(slopes, direction, strict=True)]
            differences, by_gradient = (ends[0] - ends[1]) / (2 * step), float(sum(part.sum() for part in parts))
            allowed = max(tolerance[0], _FINE if double else _ROUGH) * float(sum(np.abs(part).sum() for part in parts))
            allowed += tolerance[1] + _ROUNDINGS * eps * max(map(abs, ends)) / step
            if not abs(differences - by_gradient) <= allowed:
                return _Slope(where, differences, by_gradient)
    return None


def _double(leaf: Any) -> Any:
    is_float = isinstance(leaf, (jax.Array, np.ndarray, np.generic)) and jnp.issubdtype(leaf.dtype, jnp.floating)
    return jnp.asarray(leaf, jnp.float64) if is_float else leaf


def _directions(leaves: list[Any], names: list[str]) -> Iterator[tuple[str, list[Any]]]:
    """Yield random directions of length 1, of one leaf each, and one of all."""
    random = np.random.default_rng(0)
    if sum(leaf.size for leaf in leaves) == 1:
        yield "", [np.ones(leaf.shape) for leaf in leaves]
        return
    for number, name in enumerate(names[:_MOST_LEAVES]):
        direction = [np.zeros(leaf.shape) for leaf in leaves]
        direction[number] = _normal(random, leaves[number].shape)
        yield f" along a random direction{f' of {name}' if name else ''}", direction
    whole = [_normal(random, leaf.shape) / np.sqrt(len(leaves)) for leaf in leaves]
    yield " along a random direction", whole


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Any:
    drawn = np.asarray(random.standard_normal(shape))
    return drawn / max(float(np.linalg.norm(drawn)), 1e-30)
