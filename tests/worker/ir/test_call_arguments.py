"""A call's arguments and results have their paths, types and sizes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtour.worker.ir import lens
from jaxtour.worker.ir.arguments import MOST_STATIC, SENT_CAP, Leaves, argument_keys, arguments, split


def told(function, *args, **kwargs):
    traced = lens.trace(lens.Call(function, args, kwargs))
    return arguments(traced.jaxpr, traced.leaves)


def paths(rows):
    return ["".join(row[0]) for row in rows]


PARAMS = {"dense": [jnp.ones((2, 3)), {"b": jnp.ones(3)}], "scale": 2.0}


def apply(params, x, *rest, mode="up", **more):
    y = x @ params["dense"][0] * params["scale"]
    return {"y": y if mode == "up" else -y, "n": len(rest)}, tuple(more.values())


def test_paths_types_and_bytes_are_in_the_order_of_the_jaxpr():
    found = told(apply, PARAMS, jnp.ones((4, 2), jnp.bfloat16), 1, np.int8(2), k=jax.random.key(0))
    assert paths(found["inputs"]) == [
        "params['dense'][0]", "params['dense'][1]['b']", "params['scale']", "x", "rest[0]", "rest[1]", "k",
    ]  # fmt: skip
    assert found["inputs"][0] == [["params", "['dense']", "[0]"], "f32[2,3]", [2, 3], "float32", 24, None]
    assert found["inputs"][3][1:5] == ["bf16[4,2]", [4, 2], "bfloat16", 16]
    assert [found["inputs"][6][place] for place in (1, 2, 4)] == ["key<fry>[]", [], 8]
    assert paths(found["outputs"]) == ["result[0]['n']", "result[0]['y']", "result[1][0]"]
    assert found["static"] == {} and found["more"] == (0, 0, 0)


def test_what_is_not_traced_is_static_with_its_value():
    x = jnp.ones((4, 2))
    assert told(apply, PARAMS, x, mode="down")["static"] == {"mode": "'down'"}
    jitted = jax.jit(lambda x, n, flip=False: x * n if flip else x.reshape(n, -1), static_argnums=1)
    assert told(jitted, x, 2)["static"] == {"n": "2"}
    assert told(functools.partial(apply, mode="down"), PARAMS, x)["static"] == {"mode": "'down'"}, "of a partial"
    assert told(functools.partial(apply, PARAMS), x)["static"] == {}, "arrays that a partial binds are constants"


class Awkward:
    def __repr__(self):
        raise RuntimeError("no text")


def test_values_that_cannot_be_printed_do_not_harm():
    values = {f"v{place}": Awkward() for place in range(MOST_STATIC + 5)}
    found = told(lambda x, **rest: x, jnp.ones(3), text="a\nb" * 500, **values)
    assert found["static"]["text"].startswith("'a\\nb") and len(found["static"]["text"]) < 300
    assert found["static"]["v1"] == "(Awkward)" and found["more"] == (0, 0, 6)


def test_shardings_are_those_of_the_arrays():
    mesh = jax.make_mesh((1,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
    x = jax.device_put(jnp.ones((4, 2)), jax.NamedSharding(mesh, jax.P("x")))
    assert [row[5] for row in told(lambda x, y: x + y, x, jnp.ones(2))["inputs"]] == [
        "P('x',) on the mesh (x: 1)" if "P('x',)" in str(jax.P("x")) else "P('x') on the mesh (x: 1)",
        None,
    ]


def test_a_jaxpr_names_its_own_inputs():
    jaxpr = jax.make_jaxpr(lambda w, x: {"y": w["a"] * x})({"a": 1.0}, 2.0)
    found = arguments(jaxpr, lens.named(jaxpr))
    assert paths(found["inputs"]) == ["w['a']", "x"] and len(found["outputs"]) == 1


def test_more_than_fits_into_a_frame_is_counted():
    keys = [(f"['{'k' * 190}']", f"[{place}]") for place in range(8000)]
    jaxpr = jax.make_jaxpr(lambda *xs: 0)(*range(8000))
    found = arguments(jaxpr, Leaves(inputs=keys))
    assert 0 < len(found["inputs"]) < 8000 and len(found["inputs"]) + found["more"][0] == 8000
    assert len(str(found["inputs"])) < 2 * SENT_CAP


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("x", ("x",)),
        ("params['a.b']['c]d'].w[0]", ("params", "['a.b']", "['c]d']", ".w", "[0]")),
        ("model.layers[1].weight", ("model", ".layers", "[1]", ".weight")),
        ("args[0][<flat index 1>]", ("args", "[0]", "[<flat index 1>]")),
        ('d["it\'s"]', ("d", '["it\'s"]')),
        ("", ()),
    ],
)
def test_a_path_is_split_at_its_keys(path, keys):
    assert split(path) == keys and "".join(split(path)) == path


def test_a_function_without_a_signature():
    assert argument_keys(dict.update, (1.0, [2.0]), {"k": 3.0})[-1] == ("k",)
