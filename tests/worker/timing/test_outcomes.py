"""Results are kept in a file, and compared with other results."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtour.worker.timing import outcomes


def compared(folder: Path, before: object, after: object) -> dict:
    """Return the fields of a `Compared`."""
    path = str(folder / "kept.npz")
    assert outcomes.told({"keep": path}, before) == {}
    return outcomes.told({"compare": path}, after)["compared"]


def test_results_of_every_kind_are_equal_to_themselves(tmp_path: Path) -> None:
    result = {
        "f32": jnp.array([1.0, jnp.nan, jnp.inf]), "bf16": jnp.ones((2, 3), jnp.bfloat16), "empty": jnp.ones((0, 2)),
        "f8": jnp.ones(3, jnp.float8_e4m3fn), "c": jnp.array(1 + 2j), "bool": jnp.array([True]),
        "key": jax.random.key(1), "numpy": np.arange(3)[::-1], "number": 2.5, "text": "said", "none": None,
    }  # fmt: skip
    found = compared(tmp_path, result, result)
    assert found == {"count": 10, "equal": 10, "leaves": []}


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        (np.float32(1), np.nextafter(np.float32(1), np.float32(2)), {"ulp": 1.0, "absolute": 2.0**-23}),
        (jnp.int32(2), jnp.int32(5), {"ulp": None, "absolute": 3.0}),
        (jnp.ones(2), jnp.ones(2, jnp.bfloat16), {"types": ["f32[2]", "bfloat16[2]"], "ulp": 0.0}),
        (jnp.ones(2), jnp.ones(3), {"types": ["f32[2]", "f32[3]"], "ulp": None, "absolute": None}),
        (jnp.array([1.0]), jnp.array([jnp.nan]), {"types": ["f32[1]", "f32[1]"], "absolute": None}),
        ("one", "other", {"types": ["text", "text"]}),
    ],
)
def test_a_leaf_that_differs_says_how(tmp_path: Path, before: object, after: object, row: dict) -> None:
    found = compared(tmp_path, before, after)
    [leaf] = found["leaves"]
    assert (found["count"], found["equal"]) == (1, 0)
    assert {name: leaf[name] for name in row} == row


def test_leaves_are_found_by_their_paths_and_the_worst_comes_first(tmp_path: Path) -> None:
    found = compared(tmp_path, {"a": 1.0, "b": jnp.ones(2)}, {"b": jnp.ones(2) + 1e-6, "c": 2, "a": 1.0})
    assert (found["count"], found["equal"]) == (3, 1)
    assert [(leaf["path"], leaf["types"]) for leaf in found["leaves"]] == [
        ("['c']", ["", "i64[]"]),
        ("['b']", ["f32[2]", "f32[2]"]),
    ]


def test_what_cannot_be_compared_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "CAP_BYTES", 1 << 20)
    found = outcomes.told({"keep": str(tmp_path / "kept.npz")}, jnp.zeros((1 << 18) + 1))
    assert found == {"compared": {"error": "the results are larger than 1 MiB, too large to compare"}}
