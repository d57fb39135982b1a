"""Reports of functions that are traced again agree with JAX itself."""

import jax
import pytest

from jaxtour.worker import compat
from jaxtour.worker.runner.execute import Source
from jaxtour.worker.timing import retraces

EVENTS = compat.CompileEvents()
EVENTS.watch()
IMPORTS = "import jax, jax.numpy as jnp, numpy as np\nfrom functools import partial\n"
FUNCTION = "@jax.jit\ndef f(x, *more, **named): return x\n"
MESH = """\
def spread(kind):
    mesh = jax.make_mesh((1,), ("one",), axis_types=(jax.sharding.AxisType[kind],))
    return jax.device_put(jnp.ones(8), jax.NamedSharding(mesh, jax.P("one")))
"""
STATIC = "@partial(jax.jit, static_argnames='k')\ndef f(x, k=0): return x * k\n"


def told(code, line=True):
    """Return function, count and reason of every trace while the code runs, and the call's line if `line`."""
    events = []
    source = Source("a/b", IMPORTS + code)
    with retraces.counted(EVENTS, events.append, source.file, [source.text]):
        exec(compile(source.text, source.file, "exec", dont_inherit=True), {})
    fields = ("function", "count", "reason", "line") if line else ("function", "count", "reason")
    assert {event["event"] for event in events} <= {"retrace"}
    return [tuple(event[field] for field in fields) for event in events]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (FUNCTION + "f(jnp.ones(8)); f(jnp.ones(9))", "x was f32[8], now f32[9]"),
        (FUNCTION + "f(jnp.ones(8)); f(jnp.ones(8, int))", "x was f32[8], now i32[8]"),
        (FUNCTION + "f(1.0); f(np.float32(1))", "x was f32[] (weak), now f32[]"),
        (FUNCTION + "f(1.0); f(1.0, 2.0)", "1 argument was passed, now 2"),
        (FUNCTION + "f(1.0, k=1); f(1.0, b=1)", "the keywords passed were k, now b"),
        (FUNCTION + "f(1.0); f(1.0, k=1)", "the keywords passed differ by k"),
        (FUNCTION + "f({'a': 1.0}); f({'b': 1.0})", "x was dict of ('a',), now dict of ('b',)"),
        (FUNCTION + "f([1.0]); f((1.0,))", "x was list, now tuple"),
        (FUNCTION + "f(1.0); f((1.0,))", "x was an array or a number, now tuple"),
        (STATIC + "f(1.0, k=1); f(1.0, k=2)", "k was 1, now 2"),
        (STATIC + "f(1.0, k=1); f(1.0, k=True)", "k was 1, now True"),
        ("f = jax.jit(lambda x, k: x, static_argnums=1)\nf(1.0, 1); f(1.0, '1')", "k was 1, now '1'"),
        (FUNCTION + "f(1.0, 2.0); f(1.0, [2.0])", "argument 2 was an array or a number, now list"),
        (FUNCTION + "f({'a': {'b': 1.0}}); f({'a': [1.0]})", "x['a'] was dict, now list"),
        (FUNCTION + "f(1.0); f(None)", "x was an array or a number, now NoneType"),
        (MESH + FUNCTION + "f(jnp.ones(8)); f(spread('Auto'))", "x was f32[8], now f32[8] on a mesh (Auto one)"),
        (
            MESH + FUNCTION + "f(spread('Auto')); f(spread('Explicit'))",
            "x was f32[8] on a mesh (Auto one), now f32[8@one] on a mesh (Explicit one)",
        ),
        (FUNCTION + "f(1.0)\njax.clear_caches()\nf(1.0)", "JAX's trace of it was dropped from the cache"),
        ("for _ in range(2): jax.jit(lambda x: x)(1.0)", "it is a new function object"),
        ("def f(x): return x\nfor _ in range(2): jax.jit(partial(f))(1.0)", "it is a new function object"),
    ],
)
def test_why_it_is_traced_again_in_words(code, reason):
    first, second = told(code, line=False)
    assert first[1:] == (1, "")
    assert second[1] == 2
    assert second[2] == reason


def test_a_setting_of_jax():
    second = told(FUNCTION + "f(1.0)\nwith jax.enable_x64(True): f(1.0)", line=False)[1]
    # JAX 0.9 does not name the setting.
    assert second[2] in ("jax_enable_x64 was False, now True", "a setting or a context manager of jax has changed")


def test_the_line_is_that_of_the_call_and_the_count_of_the_function():
    code = FUNCTION + "@jax.jit\ndef g(x): return f(x)\ng(jnp.ones(2))\ng(jnp.ones(3))\n"
    assert told(code) == [
        ("g", 1, "", 7),
        ("f", 1, "", 6),
        ("g", 2, "x was f32[2], now f32[3]", 8),
        ("f", 2, "x was f32[2], now f32[3]", 6),
    ]


@pytest.mark.parametrize(
    "code",
    [
        FUNCTION + "f(jnp.ones(8)); f(jnp.ones(8) * 2); f(np.ones(8, np.float32))",
        FUNCTION + "f.lower(1.0).compile(); f(2.0)",
        FUNCTION + "jax.vmap(f)(jnp.ones(3)); jax.vmap(f)(jnp.ones(3))",
    ],
)
def test_what_is_traced_once_is_told_once(code):
    assert [count for _, count, _ in told(code, line=False)] == [1]


def test_functions_that_are_not_jitted_and_those_of_jax_are_not_told():
    assert told("def body(c, x): return c, x\njax.lax.scan(body, 1.0, jnp.ones(3)); jnp.var(jnp.ones(3))") == []
    assert told("def f(x): return x\njax.lax.cond(True, f, f, 1.0); jax.vmap(f)(jnp.ones(2)); jax.grad(f)(1.0)") == []


def test_a_function_that_scan_or_cond_traced_before_works_and_is_a_first_trace():
    """A function that `scan` or `cond` traced before works, and is a first trace.

    JAX 0.9 raises in the learner's own call while it explains this.
    """
    code = "def f(x): return x * 2\njax.jit(f)(1.0)\njax.lax.cond(True, f, f, 1.0)\njax.jit(f)(jnp.ones(2))"
    assert [count for _, count, _ in told(code, line=False)] == [1, 2]
    code = "def body(c, x): return c, x\njax.lax.scan(body, 1.0, jnp.ones(3))\njax.jit(body)(1, 2)"
    assert told(code, line=False) == [("body", 1, "")]


def test_nothing_of_it_is_logged_and_the_learner_may_still_ask_jax(caplog):
    told(FUNCTION + "f(jnp.ones(8)); f(jnp.ones(9))")
    assert caplog.records == []
    assert not jax.config.jax_explain_cache_misses
    told(FUNCTION + "with jax.explain_cache_misses(True): f(jnp.ones(8)); f(jnp.ones(9))")
    assert [record.getMessage().split()[:3] for record in caplog.records] == [["TRACING", "CACHE", "MISS"]] * 2


def test_the_settings_are_as_before_when_the_code_raises():
    with pytest.raises(ZeroDivisionError):
        told("1 / 0")
    assert not jax.config.jax_explain_cache_misses and EVENTS.traced is None


def test_the_counter_alone_where_jax_does_not_explain(monkeypatch):
    monkeypatch.delattr("jax._src.interpreters.partial_eval.diff_tracing_cache_keys")
    found = told(FUNCTION + "f(jnp.ones(8)); f(jnp.ones(9)); jnp.var(jnp.ones(3))")
    assert found == [("f", 1, "", None), ("f", 2, retraces.UNTOLD, None)]


def test_of_very_many_traces_the_last_count_is_told():
    found = told("for _ in range(150): jax.jit(lambda x: x)(1.0)", line=False)
    assert len(found) == retraces.CAP + 1
    assert found[-1][1] == 150


def test_more_reasons_than_anybody_reads():
    lines = tuple(f"* at x{number}, now f32[1] and before f32[2]" for number in range(5))
    assert retraces.in_words(lines).endswith("; and 2 more")
    assert retraces.in_words(()) == ""
    assert retraces.in_words(("something that nobody has seen",)) == retraces.UNTOLD
