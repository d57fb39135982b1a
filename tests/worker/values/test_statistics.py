"""Values of every kind have statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtour.worker.values import statistics
from jaxtour.worker.values.statistics import Summary, summary


def test_numbers_beside_nan_and_inf():
    found = summary(jnp.array([1.0, jnp.nan, 0.0, -jnp.inf, 3.0, jnp.inf]))
    assert (found.low, found.high, found.nan, found.inf, found.zeros) == (0.0, 3.0, 1, 2, 1)
    assert found.mean == pytest.approx(4 / 3) and found.count == 6 and found.bad
    nothing = summary(jnp.full(3, jnp.nan))
    assert (nothing.low, nothing.high, nothing.mean, nothing.nan) == (None, None, None, 3)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_floats_of_every_width(dtype):
    for found in (summary(jnp.array([0.0, 1.0, 2.0, 0.0], dtype)), summary(jnp.array([[2.0, 1.0], [0.0, 0.0]], dtype))):
        assert (found.low, found.high, found.mean, found.zeros) == (0.0, 2.0, 0.75, 2)
    one = summary(jnp.array(2.0, dtype))
    assert (one.low, one.high, one.mean, one.count, one.zeros) == (2.0, 2.0, 2.0, 1, 0)


@pytest.mark.parametrize("dtype", ["int4", "uint4", "int8", "uint8", "int32", "uint32", "bool"])
def test_integers_of_every_width(dtype):
    found = summary(jnp.array([0, 1, 1, 0], dtype))
    assert (found.low, found.high, found.mean, found.zeros, found.bad) == (0, 1, 0.5, 2, False)
    assert type(found.low) is int


def test_complex_numbers_count_by_their_size():
    found = summary(jnp.array([3 + 4j, 0j, jnp.nan, complex(0, jnp.inf)]))
    assert (found.low, found.high, found.nan, found.inf, found.zeros) == (0.0, 5.0, 1, 1, 1)


def test_what_is_not_made_of_numbers_has_no_statistics():
    assert summary(jax.random.key(0)) is None
    assert summary(np.zeros(3, jax.dtypes.float0)) is None
    assert summary(jax.new_ref(jnp.ones(3))) is None
    assert summary(jnp.ones((0, 3))) == Summary()


@pytest.mark.parametrize(("dtype", "huge", "fine"), [("float16", 6e4, 5e4), ("bfloat16", 3.2e38, 1e38)])
def test_numbers_near_the_ends_of_their_dtype(dtype, huge, fine):
    assert summary(jnp.array([huge, -huge, fine], dtype)).near == 2
    assert summary(jnp.array(huge, dtype)).near == 1 and summary(jnp.array(fine, dtype)).near == 0
    tiny = float(jnp.finfo(dtype).smallest_normal) / 2
    assert summary(np.array([tiny, 0.0, -tiny, 1.0], jnp.dtype(dtype))).subnormal == 2
    assert summary(np.array(tiny, jnp.dtype(dtype))).subnormal == 1


def test_statistics_of_several_evaluations_are_those_of_all_elements():
    parts = [np.array([1.0, np.nan, 5.0], "float32"), np.array([np.inf], "float32"), np.array([0.0, -2.0], "float32")]
    whole, joined = summary(np.concatenate(parts)), Summary()
    for part in parts:
        joined.add(summary(part))
    assert joined.mean == pytest.approx(whole.mean)
    joined.mean = whole.mean
    assert joined == whole


def test_a_large_array_is_looked_at_in_blocks(monkeypatch):
    values = np.arange(1000, dtype="float32") - 300
    whole = summary(values)
    monkeypatch.setattr(statistics, "BLOCK", 64)
    parts = summary(values)
    assert parts.mean == pytest.approx(whole.mean)
    parts.mean = whole.mean
    assert parts == whole


def test_a_mean_of_numbers_whose_sum_overflows():
    with jax.enable_x64(True):
        assert summary(jnp.full(4, 1.5e308)).mean == pytest.approx(1.5e308)
