import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtour.worker.runner import describe as describing
from jaxtour.worker.runner.describe import describe, plain_text


def test_an_array_is_told_with_its_type_place_and_numpys_text():
    facts = describe(jnp.arange(6.0).reshape(2, 3))
    assert facts["type"] == "Array"
    assert (facts["shape"], facts["dtype"]) == ([2, 3], "float32")
    assert facts["text"] == "[[0. 1. 2.]\n [3. 4. 5.]]"
    assert facts["length"] == len(facts["text"])
    assert facts["devices"] == ["cpu:0"]
    assert (facts["committed"], facts["weak_type"], facts["sharding"]) == (False, False, None)
    assert describe(jax.device_put(jnp.ones(2), jax.devices()[0]))["committed"] is True
    assert describe(jnp.asarray(3.0) * 2)["weak_type"] is True


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (jnp.float32(15), "Array", "15.0"),
        (jnp.bfloat16(1.5), "Array", "1.5"),
        (jnp.array([True, False]), "Array", "[ True False]"),
        (np.float64(0.5), "float64", "0.5"),
        (np.array([1, 2]), "ndarray", "[1 2]"),
        (np.ma.array([1, 2], mask=[0, 1]), "MaskedArray", "[1 --]"),
        (0.5, "float", "0.5"),
        ("a'b", "str", '"a\'b"'),
        ((3,), "tuple", "(3,)"),
        (len, "builtin_function_or_method", "<built-in function len>"),
        (jnp.dtype("float32"), "Float32DType", "dtype('float32')"),
        (jax.ShapeDtypeStruct((3,), jnp.float32), "ShapeDtypeStruct", "ShapeDtypeStruct(shape=(3,), dtype=float32)"),
    ],
)
def test_text_and_type(value, kind, text):
    facts = describe(value)
    assert (facts["type"], facts["text"]) == (kind, text)
    assert plain_text(value) == text


def test_keys_are_told_by_their_numbers():
    facts = describe(jax.random.key(1337))
    assert (facts["dtype"], facts["shape"], facts["text"]) == ("key<fry>", [], "[   0 1337]")


def test_functions_are_told_by_what_made_them():
    def f(x, *, k: int = 3):
        return x

    assert plain_text(f) == "function f(x, *, k=3)"
    assert plain_text(jax.jit(f)) == "jit of f(x, *, k=3)"
    assert plain_text(jax.vmap(jax.jit(jax.grad(f)))) == "vmap of jit of grad of f(x, *, k=3)"


def test_large_arrays_have_numpys_summary_without_being_fetched(monkeypatch):
    large = jnp.arange(90_000.0).reshape(30, 3000) / 7
    expected = describe(large)["text"]
    assert "..." in expected
    monkeypatch.setattr(describing, "FETCH_CAP", 1000)
    fetched = []
    real = np.asarray
    monkeypatch.setattr(describing.np, "asarray", lambda x, *rest: fetched.append(np.size(x)) or real(x, *rest))
    assert describe(large)["text"] == expected
    assert max(fetched) < 1000


def test_a_pytree_with_a_huge_leaf_is_not_printed(monkeypatch):
    monkeypatch.setattr(describing, "FETCH_CAP", 1000)
    facts = describe({"w": jnp.ones(1000), "b": 1})
    assert facts["tree"] == ["['b']  int  1", "['w']  float32[1000]"]
    assert facts["text"] == "\n".join(facts["tree"])


def test_a_pytree_is_told_leaf_by_leaf():
    facts = describe({"w": jnp.ones((2, 3)), "layers": [np.ones(4), None, 0.5]})
    assert facts["type"] == "dict"
    assert facts["tree"] == [
        "['layers'][0]  float64[4]  ndarray",
        "['layers'][2]  float  0.5",
        "['w']          float32[2,3]",
    ]
    assert "Array([[1., 1., 1.]," in facts["text"]


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, (), None, {1: jnp.ones(1), "a": 2}])
def test_no_tree_without_arrays_or_where_it_is_no_pytree(value):
    assert describe(value)["tree"] == []


def test_the_tree_of_many_leaves_is_cut():
    assert describe([jnp.ones(1)] * 600)["tree"][-1] == "… 100 more leaves"
    assert describe([jnp.ones(1), *range(20_000)])["tree"] == ["… 20001 more leaves"]


def test_a_deleted_array_is_told():
    array = jnp.ones(3)
    array.delete()
    facts = describe(array)
    assert facts["shape"] == [3]
    assert facts["text"].startswith("deleted")


def test_reprs_that_fail_or_are_huge_are_bounded():
    class Raises:
        def __repr__(self):
            raise ValueError

    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert plain_text(Raises()) == "(its __repr__ raised ValueError)"
    assert plain_text(deep) == "(nested too deeply to show)"
    facts = describe([0] * 200_000)
    assert (len(facts["text"]), facts["length"]) == (describing.TEXT_CAP, 600_000)
    assert len(describe("x" * 10**6)["text"]) == describing.TEXT_CAP


def test_memory_addresses_are_left_out():
    assert plain_text(object()) == "<object object>"


def test_a_jaxpr_is_told_by_its_size():
    assert plain_text(jax.make_jaxpr(lambda x: jnp.sin(x) * 2)(1.0)) == "a jaxpr with 2 equations"


def test_values_are_shown_though_transfers_are_forbidden():
    with jax.transfer_guard("disallow"):
        assert plain_text(jnp.arange(3)) == "[0 1 2]"


def test_work_that_fails_late_raises():
    def fail(_):
        raise ValueError("late")

    value = jax.jit(lambda x: jax.pure_callback(fail, jax.ShapeDtypeStruct((), jnp.float32), x))
    with pytest.raises(Exception, match="late"):
        describe(value(1.0))
