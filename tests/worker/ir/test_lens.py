import builtins
import sys

import jax
import pytest

from jaxtour.worker.compat import CompileEvents, tidy
from jaxtour.worker.ir import lens
from jaxtour.worker.runner.execute import Workspace

CODE = """\
import functools, jax, jax.numpy as jnp, numpy as np, time

def sigmoid(x):
    return 0.5 * (jnp.tanh(x / 2) + 1)

def predict(w, x):
    return sigmoid(jnp.dot(w, x))

w, X = jnp.ones(2), jnp.ones((3, 2))
predict_many = jax.vmap(predict, in_axes=(None, 0))
fast = jax.jit(predict_many)

def loop(xs):
    def body(total, x):
        return total + x, jnp.where(x > 0, x, 0)
    return jax.lax.scan(body, 0.0, xs)

def power(x, n):
    return power(x, n - 1) * x if n else 1.0

def positive(x):
    if x > 0:
        return x * 2
    return x

calls = []
def counted(x):
    calls.append(x)
    return 2 * x
"""


@pytest.fixture(scope="module")
def workspace():
    main, asked = sys.modules["__main__"], builtins.input
    space = Workspace(CompileEvents())
    space.install()
    assert space.run("a/b", "", CODE).error is None
    yield space
    sys.modules["__main__"], builtins.input = main, asked


def shown(workspace, call, around=None):
    """Return a call's text lines, the origin of each, and its facts, as sent."""
    found = lens.shown(lens.jaxpr_of(workspace, call), around)
    parts = list(found.pieces({"event": "stage"}))
    table = [row for part in parts for row in part["origins"]]
    lines = [line for part in parts for line in part["text"].split("\n")]
    return (
        found.facts,
        lines,
        [{"kind": "other", "spans": (), **table[place]} for part in parts for place in part["lines"]],
    )


def facts(workspace, call):
    return shown(workspace, call)[0]


def text(workspace, call):
    return "\n".join(shown(workspace, call)[1])


def linked(workspace, call, primitive, around=None):
    """Return the first span of the only equation of a primitive."""
    _, _, origins = shown(workspace, call, around)
    (found,) = {tuple(origin["spans"]) for origin in origins if origin.get("name") == primitive}
    return found[0]


def line_of(text):
    return next(number for number, line in enumerate(CODE.splitlines(), 1) if text in line)


def test_a_call_is_traced_with_its_primitives_and_equations(workspace):
    found, lines, _ = shown(workspace, "predict_many(w, X)")
    assert found["primitives"] == ["add", "div", "dot_general", "mul", "tanh"]
    assert found["equations"] == 5 and found["results"] == ["f32[3]"]
    assert lines[0] == "{ lambda ; a:f32[2] b:f32[3,2]. let"
    assert lines[1].startswith("    c:f32[3] = dot_general[")


def test_nested_jaxprs_are_counted(workspace):
    inner = facts(workspace, "predict_many(w, X)")
    found = facts(workspace, "fast(w, X)")
    assert found["equations"] == inner["equations"] + 1
    assert {"jit", "pjit"} & set(found["primitives"])
    assert {"scan", "select_n", "gt"} <= set(facts(workspace, "loop(X[:, 0])")["primitives"])


def test_every_line_leads_to_the_source_of_its_equation(workspace):
    _, lines, origins = shown(workspace, "predict_many(w, X)")
    dot = ("a/b", line_of("jnp.dot"), 20, line_of("jnp.dot"), 33, "predict")
    start = next(number for number, line in enumerate(lines) if "dot_general" in line)
    end = next(number for number, line in enumerate(lines) if line.strip().startswith("]"))
    assert end > start
    assert all(origin["spans"] == (dot,) for origin in origins[start : end + 1])
    line = CODE.splitlines()[line_of("jnp.tanh") - 1]
    for primitive, wanted in (("tanh", "jnp.tanh(x / 2)"), ("div", "x / 2"), ("add", "jnp.tanh(x / 2) + 1")):
        span = linked(workspace, "predict_many(w, X)", primitive)
        assert line[span[2] - 1 : span[4] - 1] == wanted
    assert origins[0]["kind"] == origins[-1]["kind"] == "other"


def test_the_call_itself_is_where_the_step_makes_it(workspace):
    around = ("a/c", 9, 1, 9, 11, "")
    _, lines, origins = shown(workspace, "fast(w, X)", around)
    outer = [origin["spans"] for line, origin in zip(lines, origins, strict=True) if line.startswith("    ] ")]
    assert outer == [(around,)]
    tanh = next(origin for origin in origins if origin.get("name") == "tanh")
    assert tanh["callers"][-1] == around
    assert origins[0]["kind"] == origins[-1]["kind"] == "other"


def test_a_library_function_inside_has_the_call_of_it(workspace):
    span = linked(workspace, "loop(X[:, 0])", "select_n")
    assert span[:2] == ("a/b", line_of("jnp.where"))


def test_columns_count_characters(workspace):
    workspace.run("a/é", "", "def g(x):\n    'é'; return 'ü' and jnp.sin(x)\n")
    line = "    'é'; return 'ü' and jnp.sin(x)"
    span = linked(workspace, "g(1.0)", "sin")
    assert span == ("a/é", 2, line.index("jnp") + 1, 2, len(line) + 1, "g")


def test_a_function_from_the_setup_is_not_taken_for_the_code(workspace):
    workspace.run("a/d", "def from_setup(x):\n    return jnp.cos(x)", "")
    assert linked(workspace, "from_setup(1.0)", "cos")[0] == "a/d:setup"


def test_short_jaxprs_have_a_line_for_each_equation(workspace):
    _, lines, origins = shown(workspace, "sigmoid(1.0)")
    assert len(lines) == 6
    assert all(origin["spans"][0][1] == line_of("jnp.tanh") for origin in origins[1:-1])


def test_a_lambda_in_the_call_is_where_the_step_writes_it(workspace):
    code = "jax.vmap(lambda x: x * 2)(X)"
    workspace.run("a/l", "", f"1\n{code}")
    written = lens.expression(code, f"1\n{code}", "<jaxtour:a/l>")
    assert written.span == ("a/l", 2, 1, 2, len(code) + 1, "")
    assert linked(workspace, written, "mul")[:5] == ("a/l", 2, code.index("x * 2") + 1, 2, code.index(")(X)") + 1)
    assert lens.expression("sigmoid(1.0)", code, "<jaxtour:a/l>").span is None


def test_numbers_are_variables_unless_their_values_are_needed(workspace):
    assert text(workspace, "counted(3)").startswith("{ lambda ; a:i32[]. let")
    assert facts(workspace, "power(2.0, 3)")["primitives"] == ["mul"]
    assert "a:f32[2]" in text(workspace, "jax.jit(power, static_argnums=1)(w, 3)")
    assert facts(workspace, "jnp.reshape(X, (2, 3))")["primitives"] == ["reshape"]


def test_a_call_that_needs_a_value_says_so(workspace):
    with pytest.raises(jax.errors.TracerBoolConversionError) as caught:
        lens.jaxpr_of(workspace, "positive(3)")
    assert lens.why_not(caught.value) == (
        "TracerBoolConversionError: Attempted boolean conversion of traced array with shape bool[]."
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("jax.grad(lambda x: x)", "returns a function: call that too"),
        ("(lambda x: [x, 'name'])(1.0)", "returns str, not an array"),
    ],
)
def test_a_call_that_computes_no_array_says_what_it_returns(workspace, call, words):
    with pytest.raises(lens.LensError, match=words):
        lens.jaxpr_of(workspace, call)


def test_keyword_and_starred_arguments(workspace):
    assert facts(workspace, "predict(*[w], x=X[0])")["equations"] == 5


def test_a_jaxpr_may_be_asked_for_by_name_or_by_make_jaxpr(workspace):
    workspace.run("a/e", "", "j = jax.make_jaxpr(sigmoid)(1.0)")
    expected = text(workspace, "sigmoid(1.0)")
    assert text(workspace, "j") == expected
    assert text(workspace, "jax.make_jaxpr(sigmoid)(1.0)") == expected
    assert facts(workspace, "jax.make_jaxpr(power, static_argnums=1)(2.0, 3)")["primitives"] == ["mul"]
    with pytest.raises(lens.LensError):
        lens.jaxpr_of(workspace, "w")


def test_arguments_are_evaluated_once(workspace):
    workspace.run("a/f", "", "made = []\ndef make():\n    made.append(1)\n    return w")
    facts(workspace, "jax.jit(power, static_argnums=1)(make(), len(made) + 1)")
    assert workspace.namespace["made"] == [1]


def default(workspace, call):
    traced = lens.default_traced(workspace.evaluate(call), workspace, call)
    return traced and traced.jaxpr


@pytest.mark.parametrize(
    "call",
    ["print(w)", "len(X)", "np.dot(np.ones(2), np.ones(2))", "time.perf_counter()", "float(3)", "np.sin(1.0)",
     "jax.devices()", "jax.jit(sigmoid).lower(1.0)", "calls.clear()", "jax.debug.print('x')"],
)  # fmt: skip
def test_no_trace_by_default_of_what_is_nothing_to_trace(workspace, call):
    assert default(workspace, call) is None


@pytest.mark.parametrize(
    ("call", "primitives"),
    [
        ("sigmoid(1.0).block_until_ready()", {"tanh"}),
        ("jax.block_until_ready(sigmoid(1.0))", {"tanh"}),
        ("X.sum()", {"reduce_sum"}),
        ("functools.partial(predict, w)(X[0])", {"dot_general"}),
        ("jnp.dot(X, w)", {"dot_general"}),
        ("jax.make_jaxpr(sigmoid)(1.0)", {"tanh"}),
    ],
)
def test_default_traces(workspace, call, primitives):
    assert primitives <= set(lens.shown(default(workspace, call)).facts["primitives"])


def test_a_default_trace_that_fails_is_told_for_the_lessons_own_functions(workspace):
    with pytest.raises(jax.errors.TracerBoolConversionError):
        default(workspace, "positive(3)")


def test_tracing_leaves_no_tracer_and_no_name_behind(workspace):
    before = set(workspace.namespace)
    facts(workspace, "sigmoid(1.0)")
    assert set(workspace.namespace) == before


def test_printers_details_are_left_out():
    assert tidy("reduce_min[axes=(np.int64(1), np.int64(-2))]") == "reduce_min[axes=(1, -2)]"
    assert tidy("manual_axes=frozenset({'y', 'x'})") == "manual_axes=frozenset({'x', 'y'})"
    assert tidy("P('<axis 0x7f00>')") == "P('<axis>')"
