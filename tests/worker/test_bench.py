import builtins
import gc
import statistics
import sys
import timeit

import jax
import numpy as np
import pytest
import runner_client  # noqa: F401  asks jax for the CPU

from jaxtour.worker import bench, verdicts
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
def compiles_inside(x):
    return jax.jit(lambda y: y * 2)(x)
def eager(x):
    return jnp.tanh(x) @ x.T
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
    monkeypatch.setattr(bench, "BUDGET_S", 0.02)
    monkeypatch.setattr(bench, "WARM_S", 0.0)


def said(workspace, *calls, on="each platform", **more):
    events = []
    entries = [{"label": call, "call": call, "on": on, **more} for call in calls]
    bench.measure(workspace, entries, jax.devices(), EVENTS, events.append)
    return [event for event in events if event["event"] == "timing"]


def codes(timing):
    return {verdict["code"] for verdict in timing["verdicts"]}


def test_the_first_call_is_told_apart_and_includes_compiling(workspace):
    workspace.evaluate("product(A)")
    (timing,) = said(workspace, "product(A)", baseline=True)
    assert timing["first_s"] > 3 * timing["median_s"]
    assert timing["best_s"] <= timing["q1_s"] <= timing["median_s"] <= timing["q3_s"]
    assert timing["runs"] >= bench.SAMPLES
    assert (timing["platform"], timing["baseline"], timing["simulated"]) == ("cpu", True, False)
    assert codes(timing) == set()


def test_nested_jits_are_compiled_in_the_first_call_too(workspace):
    workspace.evaluate("eager(A)")
    before = EVENTS.compiles
    (timing,) = said(workspace, "eager(A)")
    assert EVENTS.compiles > before
    assert timing["first_s"] > 3 * timing["median_s"]


@pytest.mark.parametrize(
    ("call", "on", "found"),
    [
        ("zero()", "one", {"zero_args", "folded"}),
        ("folded()", "one", {"zero_args", "folded", "captured_constants"}),
        ("captured(A)", "one", {"captured_constants"}),
        ("product(N)", "one", {"host_input"}),
        ("product(N.astype(np.float64))", "one", {"host_input", "float64_input"}),
        ("product(N)", "each platform", set()),
        ("product(N.astype(np.float64))", "each platform", {"float64_input"}),
        ("compiles_inside(A)", "one", {"retraced"}),
        ("to_float(A)", "one", {"no_array_result"}),
        ("small(3)", "one", set()),
        ("product(A)", "one", set()),
        ("np.dot(N, N)", "each platform", set()),
        ("sum(range(5))", "host", set()),
    ],
)
def test_verdicts(workspace, monkeypatch, call, on, found):
    monkeypatch.setattr(verdicts, "DISPATCH_S", 0.0)  # or it would depend on how fast this machine is
    (timing,) = said(workspace, call, on=on)
    assert codes(timing) == found
    assert all(verdict["message"].endswith(".") for verdict in timing["verdicts"])


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
    assert bool(verdicts.of_compilation(None, (), {})) is folded


def test_dispatch_bound_depends_on_the_median():
    result = jax.numpy.ones(2)
    fast = verdicts.of_run(result, compilations=0, calls=1, median=29e-6, jitted=True)
    slow = verdicts.of_run(result, compilations=0, calls=1, median=31e-6, jitted=True)
    assert [verdict["code"] for verdict in fast] == ["dispatch_bound"]
    assert slow == []


def test_where_it_is_measured(workspace):
    assert [timing["platform"] for timing in said(workspace, "np.dot(N, N)", "np.add(N, N)")] == ["host", "host"]
    assert said(workspace, "sum(range(9))", on="host")[0]["platform"] == "host"
    assert said(workspace, "[small(x) for x in X]")[0]["platform"] == "cpu"


def test_arguments_are_evaluated_once(workspace):
    workspace.namespace["made"].clear()
    said(workspace, "small(make())")
    assert workspace.namespace["made"] == [1]


def test_placed_inputs_keep_their_kind(workspace):
    (device,) = jax.devices()[:1]
    target = bench.Target("cpu", device)
    call = bench.parse_call(workspace, "small(A, n=N, k=3)")
    placed = bench.placed(workspace, "", call, target).call
    assert placed.args[0] is workspace.namespace["A"]
    assert isinstance(placed.kwargs["n"], jax.Array)
    assert placed.kwargs["k"] == 3
    elsewhere = bench.placed(workspace, "", call, bench.Target("gpu", device, default=False)).call
    assert elsewhere.args[0].committed if hasattr(elsewhere.args[0], "committed") else elsewhere.args[0]._committed


def test_arrays_named_in_other_expressions_are_placed(workspace):
    subject = bench.placed(
        workspace, "[small(x) for x in X]", None, bench.Target("gpu", jax.devices()[0], default=False)
    )
    assert subject.namespace["X"] is not workspace.namespace["X"]
    assert subject.namespace["small"] is workspace.namespace["small"]


def test_an_entry_that_fails_is_told_and_the_others_go_on(workspace):
    first, second, third = said(workspace, "undefined(A)", "product(A, A)", "small(A)")
    assert first["error"] == "NameError: name 'undefined' is not defined"
    assert second["error"].startswith("TypeError: ")
    assert "error" not in third
    assert [timing["index"] for timing in (first, second, third)] == [0, 1, 2]


@pytest.mark.parametrize("after", [1, 3, 50])
def test_an_interrupt_ends_it_and_leaves_collection_on(workspace, after):
    workspace.namespace["stop"] = workspace.evaluate(f"Stop({after})")
    with pytest.raises(KeyboardInterrupt):
        said(workspace, "stop()", on="host")
    assert gc.isenabled()


def test_slow_calls_are_sampled_less(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(bench.time, "perf_counter", lambda: float(next(clock)))
    assert len(list(bench._samples(lambda n: 0.3, 1, lambda done: None))) == bench.FEW_SAMPLES
    assert len(list(bench._samples(lambda n: 0.1, 1, lambda done: None))) == bench.SAMPLES


def test_progress_is_told_between_samples(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(bench.time, "perf_counter", lambda: float(next(clock)))
    told = []
    list(bench._samples(lambda n: 0.1, 1, told.append))
    assert told == list(range(1, bench.SAMPLES))


@pytest.mark.parametrize("call", ["small(w)", "pair(w)", "np.dot(n, n)", "sum(range(100))", "[small(w), small(w)]"])
def test_the_loop_agrees_with_timeit(workspace, call):
    """Samples of both alternate, so that what else the machine does weighs on both."""
    result = workspace.evaluate(call)
    host = call.startswith(("np", "sum"))
    subject = bench.placed(workspace, call, None, bench.Target("host"))
    loop = bench.loop_of(subject, bench._wait_for(result))
    waiting = call if host else f"({call}).block_until_ready()" if call == "small(w)" else f"wait({call})"
    theirs = timeit.Timer(waiting, globals={**workspace.namespace, "wait": jax.block_until_ready})
    number = max(1, int(2e-4 / (loop(20) / 20)))
    ratios = []
    for _ in range(300):
        gc.disable()
        ours = loop(number)
        gc.enable()
        ratios.append(ours / theirs.timeit(number))
    assert 0.95 < statistics.median(ratios) < 1.05


def test_quartiles_are_of_calls_not_of_samples(workspace):
    subject = bench.Subject("None", {}, None)
    loop = bench.loop_of(subject, "{}")
    number = bench._warmed(loop)
    assert number > 100
    assert loop(number) >= bench.SAMPLE_S / 3
    assert max(bench._samples(loop, number, lambda done: None)) < 1e-4


def test_an_array_on_one_device_is_not_spread():
    assert not bench.is_spread(jax.numpy.ones(2))
    assert not bench.is_spread(np.ones(2))
