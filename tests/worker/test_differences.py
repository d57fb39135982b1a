"""How far values lie apart: in numbers, and in units in the last place."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import runner_client  # noqa: F401  asks jax for the CPU
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.worker.differences import CAP_BYTES, difference, values_of

F4 = np.float32


def apart(one, other):
    return difference(values_of(one), values_of(other))


@pytest.mark.parametrize(
    ("one", "other", "absolute", "ulp"),
    [
        (F4(1), F4(1), 0.0, 0.0),
        (F4(1), np.nextafter(F4(1), F4(2)), 2.0**-23, 1.0),
        (F4(1000), np.nextafter(F4(1000), F4(0)), 2.0**-14, 1.0),
        (1.0, F4(1) + F4(2**-22), 2.0**-22, 2.0),
        (jnp.bfloat16(1), F4(1) + F4(2**-7), 2.0**-7, 1.0),
        (np.array([1, 5]), np.array([1, 2]), 3.0, None),
        (np.array([True]), np.array([False]), 1.0, None),
        (np.array([1, 2]), np.array([1.0, 2.0], F4), 0.0, 0.0),
        (np.array([1 + 2j], np.complex64), np.array([1 + 3j], np.complex64), 1.0, 2.0**22),
        (np.array([np.nan, np.inf], F4), np.array([np.nan, np.inf], F4), 0.0, 0.0),
        (np.array([np.nan], F4), np.array([1], F4), None, None),
        (np.array([np.inf], F4), np.array([1], F4), None, None),
        (np.zeros((0,), F4), np.zeros((0,), F4), 0.0, 0.0),
        ({"a": jnp.ones(2), "b": (F4(1),)}, {"a": np.ones(2), "b": (F4(1.5),)}, 0.5, 2.0**22),
        (F4(0), np.nextafter(F4(0), F4(1)), 2.0**-149, 1.0),
    ],
)
def test_differences(one, other, absolute, ulp):
    assert apart(one, other) == {"absolute": absolute, "ulp": ulp}


@pytest.mark.parametrize(
    ("one", "other"),
    [(np.ones(2), np.ones(3)), (np.array(["a"]), np.array(["a"])), ((F4(1), F4(1)), F4(1))],
)
def test_what_cannot_be_compared(one, other):
    assert apart(one, other) is None


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_neighbours_are_one_ulp_apart_in_numpys_words_too(value):
    one = F4(value)
    with np.errstate(over="ignore"):
        other = np.nextafter(one, F4(np.inf))
    if np.isfinite(other):
        # Below a power of two the next number is half as far: the wider distance of the two counts.
        assert apart(one, other)["ulp"] in (0.5, 1.0)


def test_what_has_no_numbers_or_too_many_is_not_kept():
    assert values_of("text") is None
    assert values_of(None) is None

    class Large:
        nbytes = CAP_BYTES + 1

    assert values_of([Large()]) is None
    assert values_of(jax.random.key(0)).widths == {"uint32"}
