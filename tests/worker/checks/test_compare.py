"""Two values agree, or the difference is named with its place."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.worker.checks.compare import DifferentError, compare

NUMBERS = st.floats(width=32) | st.integers(-9, 9) | st.booleans() | st.just(None) | st.text(max_size=3)
ARRAYS = st.lists(st.floats(width=32), max_size=3).map(lambda row: np.array(row, np.float32))
TREES = st.recursive(
    NUMBERS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(TREES)
def test_a_value_agrees_with_its_copy_on_the_device_and_in_lists(tree):
    compare(tree, copy.deepcopy(tree), 0, 0)
    moved = jax.tree.map(lambda leaf: jnp.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf, tree)
    compare(moved, tree, 0, 0)
    if isinstance(tree, tuple):
        compare(list(tree), tree, 0, 0)


@given(TREES, st.data())
def test_one_other_leaf_is_a_difference(tree, data):
    leaves, structure = jax.tree.flatten(tree, is_leaf=lambda leaf: leaf is None)
    if not leaves:
        return
    place = data.draw(st.integers(0, len(leaves) - 1))
    for other in ("other text", np.zeros((1, 1, 1), np.int8), object()):
        changed = jax.tree.unflatten(structure, [*leaves[:place], other, *leaves[place + 1 :]])
        for got, want in ((changed, tree), (tree, changed)):
            with pytest.raises(DifferentError) as found:
                compare(got, want, 1e-3, 1e-3)
            assert found.value.expected and found.value.got and found.value.expected != found.value.got


@given(st.floats(-1e6, 1e6, width=32), st.sampled_from(["float32", "bfloat16"]))
def test_numbers_agree_within_the_tolerance_and_no_further(number, dtype):
    want = np.float64(number)
    compare(jnp.float32(number), jnp.float32(number * (1 + 1e-6)), 1e-5, 1e-6)
    for sign in (1, -1):
        off = jnp.float32(want * (1 + sign * 1e-3) + sign * 1e-2)
        with pytest.raises(DifferentError):
            compare(off, jnp.float32(number), 1e-5, 1e-6)
    close = (jnp.array([number], jnp.float32) / 3).astype(dtype)
    compare(close, (jnp.array([number], jnp.float32) * np.float32(1 / 3)).astype(dtype), 1e-5, 1e-6)
