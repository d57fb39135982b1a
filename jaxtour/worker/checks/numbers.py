"""Checks of what the learner's code computes: values, batches, and where they are."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import compat
from ..runner.describe import device_name
from ..runner.failures import attempt, one_line
from ..timing.trees import settled
from .compare import DifferentError, compare
from .look import Look, NotYetError, raised_at
from .spaces import LessonError
from .words import listed, plural, told


def value(look: Look) -> None:
    """Check that the value of an expression agrees with the right one."""
    source, equals = look.check["value"], look.check.get("equals")
    want = settled(look.spaces.right(equals or source, look.given, solved=not equals))
    with look.learners(source) as workspace:
        got, error = attempt(lambda: settled(look.spaces.expression(source).evaluated(workspace)))
    if error is not None:
        raise NotYetError(told(want), f"it raised {one_line(error)}", raised_at(error, look.spaces.name))
    _agree(got, want, look)


def vmap(look: Look) -> None:
    """Check that the function of a call gives under `vmap` what it gives for each example of a batch."""
    with look.call(look.check["vmap"]) as call:
        abstracted = call.abstracted(())
        if not abstracted.places:
            abstracted = call.abstracted((int, float, complex))
        if not abstracted.places:
            raise LessonError(f"{look.check['vmap']} has no array to make a batch of")
        batch = [*zip(*map(_examples, abstracted.values), strict=True)]
        alone = [settled(abstracted.function(*example)) for example in batch]
        stacked = [jnp.stack(column) for column in zip(*batch, strict=True)]
        together, error = attempt(lambda: settled(jax.vmap(abstracted.function)(*stacked)))
    if error is not None:
        expected = "the same under jax.vmap as for each example alone"
        raise NotYetError(expected, f"under jax.vmap it raised {one_line(error)}", raised_at(error, look.spaces.name))
    for number, want in enumerate(alone):
        got = jax.tree.map(lambda leaf, number=number: leaf[number], together)
        _agree(got, want, look, f"for example {number} ", " alone", " under jax.vmap")


def devices(look: Look) -> None:
    """Check that the arrays of a value are on the right number of devices."""
    source, count = look.check["devices"], look.check.get("count") or len(jax.devices())
    with look.learners(source) as workspace:
        got = settled(look.spaces.expression(source).evaluated(workspace))
    arrays = [leaf for leaf in jax.tree.leaves(got) if isinstance(leaf, jax.Array)]
    if not arrays:
        raise NotYetError(f"an array on {plural(count, 'device')}", told(got))
    for array in arrays:
        found: list[Any] = sorted(array.sharding.device_set, key=lambda device: int(device.id))
        if len(found) != count:
            names = listed(map(device_name, found))
            raise NotYetError(plural(count, "device"), f"{plural(len(found), 'device')}: {names}")


def _agree(got: Any, want: Any, look: Look, head: str = "", ours: str = "", theirs: str = "") -> None:
    try:
        compare(got, want, *look.tolerance)
    except DifferentError as found:
        raise NotYetError(f"{head}{found.expected}{ours}", f"{found.got}{theirs}") from None


def _examples(leaf: Any) -> tuple[Any, Any, Any]:
    """Return three different inputs of this one's type, itself first."""
    array = jnp.asarray(leaf)
    if compat.is_key(array) and not array.ndim:
        first, second = jax.random.split(array)
        return array, first, second
    if jnp.issubdtype(array.dtype, jnp.inexact):
        return array, array * 0.5, (array + 1).astype(array.dtype)
    if array.dtype == np.bool_:
        return array, ~array, array
    return (array, jnp.roll(array, 1), jnp.roll(array, 2)) if array.ndim else (array, array + 1, array)
