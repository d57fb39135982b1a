"""Values have a distance: in numbers, and in units in the last place."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.worker.timing.results import CAP_BYTES, difference, values_of

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
        (np.float16(1), np.nextafter(np.float16(1), np.float16(2)), 2.0**-10, 1.0),
        (np.float16(0), np.nextafter(np.float16(0), np.float16(1)), 2.0**-24, 1.0),
        (np.float64(1), np.nextafter(1.0, 2.0), 2.0**-52, 1.0),
        (np.float64(2.0**100), np.nextafter(2.0**100, 0.0), 2.0**47, 0.5),
        (np.nextafter(2.0**100, 0.0), np.nextafter(np.nextafter(2.0**100, 0.0), 0.0), 2.0**47, 1.0),
        (np.float64(1.7e308), np.float64(-1.7e308), np.finfo(np.float64).max, 2.0**53 - 1),
        (np.complex128(1 + 1j), np.complex128(1 + 1j + 2**-52 * 1j), 2.0**-52, 1.0),
        (np.complex64(complex(np.nan, 1)), np.complex64(complex(np.nan, 1)), 0.0, 0.0),
        (np.int64(2**60), np.int64(2**60 + 1), 1.0, None),
        (np.int8(-128), np.int8(127), 255.0, None),
        (np.uint64(2**64 - 1), np.uint64(0), 2.0**64, None),
        (jnp.array([1], jnp.int4), jnp.array([3], jnp.int4), 2.0, None),
        (F4(np.inf), F4(-np.inf), None, None),
        ([np.ones(2, F4), np.ones(2, F4)], np.array([[1, 1], [1, 1.5]], F4), 0.5, 2.0**22),
        (jnp.ones((3, 2)), [jnp.ones(2)] * 3, 0.0, 0.0),
        ((F4(1), F4(np.nan)), (F4(1), F4(2)), None, None),
    ],
)
def test_differences(one, other, absolute, ulp):
    found = apart(one, other)
    assert (found["absolute"], found["ulp"]) == (absolute, ulp)


def test_the_largest_magnitude_tells_what_a_difference_is_beside():
    near = apart(np.array([100, 1e-6], F4), np.array([-100, 1e-7], F4))
    assert near["largest"] == 100.0
    assert apart(np.array([np.inf, 2], F4), np.array([np.inf, 2], F4))["largest"] == 2.0
    assert apart(np.zeros((0,), F4), np.zeros((0,), F4))["largest"] == 0.0


def test_what_cannot_be_compared():
    assert apart(np.array(["a"]), np.array(["a"])) is None


@pytest.mark.parametrize(
    ("one", "other", "shapes"),
    [
        (np.ones(2, F4), np.ones((2, 1), int), "f32[2] against i64[2,1]"),
        ((F4(1), True), F4(1), "f32[], bool[] against f32[]"),
        ([np.ones(2, F4)] * 3, np.ones((2, 2), F4), "f32[2], f32[2], f32[2] against f32[2,2]"),
        ([F4(1)] * 9, jnp.bfloat16(1), "9 arrays against bfloat16[]"),
    ],
)
def test_other_shapes_are_told(one, other, shapes):
    assert apart(one, other) == {"shapes": shapes}


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_neighbours_are_one_ulp_apart_in_numpys_words_too(value):
    one = F4(value)
    with np.errstate(over="ignore"):
        other = np.nextafter(one, F4(np.inf))
    if np.isfinite(other):
        # Below a power of two the next number is half as far; the wider of the two distances counts.
        assert apart(one, other)["ulp"] in (0.5, 1.0)


def test_what_has_no_numbers_or_too_many_is_not_kept():
    assert values_of("text") is None
    assert values_of(None) is None

    class Large:
        nbytes = CAP_BYTES + 1

    assert values_of([Large()]) is None
    assert [array.dtype for array in values_of(jax.random.key(0)).arrays] == [np.uint32]
