"""The leaves of what learners' functions take and return, where JAX would warn of a generator or refuse it."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import jax

T = TypeVar("T")


def leaves_of(value: Any) -> list[Any]:
    """The leaves of a tree; an iterator is one."""
    return jax.tree.leaves(value, is_leaf=_is_iterator)


def mapped(function: Callable[[Any], Any], value: T) -> T:
    """The same tree with other leaves."""
    tree: T = jax.tree.map(function, value, is_leaf=_is_iterator)
    return tree


def settled(value: T) -> T:
    """The same, when its arrays are there."""
    jax.block_until_ready([leaf for leaf in leaves_of(value) if not _is_iterator(leaf)])
    return value


def _is_iterator(value: Any) -> bool:
    return isinstance(value, Iterator)
