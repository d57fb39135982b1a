import jax
import jax.numpy as jnp
import pytest
from jaxprs import HEAD, executed
from runner_client import RunnerClient
from staged import looked, seen

from jaxtour.worker.ir.earlier import Earlier, start_of
from jaxtour.worker.ir.walk import Walk

CODE = """\
def train(key):
    key, first = jax.random.split(key)
    key, second = jax.random.split(key)
    def body(key, _):
        key, drawn = jax.random.split(key)
        return key, drawn
    return first, second, jax.lax.scan(body, key, length=3)

def cell(h, x):
    return jnp.tanh(h + x), h * 2.0

def layers(h, xs):
    h, ys = jax.lax.scan(cell, h, xs)
    return jax.lax.scan(cell, h, ys)
"""


@pytest.fixture(scope="module")
def space():
    return executed(HEAD + CODE)


def walked(function, *inputs):
    """Return the spans of the equations by line, and what finds earlier frames."""
    walk = Walk(jax.make_jaxpr(function)(*inputs).jaxpr)
    spans = [row["spans"][0] for row in walk.table.rows if row.get("spans")]
    known = frozenset(start_of(span) for row in walk.table.rows for span in (*row["spans"], *row.get("callers", ())))
    # On one line, the call comes after the assignment's targets.
    return {span[1]: span for span in sorted(spans)}, Earlier(walk, known)


@pytest.mark.parametrize(
    ("path", "lines", "left"),
    [
        ("jit(_threefry_split)", (3,), ""),
        ("jit(_threefry_split)", (3, 4), "3"),
        ("jit(_threefry_split)/add", (3, 3, 3, 4), "333"),
        ("while/body/jit(_threefry_split)", (3, 6, 8), "3"),
        ("while/body/eval_jaxpr/jit(_threefry_split)", (3, 3, 6, 8), "33"),
        # The loop is no equation inside which these are, and nothing says that they are inside another.
        ("jit(_threefry_split)", (3, 6), ""),
        ("while/body/add", (6, 8), ""),
        # An operation in a loop is none that an equation before the loop was lowered to.
        ("while/body/jit(_threefry_split)", (3, 4), ""),
    ],
)
def test_what_a_function_of_jax_leaves_in_front(space, path, lines, left):
    spans, earlier = walked(space["train"], jax.random.PRNGKey(0))
    chain = [spans[line] for line in lines]
    assert "".join(str(lines[number]) for number in sorted(earlier.left(path, chain))) == left


@pytest.mark.parametrize(
    ("path", "lines", "left"),
    [
        ("while/body/tanh", (11, 14), []),
        ("while/body/tanh", (11, 14, 15), [1]),
        ("while/body/add", (14, 15), [0]),
        ("while/body/add", (11, 14, 14, 15), [1, 2]),
        # It is no loop that another one was lowered for.
        ("while/body/add", (11, 15, 11), []),
    ],
)
def test_what_a_loop_leaves_in_front_of_a_later_run_of_it(space, path, lines, left):
    spans, earlier = walked(space["layers"], jnp.zeros(3), jnp.ones((2, 3)))
    assert sorted(earlier.left(path, [spans[line] for line in lines])) == left


def test_without_a_jaxpr_no_frame_is_an_earlier_one(space):
    spans, _ = walked(space["train"], jax.random.PRNGKey(0))
    assert not Earlier().left("jit(_threefry_split)", [spans[3], spans[4]])


@pytest.fixture(scope="module")
def client():
    runner = RunnerClient()
    yield runner
    runner.close()


@pytest.mark.parametrize(("stage", "name"), [("stablehlo", "func.call"), ("hlo", "shift-left")])
def test_draws_of_one_shape_belong_each_to_its_own_line(client, stage, name):
    code = HEAD + CODE
    ran = looked(client, code, "jax.jit(train)(jax.random.PRNGKey(0))")
    lines = {"before": set(), "inside": set()}
    for origin in seen(ran, stage).of(name):
        around, split, _ = origin.get("path", "").partition("jit(_threefry_split)")
        if split:
            lines["inside" if "while/body" in around else "before"].add(origin["spans"][0][1])
    assert lines["inside"] == {6}
    assert lines["before"] == {3, 4}
