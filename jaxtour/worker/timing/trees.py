"""Pytree functions that treat an iterator as a leaf; JAX warns about a generator or rejects it."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import jax

T = TypeVar("T")


def leaves_of(value: Any) -> list[Any]:
    """Return the leaves of a tree; an iterator is a leaf."""
    return jax.tree.leaves(value, is_leaf=_is_iterator)


def mapped(function: Callable[[Any], Any], value: T) -> T:
    """Return the tree with the function applied to each leaf."""
    tree: T = jax.tree.map(function, value, is_leaf=_is_iterator)
    return tree


def settled(value: T) -> T:
    """Return the value, once its arrays are ready."""
    jax.block_until_ready([leaf for leaf in leaves_of(value) if not _is_iterator(leaf)])
    return value


def _is_iterator(value: Any) -> bool:
    return isinstance(value, Iterator)
