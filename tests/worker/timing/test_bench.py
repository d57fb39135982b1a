import gc

import jax
import jax.experimental.compilation_cache.compilation_cache
import numpy as np
import pytest
from measured import EVENTS, codes, events_of, said

from jaxtour.worker.ir.lens import parse_call
from jaxtour.worker.timing import bench, clock, placing, verdicts

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("quick")]


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


def test_a_call_that_fails_the_second_time_is_told_and_the_others_go_on(workspace):
    workspace.namespace["second"] = workspace.evaluate("Second()")
    failed, fine = said(workspace, "second(A)", "product(A)", on="one")
    assert failed["error"] == "ValueError: not twice"
    assert "error" not in fine


def test_a_long_call_is_made_twice(workspace, monkeypatch):
    monkeypatch.setattr(clock, "LONG_S", 1e-9)
    monkeypatch.setattr(clock, "SLOW_S", 1e-9)
    monkeypatch.setattr(clock, "BUDGET_S", 0.0)
    workspace.namespace["made"].clear()
    (timing,) = said(workspace, "make()", on="one")
    assert workspace.namespace["made"] == [1, 1]
    assert timing["runs"] == 1 and "kept_result" not in codes(timing), "one call tells nothing of that"


def test_large_results_are_not_kept_while_others_are_computed(workspace, monkeypatch):
    """Large results are not kept while others are computed, nor are values for comparisons that will not be made."""
    alive, most = [0], [0]

    class Large(np.ndarray):
        def __array_finalize__(self, _):
            alive[0] += 1
            most[0] = max(most[0], alive[0])

        def __del__(self):
            alive[0] -= 1

    monkeypatch.setattr("jaxtour.worker.timing.results.CAP_BYTES", 100)
    workspace.namespace["large"] = lambda: np.zeros(1000).view(Large)
    said(workspace, "large()", on="one")
    assert most[0] == 2, "two to see whether they are the same"
    assert alive[0] == 0


def test_values_are_kept_for_what_is_compared_with_them_alone(workspace):
    made = bench.Bench(workspace, jax.devices(), EVENTS, lambda _: None)
    entries = [{"call": "small(A)"}, {"call": "product(A)", "baseline": True}, {"call": "small(A)"}]
    made.measure([{"label": "", **entry} for entry in entries])
    assert [row.values is not None for row in made._rows] == [True, True, False]


def test_the_cost_is_that_of_one_call_with_loops_multiplied(workspace):
    once, looped = said(workspace, "product(A)", "counted(A)", on="one")
    assert once["flops"] == pytest.approx(2 * 300**3, rel=0.01)
    assert looped["flops"] == pytest.approx(3 * 2 * 300**3, rel=0.05)
    assert looped["cost_notes"] == ["the loop's body is counted 3 times, its trip count"]


def test_a_module_without_jit_is_bound_by_python_and_has_no_rates(workspace, monkeypatch):
    # How much of the time is Python is the machine's.
    monkeypatch.setattr(verdicts, "PYTHON_PART", 0.0)
    bare, jitted, wrapped = said(workspace, "net(X)", "jitted_net(X)", "wrapped_net(X)")
    assert "flops" not in bare and "bytes" not in bare, "it is 80 programs"
    assert jitted["flops"] == wrapped["flops"] > 0
    messages = [
        [verdict["message"] for verdict in timing["verdicts"] if verdict["code"] == "python_bound"]
        for timing in (bare, jitted, wrapped)
    ]
    assert [len(each) for each in messages] == [1, 0, 1]
    dispatch, complete = bare["dispatch"]["median_s"], bare["median_s"]
    assert messages[0][0].endswith("s is Python: jit it.")
    assert float(messages[0][0].split()[0]) / float(messages[0][0].split()[2]) == pytest.approx(
        dispatch / complete, rel=0.02
    )
    assert messages[2][0].endswith("s is Python, around the compiled program.")


def test_a_transfer_is_measured_as_one(workspace):
    sent, fetched = said(workspace, "jax.device_put(N)", "jax.device_get(A)", on="one")
    assert sent["transfer_bytes"] == fetched["transfer_bytes"] == 300 * 300 * 4
    assert "transfer_bytes" not in said(workspace, "product(A)")[0]
    subject = placing.placed(
        workspace, "", parse_call(workspace, "jax.device_put(N)"), placing.Placement("cpu", jax.devices()[0])
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


def test_values_of_another_shape_are_told(workspace):
    entries = [{"call": "product(A)", "baseline": True}, {"call": "small(3)"}]
    _, other = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    assert other["differs"] == [{"against": "product(A)", "shapes": "i32[] against f32[300,300]"}]


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
    target = placing.Placement("cpu", device)
    call = parse_call(workspace, "small(A, n=N, k=3)")
    placed = placing.placed(workspace, "", call, target).call
    assert placed.args[0] is workspace.namespace["A"]
    assert isinstance(placed.kwargs["n"], jax.Array)
    assert placed.kwargs["k"] == 3
    elsewhere = placing.placed(workspace, "", call, placing.Placement("gpu", device, default=False)).call
    assert elsewhere.args[0].committed if hasattr(elsewhere.args[0], "committed") else elsewhere.args[0]._committed


def test_arrays_named_in_other_expressions_are_placed(workspace):
    subject = placing.placed(
        workspace, "[small(x) for x in X]", None, placing.Placement("gpu", jax.devices()[0], default=False)
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
