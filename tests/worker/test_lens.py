import builtins
import sys

import jax
import pytest
import runner_client  # noqa: F401  asks jax for the CPU

from jaxtour.worker import jaxpr_text, lens
from jaxtour.worker.compat import CompileEvents, tidy
from jaxtour.worker.describe import plain_text
from jaxtour.worker.execute import Workspace

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


def facts(workspace, call, origin=None):
    return lens.facts(lens.jaxpr_of(workspace, call), origin)


def line_of(text):
    return next(number for number, line in enumerate(CODE.splitlines(), 1) if text in line)


def test_a_call_is_traced_with_its_primitives_and_equations(workspace):
    found = facts(workspace, "predict_many(w, X)")
    assert found["primitives"] == ["add", "div", "dot_general", "mul", "tanh"]
    assert found["equations"] == 5
    assert found["jaxpr"].startswith("{ lambda ; a:f32[2] b:f32[3,2]. let\n    c:f32[3] = dot_general[")


def test_nested_jaxprs_are_counted(workspace):
    inner = facts(workspace, "predict_many(w, X)")
    found = facts(workspace, "fast(w, X)")
    assert found["equations"] == inner["equations"] + 1
    assert {"jit", "pjit"} & set(found["primitives"])
    assert {"scan", "select_n", "gt"} <= set(facts(workspace, "loop(X[:, 0])")["primitives"])


def test_every_line_leads_to_the_source_of_its_equation(workspace):
    found = facts(workspace, "predict_many(w, X)")
    lines = found["jaxpr"].splitlines()
    assert len(found["sources"]) == len(lines)
    dot = {"file": "a/b", "line": line_of("jnp.dot"), "column": 20}
    start = next(number for number, line in enumerate(lines) if "dot_general" in line)
    end = next(number for number, line in enumerate(lines) if line.strip().startswith("]"))
    assert end > start
    assert found["sources"][start : end + 1] == [dot] * (end + 1 - start)
    by_name = {
        line.split(" = ")[1].split()[0]: source
        for line, source in zip(lines, found["sources"], strict=True)
        if " = " in line
    }
    tanh = CODE.splitlines()[line_of("jnp.tanh") - 1]
    assert by_name["tanh"] == {"file": "a/b", "line": line_of("jnp.tanh"), "column": tanh.index("jnp.tanh") + 1}
    assert by_name["mul"]["column"] == tanh.index("0.5") + 1
    assert found["sources"][0] is found["sources"][-1] is None


def test_the_call_itself_is_where_the_step_makes_it(workspace):
    origin = {"file": "a/c", "line": 9, "column": 1}
    found = facts(workspace, "fast(w, X)", origin)
    outer = [
        source
        for line, source in zip(found["jaxpr"].splitlines(), found["sources"], strict=True)
        if line.startswith("    ] ")
    ]
    assert outer == [origin]
    assert found["sources"][0] is found["sources"][-1] is None


def test_a_library_function_inside_has_the_line_that_calls_it(workspace):
    found = facts(workspace, "loop(X[:, 0])")
    where = line_of("jnp.where")
    source = next(
        s for line, s in zip(found["jaxpr"].splitlines(), found["sources"], strict=True) if "select_n" in line
    )
    assert (source["file"], source["line"]) == ("a/b", where)


def test_columns_count_characters(workspace):
    workspace.run("a/é", "", "def g(x):\n    'é'; return 'ü' and jnp.sin(x)\n")
    source = facts(workspace, "g(1.0)")["sources"][1]
    assert source == {"file": "a/é", "line": 2, "column": "    'é'; return 'ü' and jnp.sin(x)".index("jnp") + 1}


def test_a_function_from_the_setup_is_not_taken_for_the_code(workspace):
    workspace.run("a/d", "def from_setup(x):\n    return jnp.cos(x)", "")
    assert facts(workspace, "from_setup(1.0)")["sources"][1]["file"] == "a/d:setup"


def test_short_jaxprs_have_a_line_for_each_equation(workspace):
    found = facts(workspace, "sigmoid(1.0)")
    assert found["jaxpr"].count("\n") == 5
    assert all(source["line"] == line_of("jnp.tanh") for source in found["sources"][1:-1])


def test_numbers_are_variables_unless_their_values_are_needed(workspace):
    assert facts(workspace, "counted(3)")["jaxpr"].startswith("{ lambda ; a:i32[]. let")
    assert facts(workspace, "power(2.0, 3)")["primitives"] == ["mul"]
    assert "a:f32[2]" in facts(workspace, "jax.jit(power, static_argnums=1)(w, 3)")["jaxpr"]
    assert facts(workspace, "jnp.reshape(X, (2, 3))")["primitives"] == ["reshape"]


def test_a_call_that_needs_a_value_says_so(workspace):
    with pytest.raises(jax.errors.TracerBoolConversionError) as caught:
        lens.jaxpr_of(workspace, "positive(3)")
    assert lens.why_not(caught.value) == (
        "TracerBoolConversionError: Attempted boolean conversion of traced array with shape bool[]."
    )


def test_keyword_and_starred_arguments(workspace):
    assert facts(workspace, "predict(*[w], x=X[0])")["equations"] == 5


def test_a_jaxpr_may_be_asked_for_by_name_or_by_make_jaxpr(workspace):
    workspace.run("a/e", "", "j = jax.make_jaxpr(sigmoid)(1.0)")
    expected = facts(workspace, "sigmoid(1.0)")["jaxpr"]
    assert facts(workspace, "j")["jaxpr"] == expected
    assert facts(workspace, "jax.make_jaxpr(sigmoid)(1.0)")["jaxpr"] == expected
    assert facts(workspace, "jax.make_jaxpr(power, static_argnums=1)(2.0, 3)")["primitives"] == ["mul"]
    with pytest.raises(lens.LensError):
        lens.jaxpr_of(workspace, "w")


def test_arguments_are_evaluated_once(workspace):
    workspace.run("a/f", "", "made = []\ndef make():\n    made.append(1)\n    return w")
    facts(workspace, "jax.jit(power, static_argnums=1)(make(), len(made) + 1)")
    assert workspace.namespace["made"] == [1]


def default(workspace, call):
    return lens.default_jaxpr(workspace.evaluate(call), workspace, call)


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
    assert primitives <= set(lens.facts(default(workspace, call))["primitives"])


def test_a_default_trace_that_fails_is_told_for_the_lessons_own_functions(workspace):
    with pytest.raises(jax.errors.TracerBoolConversionError):
        default(workspace, "positive(3)")


def test_tracing_leaves_no_tracer_and_no_name_behind(workspace):
    before = set(workspace.namespace)
    facts(workspace, "sigmoid(1.0)")
    assert set(workspace.namespace) == before


def test_opcodes_of_compiled_calls(workspace):
    assert {"dot", "parameter"} <= set(lens.opcodes(workspace, "fast(w, X)"))
    assert "while" in lens.opcodes(workspace, "loop(X[:, 0])")
    workspace.run("a/g", "", "j = jax.make_jaxpr(lambda x: jnp.sort(x))(X)")
    assert "sort" in lens.opcodes(workspace, "j")
    assert lens.opcodes(workspace, "jax.jit(power, static_argnums=1)(w, 3)")


def test_opcodes_are_found_behind_every_kind_of_type():
    hlo = """
HloModule jit_f, entry_computation_layout={(f32[4,32]{1,0})->f32[]}

%region (Arg_0.1: f32[]) -> f32[] {
  %Arg_0.1 = f32[] parameter(0)
  ROOT %add.1 = f32[] add(%Arg_0.1, %Arg_0.1), metadata={op_name="jit(f)/reduce(x)"}
}

ENTRY main.5 {
  %p = f32[4,32]{1,0:T(8,128)(2,1)S(1)} parameter(0)
  %start = ((f32[4,32]{1,0}), f32[4,32]{1,0}, /*index=2*/u32[]) all-reduce-start(%p), to_apply=%region
  all-gather.2 = (f32[4,32], f32[]) all-gather(%p, %p), dimensions={0}
  %t = token[] after-all()
  ROOT %fusion = (f32[], s32[2]{0}) fusion(%p), kind=kLoop, calls=%region
}
"""
    assert lens.parse_opcodes(hlo) == [
        "add", "after-all", "all-gather", "all-reduce-start", "fusion", "parameter"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("equations of predict_many(w, X)", "5"),
        ("  equations of fast(w, X)", "6"),
        ("X.shape", "(3, 2)"),
        ("jnp.sum(X)", "6.0"),
        ("len(X) + 1", "4"),
    ],
)
def test_questions(workspace, question, answer):
    assert lens.ask(workspace, question, plain_text) == answer


def test_printers_details_are_left_out():
    assert tidy("reduce_min[axes=(np.int64(1), np.int64(-2))]") == "reduce_min[axes=(1, -2)]"
    assert tidy("manual_axes=frozenset({'y', 'x'})") == "manual_axes=frozenset({'x', 'y'})"
    assert tidy("P('<axis 0x7f00>')") == "P('<axis>')"


def test_long_jaxprs_are_cut(monkeypatch):
    monkeypatch.setattr(jaxpr_text, "LINE_CAP", 5)
    text, sources = jaxpr_text.annotated("\n".join(f"line {number}" for number in range(9)))
    assert text.splitlines()[-1] == "… 4 more lines"
    assert len(sources) == 6


def test_text_of_a_jaxpr_on_one_line_in_either_form():
    one = "{ lambda ; a:f32[]. let b:f32[] = f[x=(1; 2)] a; c:f32[] = g b in (c,) } # <jaxtour:a/b>:2:4 (f)"
    expected = "{ lambda ; a:f32[]. let\n    b:f32[] = f[x=(1; 2)] a\n    c:f32[] = g b\n  in (c,) }"
    for joint in ("  ", "\n      "):
        text, sources = jaxpr_text.annotated(f"{one}{joint}# <jaxtour:a/b:setup>:3:0 (f.<locals>.<lambda>)")
        assert text == expected
        assert [source and (source["file"], source["line"]) for source in sources] == [
            None, ("a/b", 2), ("a/b:setup", 3), None
        ]  # fmt: skip
