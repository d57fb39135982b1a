import builtins
import gc
import math
import sys
from types import SimpleNamespace

import jax
import jax.experimental.compilation_cache.compilation_cache
import numpy as np
import pytest
import runner_client  # noqa: F401  asks jax for the CPU

from jaxtour.worker import bench, clock, compat, noise, placing, verdicts
from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.execute import Workspace

CODE = """\
import jax, jax.numpy as jnp, numpy as np
rng = np.random.default_rng(0)
N = rng.random((300, 300), np.float32)
n = N[:20, :20].copy()
A = jnp.asarray(N)
w, X = jnp.ones(2), jnp.ones((3, 2))
product = jax.jit(lambda x: x @ x.T)
small = jax.jit(lambda x: x + 1)
pair = jax.jit(lambda x: (x, x + 1))
zero = jax.jit(lambda: jnp.sum(jnp.ones((1000, 1000))))
captured = jax.jit(lambda x: x @ N)
folded = jax.jit(lambda: jnp.dot(N, N.T))
unused = jax.jit(lambda x: (x @ x.T, x)[1])
def is_short(c): return c[0] < c[1][0, 0] * 0 + 3
endless = jax.jit(lambda x: jax.lax.while_loop(is_short, lambda c: (c[0] + 1, c[1] * 2), (0.0, x))[1])
counted = jax.jit(lambda x: jax.lax.fori_loop(0, 3, lambda i, c: c @ x / 300, x))
def compiles_inside(x):
    return jax.jit(lambda y: y * 2)(x)
def eager(x):
    return jnp.tanh(x) @ x.T
def sends(x):
    return product(x) + N
def scaled(x):
    return x * 2 + 1
def to_float(x):
    return float(jnp.sum(x))
made = []
def make():
    made.append(1)
    return X
class Stop:
    def __init__(self, after): self.left = after
    def __call__(self):
        self.left -= 1
        if not self.left: raise KeyboardInterrupt
"""
EVENTS = CompileEvents()


@pytest.fixture(scope="module")
def workspace():
    main, asked = sys.modules["__main__"], builtins.input
    EVENTS.watch()
    space = Workspace(EVENTS)
    space.install()
    assert space.run("a/b", "", CODE).error is None
    yield space
    sys.modules["__main__"], builtins.input = main, asked


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Short measurements, on a machine that is taken for quiet: how busy it is, is the matter of `test_noise`."""
    monkeypatch.setattr(clock, "BUDGET_S", 0.02)
    monkeypatch.setattr(clock, "WARM_S", 0.0)
    monkeypatch.setattr(noise, "BUSY_WORKER", math.inf)
    monkeypatch.setattr(noise, "BUSY_MACHINE", math.inf)
    monkeypatch.setattr(noise, "UNSTEADY", math.inf)


def events_of(workspace, *entries, brief=False):
    events = []
    whole = [{"label": entry["call"], **entry} for entry in entries]
    bench.Bench(workspace, jax.devices(), EVENTS, events.append).measure(whole, brief=brief)
    return events


def said(workspace, *calls, on="each platform", **more):
    events = events_of(workspace, *({"call": call, "on": on, **more} for call in calls))
    return [event for event in events if event["event"] == "timing"]


def codes(timing):
    return {verdict["code"] for verdict in timing["verdicts"]}


def test_the_stages_of_the_first_call_are_told_apart(workspace):
    workspace.evaluate("product(A)")
    (timing,) = said(workspace, "product(A)", baseline=True)
    parts = [timing[name] for name in ("trace_s", "lower_s", "compile_s")]
    assert all(part > 0 for part in parts)
    assert sum(parts) < timing["first_s"]
    assert (timing["platform"], timing["baseline"], timing["simulated"]) == ("cpu", True, False)
    assert codes(timing) == set()


def test_dispatch_and_complete_have_their_runs_and_quartiles(workspace):
    (timing,) = said(workspace, "product(A)")
    for spread in (timing["dispatch"], timing["complete"]):
        assert 0 < spread["best_s"] <= spread["q1_s"] <= spread["median_s"] <= spread["q3_s"]
        assert spread["runs"] >= clock.SAMPLES
        assert list(spread["quantiles"]) == sorted(spread["quantiles"])
    assert timing["dispatch"]["best_s"] < timing["complete"]["best_s"] < timing["first_s"]
    names = ("best_s", "q1_s", "median_s", "q3_s", "runs")
    assert [timing[name] for name in names] == [timing["complete"][name] for name in names]


def test_what_stays_in_python_has_no_dispatch_and_no_stages(workspace):
    (timing,) = said(workspace, "np.dot(N, N)")
    assert timing["dispatch"] is None
    assert not {"trace_s", "lower_s", "compile_s", "flops"} & {name for name in timing if timing[name] is not None}


def test_nested_jits_are_compiled_in_the_first_call_too(workspace):
    workspace.evaluate("eager(A)")
    before = EVENTS.compiles
    (timing,) = said(workspace, "eager(A)")
    assert EVENTS.compiles > before
    assert 0 < timing["compile_s"] < timing["first_s"]


def test_a_folder_of_compiled_programs_does_not_make_the_first_call_shorter(workspace, tmp_path, monkeypatch):
    hits = []
    jax.monitoring.register_event_listener(lambda name, **_: hits.append(name) if name.endswith("cache_hits") else None)
    reset = jax.experimental.compilation_cache.compilation_cache.reset_cache
    settings = {
        "jax_compilation_cache_dir": str(tmp_path),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    try:
        for name, value in settings.items():
            jax.config.update(name, value)
        reset()
        for _ in range(2):
            jax.clear_caches()
            workspace.evaluate("product(A)").block_until_ready()
        assert hits, "the folder is used outside of timings"
        hits.clear()
        said(workspace, "product(A)")
        assert hits == []
        assert jax.config.jax_enable_compilation_cache
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
        reset()


@pytest.mark.parametrize(
    ("call", "on", "found"),
    [
        ("zero()", "one", {"zero_args", "folded"}),
        ("folded()", "one", {"zero_args", "folded", "captured_constants"}),
        ("captured(A)", "one", {"captured_constants"}),
        ("unused(A)", "one", {"nothing_computed"}),
        ("product(N)", "one", {"host_input"}),
        ("product(N.astype(np.float64))", "one", {"host_input", "float64_input"}),
        ("product(N)", "each platform", set()),
        ("product(N.astype(np.float64))", "each platform", {"float64_input"}),
        ("sends(A)", "one", {"implicit_transfer"}),
        ("eager(N)", "one", {"implicit_transfer"}),
        ("eager(N)", "each platform", set()),
        ("scaled(A)", "one", set()),
        ("compiles_inside(A)", "one", {"retraced"}),
        ("to_float(A)", "one", {"no_array_result"}),
        ("endless(A)", "one", {"loop_counted_once"}),
        ("counted(A)", "one", set()),
        ("small(3)", "one", set()),
        ("product(A)", "one", set()),
        ("jax.device_put(N)", "each platform", set()),
        ("jax.device_get(A)", "one", {"fetched_once", "no_array_result"}),
        ("np.dot(N, N)", "each platform", set()),
        ("sum(range(5))", "host", set()),
    ],
)
def test_verdicts(workspace, monkeypatch, call, on, found):
    monkeypatch.setattr(verdicts, "DISPATCH_S", 0.0)  # or it would depend on how fast this machine is
    (timing,) = said(workspace, call, on=on)
    assert codes(timing) == found
    assert all(verdict["message"].endswith(".") for verdict in timing["verdicts"])


class Wrapped:
    """A constant of a jaxpr as JAX 0.9 has it."""

    def __init__(self, val):
        self.val = val


def test_arrays_that_jax_wraps_are_captured_like_others():
    constants = [Wrapped(np.ones(100, np.float32)), np.ones(5, np.float32), Wrapped(3.0), 3]
    traced = SimpleNamespace(jaxpr=SimpleNamespace(consts=constants))
    assert compat.captured_bytes(traced) == 420


class Stage:
    def __init__(self, flops, text=""):
        self.flops, self.text = flops, text

    def cost_analysis(self):
        return {"flops": self.flops}

    def as_text(self):
        return self.text


@pytest.mark.parametrize(
    ("compiled", "folded"),
    [(Stage(2e9), False), (Stage(0.0), True), (Stage(0.0, "%c = custom-call(%x)"), False), (Stage(-1.0), False)],
)
def test_work_that_a_library_does_is_not_taken_for_folded(monkeypatch, compiled, folded):
    monkeypatch.setattr(verdicts, "_stages", lambda *_: (None, Stage(2e9), compiled))
    found, _ = verdicts.of_compilation(None, (), {})
    assert ("folded" in {verdict["code"] for verdict in found}) is folded


@pytest.mark.parametrize(
    ("facts", "bound"),
    [
        ({"median": 29e-6}, True),
        ({"median": 31e-6}, False),
        ({"median": 31e-6, "operations": 3}, True),
        ({"median": 100e-6, "operations": 3}, False),
        ({"median": 1e-3, "waiting": 0.8}, True),
        ({"median": 1e-3, "waiting": 0.2}, False),
    ],
)
def test_bound_by_dispatch(facts, bound):
    found = verdicts.of_run(jax.numpy.ones(2), compilations=0, calls=1, jitted=True, **facts)
    assert [verdict["code"] for verdict in found] == ["dispatch_bound"] * bound


def test_an_eager_chain_has_an_operation_for_each_equation(workspace):
    subject = placing.placed(workspace, "", bench.parse_call(workspace, "eager(A)"), placing.Target("cpu"))
    assert verdicts.of_transfers(subject) == ([], 3)


def test_simulated_devices_are_told():
    assert verdicts.simulated()["code"] == "simulated_devices"


def test_the_cost_is_that_of_one_call_with_loops_multiplied(workspace):
    once, looped = said(workspace, "product(A)", "counted(A)", on="one")
    assert once["flops"] == pytest.approx(2 * 300**3, rel=0.01)
    assert looped["flops"] == pytest.approx(3 * 2 * 300**3, rel=0.05)
    assert looped["cost_notes"] == ["the loop's body is counted 3 times, its trip count"]


def test_a_transfer_is_measured_as_one(workspace):
    sent, fetched = said(workspace, "jax.device_put(N)", "jax.device_get(A)", on="one")
    assert sent["transfer_bytes"] == fetched["transfer_bytes"] == 300 * 300 * 4
    assert "transfer_bytes" not in said(workspace, "product(A)")[0]
    subject = placing.placed(
        workspace, "", bench.parse_call(workspace, "jax.device_put(N)"), placing.Target("cpu", jax.devices()[0])
    )
    assert isinstance(subject.call.args[0], np.ndarray)


def test_values_are_compared_with_the_baseline_and_across_widths(workspace):
    entries = [
        {"call": "np.matmul(N, N.T)", "baseline": True, "label": "NumPy"},
        {"call": "np.matmul(N.astype(float), N.T)", "baseline": True, "label": "wide"},
        {"call": "product(A)"},
        {"call": "small(A)"},
    ]
    events = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    against = {found["against"]: found for found in events[2]["differs"]}
    assert against.keys() == {"NumPy", "wide"}
    assert 0 <= against["wide"]["absolute"] < 1e-3 and 0 < against["wide"]["ulp"] < 1000
    assert codes(events[2]) == set() or codes(events[2]) <= {"dispatch_bound", "float64_against_float32"}
    assert all(found["absolute"] > 0.1 for found in events[3]["differs"])


def test_float64_against_float32(workspace):
    entries = [{"call": "np.matmul(N.astype(float), N.T)", "baseline": True, "label": "NumPy"}, {"call": "product(A)"}]
    double, single = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    assert "float64_against_float32" not in codes(double)
    (message,) = [found["message"] for found in single["verdicts"] if found["code"] == "float64_against_float32"]
    assert message.startswith("NumPy is computed in float64, this in float32")
    entries[0]["call"] = "np.matmul(N, N.T)"
    _, single = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    assert "float64_against_float32" not in codes(single)


def test_a_call_is_timed_against_its_size(workspace):
    workspace.namespace["n"] = "the learner's own"
    timings = said(workspace, "small(jnp.ones(n))", sizes=(10, 100))
    assert [(timing["size"], timing["index"]) for timing in timings] == [(10, 0), (100, 0)]
    assert [timing["flops"] for timing in timings] == [10, 100]
    assert workspace.namespace["n"] == "the learner's own"
    (host,) = said(workspace, "sum(range(n))", on="host", sizes=(10,))
    assert host["size"] == 10 and "error" not in host


def test_where_it_is_measured(workspace):
    assert [timing["platform"] for timing in said(workspace, "np.dot(N, N)", "np.add(N, N)")] == ["host", "host"]
    assert said(workspace, "sum(range(9))", on="host")[0]["platform"] == "host"
    assert said(workspace, "[small(x) for x in X]")[0]["platform"] == "cpu"
    assert said(workspace, "np.asarray(A)")[0]["platform"] == "cpu"


def test_arguments_are_evaluated_once(workspace):
    workspace.namespace["made"].clear()
    said(workspace, "small(make())")
    assert workspace.namespace["made"] == [1]


def test_placed_inputs_keep_their_kind(workspace):
    (device,) = jax.devices()[:1]
    target = placing.Target("cpu", device)
    call = bench.parse_call(workspace, "small(A, n=N, k=3)")
    placed = placing.placed(workspace, "", call, target).call
    assert placed.args[0] is workspace.namespace["A"]
    assert isinstance(placed.kwargs["n"], jax.Array)
    assert placed.kwargs["k"] == 3
    elsewhere = placing.placed(workspace, "", call, placing.Target("gpu", device, default=False)).call
    assert elsewhere.args[0].committed if hasattr(elsewhere.args[0], "committed") else elsewhere.args[0]._committed


def test_arrays_named_in_other_expressions_are_placed(workspace):
    subject = placing.placed(
        workspace, "[small(x) for x in X]", None, placing.Target("gpu", jax.devices()[0], default=False)
    )
    assert subject.namespace["X"] is not workspace.namespace["X"]
    assert subject.namespace["small"] is workspace.namespace["small"]


def test_an_entry_that_fails_is_told_and_the_others_go_on(workspace):
    first, second, third = said(workspace, "undefined(A)", "product(A, A)", "small(A)")
    assert first["error"] == "NameError: name 'undefined' is not defined"
    assert second["error"].startswith("TypeError: ")
    assert "error" not in third
    assert [timing["index"] for timing in (first, second, third)] == [0, 1, 2]


def test_brief_makes_one_call_of_each(workspace):
    workspace.namespace["made"].clear()
    (timing,) = [
        event for event in events_of(workspace, {"call": "[make()]"}, brief=True) if event["event"] == "timing"
    ]
    assert timing["runs"] == 1 and workspace.namespace["made"] == [1]


@pytest.mark.parametrize("after", [1, 3, 50])
def test_an_interrupt_ends_it_and_leaves_collection_on(workspace, after):
    workspace.namespace["stop"] = workspace.evaluate(f"Stop({after})")
    with pytest.raises(KeyboardInterrupt):
        said(workspace, "stop()", on="host")
    assert gc.isenabled()


def test_an_array_on_one_device_is_not_spread():
    assert not placing.is_spread(jax.numpy.ones(2))
    assert not placing.is_spread(np.ones(2))
