"""Values spread over eight simulated devices become facts and drawings."""

import msgspec
import pytest
from runner_client import RunnerClient

from jaxtour.engine.wire.messages import Value
from jaxtour.render.devices.sharding import sharding_lines
from jaxtour.render.text.layout import plain_lines
from jaxtour.text import harmless

SETUP = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec as P
auto, devices = AxisType.Auto, np.array(jax.devices())
line = jax.make_mesh((8,), ("x",), axis_types=(auto,))
table = jax.make_mesh((4, 2), ("x", "y"), axis_types=(auto,) * 2)
cube = jax.make_mesh((2, 2, 2), ("a", "b", "c"), axis_types=(auto,) * 3)
turned = Mesh(devices.reshape(4, 2).T, ("x", "y"))
explicit = jax.make_mesh((4, 2), ("x", "y"), axis_types=(AxisType.Explicit,) * 2)

def put(x, mesh, *spec):
    return jax.device_put(x, NamedSharding(mesh, P(*spec)))
"""


@pytest.fixture(scope="module")
def runner():
    client = RunnerClient(JAX_NUM_CPU_DEVICES="8")
    client.until("state", state="ready")
    yield client
    client.close()


def value_of(runner, code):
    return harmless(msgspec.convert(runner.run(code, setup=SETUP).one("result")["value"], Value))


ARRAYS = {
    "a vector": ("put(jnp.arange(16.0), line, 'x')", "14:16\n"),
    "a matrix": ("put(jnp.arange(64.0).reshape(8, 8), table, 'x', 'y')", "↓ x   → y"),
    "a cube": ("put(jnp.arange(64).reshape(4, 4, 4), cube, 'a', 'b', 'c')", "│ 16 17 │ 18 19 │"),
    "copies": ("put(jnp.arange(16.0).reshape(4, 4), table, 'x')", "copies along y"),
    "a copy on each": ("put(jnp.arange(4.0), table)", "│   cpu:0-7   │"),
    "two axes on one": ("put(jnp.arange(16.0), table, ('x', 'y'))", "→ x, y"),
    "a turned mesh": ("put(jnp.arange(16.0).reshape(4, 4), turned, 'x', 'y')", "│ cpu:0 │ cpu:2 │ cpu:4 │ cpu:6 │"),
    "explicit axes": ("put(jnp.arange(16.0).reshape(8, 2), explicit, 'x', 'y')", "0:2 │ cpu:0 │ cpu:1 │"),
    "some of the devices": ("put(jnp.arange(8.0), Mesh(devices[4:], ('x',)), 'x')", "│ cpu:4 │ cpu:5 │"),
    "keys": ("put(jax.random.split(jax.random.key(0), 8), line, 'x')", "key<fry>[1] on each of 8 devices"),
    "a number": ("put(jnp.float32(3), table)", "│   3.0   │"),
    "nothing": ("put(jnp.zeros((0, 8)), table, None, 'y')", "float32[0,4] on each of 8 devices"),
    "four axes": ("put(jnp.zeros((2, 4, 2, 6)), cube, 'a', None, 'b', 'c')", "[1:2, :, :, :]"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_every_device_is_drawn_where_its_part_is(runner, name):
    code, drawn = ARRAYS[name]
    value = value_of(runner, f"kept = {code}\nkept")
    ran = runner.run(
        "[(shard.device.id, [part.indices(size)[:2] for part, size in zip(shard.index, kept.shape)],"
        " shard.replica_id) for shard in kept.addressable_shards]"
    )
    told = [(shard.device, [tuple(part) for part in shard.index], shard.replica) for shard in value.shards]
    assert sorted(told) == sorted(eval(ran.text))
    for width in (20, 76, 120):
        lines = plain_lines(sharding_lines(value, width))
        assert width < 76 or drawn in lines, lines


def test_the_axis_that_pmap_makes_up_has_a_name(runner):
    value = value_of(runner, "jax.pmap(lambda x: x * 2)(jnp.arange(16.0).reshape(8, 2))")
    assert value.sharding == "P('pmap',) on the mesh (pmap: 8)"
    assert (value.mesh, value.spec) == ((("pmap", 8),), (("pmap",), ()))


def test_a_pytree_tells_where_its_arrays_are_and_draws_those_that_are_spread(runner):
    value = value_of(
        runner,
        "w = put(jnp.arange(64.0).reshape(8, 8), table, 'x', 'y')\n"
        "{'w': w, 'b': [jnp.ones(3), put(jnp.ones(800), line, 'x')]}",
    )
    assert value.devices == tuple(f"cpu:{number}" for number in range(8))
    assert value.tree == (
        "['b'][0]  float32[3]", "['b'][1]  float32[800]  P('x',)", "['w']     float32[8,8]  P('x', 'y')",
    )  # fmt: skip
    assert [leaf.path for leaf in value.leaves] == ["['b'][1]", "['w']"]
    large, small = (leaf.value for leaf in value.leaves)
    assert not large.text and len(large.shards) == 8 and small.text.text.startswith("[[ 0.  1.")
    drawn = plain_lines(sharding_lines(value, 76))
    assert drawn.startswith("['b'][1]  float32[800]\n→ x\n") and "\n\n['w']  float32[8,8]\n↓ x   → y\n" in drawn


def test_a_pytree_on_one_device_has_nothing_to_draw(runner):
    value = value_of(runner, "[jax.device_put(jnp.ones(2), devices[5]), np.ones(2), 3]")
    assert (value.devices, value.leaves, sharding_lines(value, 76)) == (("cpu:5",), (), [])


def test_of_very_many_leaves_the_first_are_drawn_and_a_deleted_one_is_none(runner):
    value = value_of(runner, "[put(jnp.ones(8), line, 'x') for _ in range(40)]")
    assert (len(value.tree), len(value.leaves)) == (40, 16)
    gone = value_of(runner, "gone = put(jnp.ones(8), line, 'x')\ngone.delete()\n{'gone': gone}")
    assert gone.leaves == () and len(gone.devices) == 8
